// memory/populate.hpp: one piece of ordinary memory of a node, strictly.
#pragma once

#include "memory/address_range.hpp"
#include "memory/guard.hpp"

#include <optional>

namespace hetmem::detail {

/// Populates a piece (at most 2 MiB) under the policy that is set, if the guard admits it, and sees
/// to it that it came down on the node. Nothing, or why not; then nothing of the piece is
/// populated.
std::optional<shortfall> populate_piece(byte_range piece, const guard::request& limits,
                                        guard& watch);

} // namespace hetmem::detail
