#include "measure/workplace.hpp"

#include "measure/buffer_size.hpp"
#include "measure/streams.hpp"
#include "topology/value_text.hpp"

#include <hetmem/error.hpp>

#include <algorithm>
#include <string>

#include <fmt/format.h>

namespace hetmem::detail {
namespace {

constexpr std::uint64_t seed = 1; // the same cycle each time: one run repeats another

/// A huge page, where there is room for one.
std::uint64_t unit_of_size(std::uint64_t bytes) {
    constexpr std::uint64_t huge = std::uint64_t{2} << 20;
    return bytes < huge ? chase_stride : huge;
}

/// Down to whole huge pages, where it is as large as that.
byte_size whole(std::uint64_t bytes) {
    const std::uint64_t unit = unit_of_size(bytes);
    return byte_size::from_bytes(bytes / unit * unit);
}

byte_size sum(byte_size a, byte_size b) {
    a += b;
    return a;
}

/// Up to it: what rounding down leaves is then still enough.
byte_size whole_up(byte_size size) {
    const std::uint64_t unit = unit_of_size(size.bytes());
    return byte_size::from_bytes((size.bytes() + unit - 1) / unit * unit);
}

struct demand {
    byte_size least;
    byte_size wanted;
};

/// The largest that any of the metrics has with any of the caches; random_latency or all others.
demand demand_of(const target& memory, const std::vector<last_level>& caches,
                 const std::vector<metric>& metrics, bool of_random) {
    demand most;
    for (const metric what : metrics) {
        if ((what == metric::random_latency) != of_random) {
            continue;
        }
        for (const last_level& cache : caches) {
            most.least = std::max(most.least, least_buffer(what, cache));
            most.wanted = std::max(most.wanted, wanted_buffer(what, cache, memory));
        }
    }
    most.least = whole_up(most.least);
    most.wanted = std::max(most.least, most.wanted);
    return most;
}

area_sizes as_asked(const demand& random, const demand& common, const measure_options& options) {
    const byte_size smallest = byte_size::from_bytes(stream_granule);
    const byte_size least = std::max(random.least, common.least);
    const byte_size size = *options.buffer;
    if (size < smallest) {
        throw error(std::errc::invalid_argument,
                    fmt::format("a buffer of {}: the smallest is {}", format_size(size),
                                format_size(smallest)));
    }
    if (size < least && !options.allow_cached) {
        throw error(std::errc::invalid_argument,
                    fmt::format("a buffer of {} is not measured in memory but in caches: {} is the "
                                "least, or allow cached figures, which are labelled",
                                format_size(size), format_size(least)));
    }
    const auto area = [&](const demand& any) {
        return any.wanted == byte_size{} ? byte_size{} : whole(size.bytes());
    };
    return {area(random), area(common)};
}

/// No more than there is, which is no less than both need; the large one gives way first.
area_sizes as_fits(const demand& random, const demand& common, byte_size room) {
    const std::uint64_t all = room.bytes();
    const std::uint64_t for_common =
        std::clamp(all - random.least.bytes(), common.least.bytes(), common.wanted.bytes());
    return {whole(std::min(random.wanted.bytes(), all - for_common)), whole(for_common)};
}

} // namespace

area_sizes sizes_of_areas(const target& memory, const std::vector<last_level>& caches,
                          const std::vector<metric>& metrics, const measure_options& options,
                          byte_size room) {
    demand random = demand_of(memory, caches, metrics, true);
    demand common = demand_of(memory, caches, metrics, false);
    if (options.curves) { // a chase in the first, streams in the second
        const demand any = demand_of(memory, caches, {metric::read_bandwidth}, false);
        common = {std::max(common.least, any.least), std::max(common.wanted, any.wanted)};
        random = {std::max(random.least, common.least), std::max(random.wanted, common.wanted)};
    }
    if (options.buffer) {
        return as_asked(random, common, options);
    }
    if (options.allow_cached) {
        const byte_size smallest = byte_size::from_bytes(stream_granule);
        random.least = std::min(random.least, smallest);
        common.least = std::min(common.least, smallest);
    }
    const byte_size least = sum(random.least, common.least);
    if (room < least) {
        throw target_full(shortage::target,
                          fmt::format("{}: {} may be taken for measuring (a quarter of what is "
                                      "available), and {} is the least that caches do not hold",
                                      memory.name, format_size(room), format_size(least)),
                          room);
    }
    return as_fits(random, common, room);
}

workplace::workplace(const topology& machine, target_id memory, const area_sizes& sizes,
                     bool destroy)
    : memory_(memory), sizes_(sizes),
      buffer_(machine, memory, sum(sizes.random, sizes.common), destroy) {}

std::span<std::byte> workplace::random_area() const {
    return buffer_.bytes().first(sizes_.random.bytes());
}

std::span<std::byte> workplace::common_area() const {
    return buffer_.bytes().subspan(sizes_.random.bytes(), sizes_.common.bytes());
}

void workplace::enlarge_common(byte_size least) {
    const std::uint64_t both = sum(sizes_.random, sizes_.common).bytes();
    // The chase in random order must not become the one that fits.
    const byte_size common = whole(std::min(least.bytes(), both / 2));
    if (common <= sizes_.common) {
        return;
    }
    sizes_ = {byte_size::from_bytes(both - common.bytes()), common};
    local_.reset();
    random_.reset();
}

chase& workplace::local_chase() {
    return local_ ? *local_ : local_.emplace(common_area(), tlb_window, seed);
}

chase& workplace::random_chase() {
    const std::span<std::byte> area = random_area();
    return random_ ? *random_ : random_.emplace(area, area.size(), seed);
}

chase workplace::chase_beside() {
    random_.reset();
    return {random_area(), tlb_window, seed};
}

std::span<std::byte> workplace::common(bool written) {
    if (written) {
        local_.reset();
    }
    return common_area();
}

std::span<std::byte> workplace::everything() {
    local_.reset();
    random_.reset();
    return buffer_.bytes().first(sum(sizes_.random, sizes_.common).bytes());
}

} // namespace hetmem::detail
