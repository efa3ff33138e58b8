// src/tool/machine_source.hpp: from what was asked for on the command line to a topology.
#pragma once

#include "tool/arguments.hpp"

#include <hetmem/topology.hpp>

namespace hetmem::tool {

/// The running machine, a directory, a captured machine or a saved description. Throws
/// hetmem::error.
topology read_machine(const machine_arguments& asked);

} // namespace hetmem::tool
