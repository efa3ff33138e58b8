// kernel/machine.hpp: which kernel, on which architecture.
#pragma once

#include "kernel/rooted.hpp"

#include <string>

namespace hetmem::kernel {

struct machine {
    std::string kernel_release; ///< "6.12.9"; "" when a copy does not tell
    std::string architecture;   ///< "x86_64"; "" when a copy does not tell
};

/// This machine by uname(2). A copy by /proc/sys/kernel/osrelease and arch (Linux 6.1), else by the
/// notes that hwloc-gather-topology leaves in /proc/hwloc-nofile-info.
machine read_machine(const rooted_reader& reader);

} // namespace hetmem::kernel
