// hetmem/export.hpp: marks what the shared library offers; everything else in it is hidden.
#pragma once

#if defined(__GNUC__)
#define HETMEM_EXPORT __attribute__((visibility("default")))
#else
#define HETMEM_EXPORT
#endif
