// hetmem/export.hpp: marks what the shared library offers; everything else in it is hidden.
#pragma once

#if defined(__GNUC__)
#define HETMEM_EXPORT __attribute__((visibility("default")))
/* For what lies inside of an exported class and is nobody else's. */
#define HETMEM_HIDDEN __attribute__((visibility("hidden")))
#else
#define HETMEM_EXPORT
#define HETMEM_HIDDEN
#endif
