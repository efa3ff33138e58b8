// kernel/standard_files.hpp: for programs, first of all in main().
#pragma once

namespace hetmem::kernel {

/// Takes the descriptors 0, 1 and 2 where they are closed, so that no file that is opened later
/// gets one of these numbers and with it what is meant for standard error. Reading and writing them
/// fails as it did.
void occupy_standard_files();

} // namespace hetmem::kernel
