// describe.hpp: the machine as it can be read now, without what hetmemd published.
#pragma once

#include "topology/adopted.hpp"

#include "kernel/rooted.hpp"

#include <hetmem/topology.hpp>

namespace hetmem::detail {

/// Reads tables and kernel files and merges them. `adopted`: an HMAT in place of the firmware's;
/// null: the one that was adopted earlier (read_adopted()), if any. Throws hetmem::error when no
/// memory is described.
topology describe(const kernel::rooted_reader& reader, const adopted_table* adopted = nullptr);

} // namespace hetmem::detail
