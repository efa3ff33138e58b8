// src/tool/process_name.hpp: what a process is called, safe to print.
#pragma once

#include <string>

#include <sys/types.h>

namespace hetmem::tool {

/// /proc/PID/comm; "?" when it cannot be read.
std::string process_name(pid_t pid);

} // namespace hetmem::tool
