#include "measure/buffer_size.hpp"

#include "kernel/available.hpp"
#include "measure/chase.hpp"
#include "topology/target_state.hpp"

#include <algorithm>
#include <cstdlib>

namespace hetmem::detail {

namespace {

/// With twice the cache most of it has been pushed out before it is needed again, with four times
/// practically all.
constexpr std::uint64_t least_caches = 2;
constexpr std::uint64_t wanted_caches = 4;
/// Less passes so fast that starting the threads is part of the figure.
constexpr byte_size least_wanted = byte_size::from_mib(64);
/// What the second-level TLBs of today do not reach in pages of 4 KiB, and their page tables do not
/// fit the caches of one core.
constexpr byte_size beyond_tlb = byte_size::from_mib(1024);
/// Of what is available: others are to notice little.
constexpr std::uint64_t taken_share = 4;

byte_size times(std::uint64_t n, byte_size size) {
    byte_size out;
    for (std::uint64_t i = 0; i < n; ++i) {
        out += size;
    }
    return out;
}

byte_size cache_of(metric what, const last_level& cache) {
    return is_latency(what) ? cache.largest : cache.together;
}

bool has_cache_of_unknown_size(const target& memory) {
    return std::ranges::any_of(memory.caches, [](const memory_side_cache& one) {
        return one.size.value_or(byte_size{}) == byte_size{};
    });
}

byte_size side_caches(const target& memory) {
    byte_size out;
    for (const memory_side_cache& one : memory.caches) {
        out += one.size.value_or(byte_size{});
    }
    return out;
}

/// Half of a buffer that a cache in front of the memory could hold is not the memory's figure. A
/// cache of which nobody tells the size could hold any.
bool within_side_cache(byte_size buffer, const target& memory) {
    return has_cache_of_unknown_size(memory) ||
           (buffer <= times(least_caches, side_caches(memory)) &&
            side_caches(memory) != byte_size{});
}

/// Picoseconds a link once the cycle has been followed and the caches hold what they can.
std::uint64_t settled_latency(std::span<std::byte> memory, std::uint64_t seed) {
    chase one(memory, tlb_window, seed, flushing::never);
    one.run(one.elements());
    constexpr std::size_t enough_links = 100'000;
    return one.run(std::min(one.elements(), enough_links));
}

/// By less than 3 %.
bool nearly_same(std::uint64_t a, std::uint64_t b) {
    constexpr std::uint64_t percent = 100;
    constexpr std::uint64_t tolerated = 3;
    return (std::max(a, b) - std::min(a, b)) * percent < std::max(a, b) * tolerated;
}

} // namespace

byte_size least_buffer(metric what, const last_level& cache) {
    return times(least_caches, cache_of(what, cache));
}

byte_size wanted_buffer(metric what, const last_level& cache, const target& memory) {
    byte_size out = std::max(least_wanted, times(wanted_caches, cache_of(what, cache)));
    if (what == metric::random_latency) {
        out = std::max(out, beyond_tlb);
    }
    if (const byte_size side = side_caches(memory); side != byte_size{}) {
        out = std::max(out, times(least_caches + 1, side));
    }
    return out;
}

measured_in measured_where(metric what, byte_size buffer, const last_level& cache,
                           const target& memory) {
    if (buffer < least_buffer(what, cache)) {
        return measured_in::cpu_cache;
    }
    return within_side_cache(buffer, memory) ? measured_in::side_cache : measured_in::memory;
}

byte_size share_of(std::uint64_t on_node, std::uint64_t in_cgroups, std::size_t targets) {
    const std::uint64_t each = in_cgroups / std::max<std::size_t>(targets, 1);
    return byte_size::from_bytes(std::min(on_node, each) / taken_share);
}

byte_size room_for(const target& memory, std::size_t targets) {
    if (is_node(memory)) {
        const auto node = static_cast<unsigned>(*memory.node);
        id_set only;
        only.insert(node);
        kernel::node_reader nodes(only);
        const auto there = nodes.read(node);
        const std::uint64_t available = there ? there->available : 0;
        return share_of(available, kernel::cgroup_reader().read().available, targets);
    }
    const auto same_name =
        std::ranges::find(memory.dax, memory.name, [](const dax_device& one) { return one.name; });
    if (same_name != memory.dax.end()) {
        return same_name->size;
    }
    return memory.dax.size() == 1 ? memory.dax.front().size : byte_size{};
}

std::size_t calibrated_size(std::span<std::byte> memory, std::size_t least, std::uint64_t seed) {
    constexpr unsigned twice = 2;
    std::size_t size =
        std::clamp(least / tlb_window, std::size_t{1}, memory.size() / tlb_window) * tlb_window;
    std::size_t same_since = size;
    std::uint64_t before = settled_latency(memory.first(size), seed);
    unsigned same = 0;
    while (same < twice && size * 2 <= memory.size()) {
        size *= 2;
        const std::uint64_t now = settled_latency(memory.first(size), seed);
        if (nearly_same(before, now)) {
            ++same;
        } else {
            same = 0;
            same_since = size;
        }
        before = now;
    }
    return same == twice ? same_since : memory.size();
}

} // namespace hetmem::detail
