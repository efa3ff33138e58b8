// memory/landing.hpp: where populated pages came down, and mending those that strayed.
//
// A preferred policy is a wish: when the node has no free page at that moment the kernel takes one
// elsewhere. move_pages(2) brings such pages back (it takes memory on the named node or fails,
// drops file cache for it if it must, and never calls the OOM killer); what does not fit is told to
// the caller, who undoes it.
//
// How pages are asked for: numa_maps costs 20 us for a small process and then 0.08 ms a GiB of huge
// pages, 2.5 ms of 4 KiB pages, but for all mappings before the range too, which may be many; the
// page query costs 15-25 us for 2 MiB, whatever else is mapped. So up to `few_bytes` pages are
// asked for one by one, above that numa_maps answers, and pages are asked for only if it finds a
// stray.
#pragma once

#include "memory/address_range.hpp"

#include <cstdint>
#include <span>

namespace hetmem::detail {

/// A populated range and the node on which it should be.
struct placed_range {
    byte_range range;
    unsigned node = 0;
};

inline constexpr std::uint64_t few_bytes = 16ULL << 20;

/// Two page queries: whether the ends of a freshly populated piece are on the node. True also where
/// the kernel does not answer. What strayed is noticed here early, before more of it is made.
bool ends_landed(byte_range piece, unsigned node);

/// The blocks of `unit` bytes (counted from address 0) in which some page is still elsewhere after
/// moving it was tried. `alone`: no other node can be used, so no answer is as good as a yes.
byte_ranges still_strayed(std::span<const placed_range> placed, std::size_t unit, bool alone);

} // namespace hetmem::detail
