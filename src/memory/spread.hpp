// memory/spread.hpp: an interleave: stripes by weight, within one mapping.
//
// A policy for each stripe would split the mapping into thousands. So the mapping has none while it
// is populated, and threads of ours, which have nothing else to do, set their own policy before
// each stripe: the kernel follows it where the mapping has none. Afterwards the mapping gets one
// policy, without moving anything, since NUMA balancing carries off the pages of a mapping that has
// none.
#pragma once

#include "memory/address_range.hpp"
#include "memory/backing.hpp"
#include "memory/guard.hpp"
#include "memory/supplier.hpp"

#include <hetmem/placement.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace hetmem::detail {

/// The stripes of one leg (of a node).
struct striped_leg {
    std::size_t index = 0; ///< as the caller counts legs
    unsigned node = 0;
    std::uint64_t headroom = 0;
    byte_ranges stripes;
};

struct spread_result {
    std::vector<byte_ranges> left; ///< one a leg
    std::vector<std::optional<shortfall>> why;
};

spread_result spread_over_nodes(std::span<const striped_leg> legs, const supply_context& context);

} // namespace hetmem::detail
