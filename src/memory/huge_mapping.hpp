// memory/huge_mapping.hpp: pages from a node's pool of huge pages (hugetlb).
#pragma once

#include "memory/address_range.hpp"
#include "memory/backing.hpp"
#include "memory/guard.hpp"

#include <cstdint>

namespace hetmem::detail {

/// Maps without reserving pages of the pools: a reservation counts pages of all nodes together, so
/// it promises nothing of one node, and it would fail where a chain goes on to the next. False when
/// the kernel has no such pages.
bool map_huge_pages(byte_range range, const backing_options& options);
/// With a reservation, for memory that is populated when it is touched: no SIGBUS later. False when
/// the pools together have not enough.
bool reserve_huge_pages(byte_range range, const backing_options& options);

/// What the pool of a node could give, less the headroom.
shortfall huge_pool_room(unsigned node, std::size_t page, std::uint64_t headroom);

} // namespace hetmem::detail
