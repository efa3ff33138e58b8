// src/tool/outside_program.hpp: a program of this machine, run to its end.
#pragma once

#include <string>
#include <vector>

namespace hetmem::tool {

/// Looked for in PATH and where administrators' programs lie. What it prints goes where this
/// process prints. It gets the usual signals also while this process ignores them. Throws
/// hetmem::error when it cannot be started or ends with another status than 0.
void run_program(const std::vector<std::string>& words);

} // namespace hetmem::tool
