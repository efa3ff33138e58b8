// measure/buffer_size.hpp: how large a buffer must be so that memory is measured and no cache.
//
//     const byte_size wanted = std::min(wanted_buffer(what, cache, memory), room_for(memory, 1));
//     if (wanted < least_buffer(what, cache)) { ... }     // refuse, or label
//     cell.in = measured_where(what, size, cache, memory);
#pragma once

#include "measure/caches.hpp"

#include <hetmem/measured.hpp>
#include <hetmem/topology.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace hetmem::detail {

/// Below this the caches of the CPUs hold too much of it: twice what they have.
byte_size least_buffer(metric what, const last_level& cache);

/// Four times the caches (the rule of STREAM); 1 GiB or more for random_latency, so that the TLB
/// does not reach all of it; more than twice the memory-side caches where there are any.
byte_size wanted_buffer(metric what, const last_level& cache, const target& memory);

/// What a figure taken on that much is a figure of. Behind a memory-side cache of which nobody
/// tells the size it is never the memory's.
measured_in measured_where(metric what, byte_size buffer, const last_level& cache,
                           const target& memory);

/// A quarter of what is available on a node, and of its part of what the cgroups leave: the
/// buffers of all targets are held at once, and the cgroups count them together.
byte_size share_of(std::uint64_t on_node, std::uint64_t in_cgroups, std::size_t targets);

/// The most that a buffer may take where so many targets are measured: the share of what is
/// available on the target and in the cgroups above this process; of a dax device, its size. 0 when
/// nothing is there.
byte_size room_for(const target& memory, std::size_t targets);

/// Where what is told of caches may be wrong (virtual machines): the smallest size, from `least` on
/// by doubling, from which on twice as much changes the latency local to the TLB by less than 3 %,
/// twice. All of `memory` when none does. Writes to the memory; takes about 1 us for each 1 KiB
/// of it.
std::size_t calibrated_size(std::span<std::byte> memory, std::size_t least, std::uint64_t seed);

} // namespace hetmem::detail
