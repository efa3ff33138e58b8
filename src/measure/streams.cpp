// Compiled once for each kind of vectors: the part between HWY_BEFORE_NAMESPACE and
// HWY_AFTER_NAMESPACE. Nothing of the standard library is called there: its inline functions would
// be compiled for those vectors, and the linker might take them for the whole program.
#include "measure/streams.hpp"

#include <stdexcept>

#include <fmt/format.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "measure/streams.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#ifndef HETMEM_STREAM_SHAPES
#define HETMEM_STREAM_SHAPES
namespace hetmem::detail {

/// One candidate; they differ in how many places of the arrays they are at, at the same time.
struct stream_shape {
    const char* name;
    stream_kernel::pass over;
};
/// Those of one metric.
struct stream_shapes {
    const char* vectors; ///< "AVX3"
    bool bypasses;       ///< whether there are stores that bypass the caches
    const stream_shape* first;
    std::size_t count;
};

} // namespace hetmem::detail
#endif

HWY_BEFORE_NAMESPACE();
namespace hetmem::detail::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// Integers: what was in the memory may be no number, or one that floating-point units are slow at.
using lane = std::uint64_t;
using tag = hn::ScalableTag<lane>;

/// Vectors that are taken at one place before it is the next place's turn.
constexpr std::size_t unroll = 4;
/// How far ahead a line is asked for: the hardware's prefetchers stop at the end of a page of 4
/// KiB.
constexpr std::size_t ahead = 4096 / sizeof(lane);
constexpr std::size_t line = 64 / sizeof(lane);

enum class prefetch { none, far };

struct writes {
    static HWY_INLINE void at(lane* to, hn::Vec<tag> value) { hn::Store(value, tag(), to); }
};
struct bypassing_writes {
    static HWY_INLINE void at(lane* to, hn::Vec<tag> value) { hn::Stream(value, tag(), to); }
};
struct updates {
    static HWY_INLINE void at(lane* to, hn::Vec<tag> value) {
        hn::Store(hn::Add(hn::Load(tag(), to), value), tag(), to);
    }
};
struct copies {
    static HWY_INLINE void at(lane* to, const lane* from) {
        hn::Store(hn::Load(tag(), from), tag(), to);
    }
};
struct bypassing_copies {
    static HWY_INLINE void at(lane* to, const lane* from) {
        hn::Stream(hn::Load(tag(), from), tag(), to);
    }
};
struct additions {
    static HWY_INLINE void at(lane* to, const lane* from) {
        hn::Store(hn::Add(hn::Load(tag(), to), hn::Load(tag(), from)), tag(), to);
    }
};

/// Reads.
template <std::size_t streams, prefetch how>
std::uint64_t over_all(std::byte* memory, std::size_t size) {
    const tag d;
    const std::size_t n = hn::Lanes(d);
    const std::size_t part = size / streams / sizeof(lane);
    const lane* const start = reinterpret_cast<const lane*>(memory);
    auto a = hn::Zero(d);
    auto b = a;
    auto c = a;
    auto e = a;
    for (std::size_t i = 0; i < part; i += unroll * n) {
        for (std::size_t s = 0; s < streams; ++s) {
            const lane* const at = start + s * part + i;
            if constexpr (how == prefetch::far) {
                for (std::size_t l = 0; l < unroll * n; l += line) {
                    hwy::Prefetch(at + ahead + l);
                }
            }
            a = hn::Or(a, hn::Load(d, at));
            b = hn::Or(b, hn::Load(d, at + n));
            c = hn::Or(c, hn::Load(d, at + 2 * n));
            e = hn::Or(e, hn::Load(d, at + 3 * n));
        }
    }
    return hn::GetLane(hn::SumOfLanes(d, hn::Or(hn::Or(a, b), hn::Or(c, e))));
}

/// One array. Writes another value than the last pass did: memory may spare itself a store of what
/// it has already.
template <class Work, std::size_t streams>
std::uint64_t over_one(std::byte* memory, std::size_t size) {
    const tag d;
    const std::size_t n = hn::Lanes(d);
    const std::size_t part = size / streams / sizeof(lane);
    lane* const start = reinterpret_cast<lane*>(memory);
    const lane number = *start * 2 + 1;
    const auto value = hn::Set(d, number);
    for (std::size_t i = 0; i < part; i += unroll * n) {
        for (std::size_t s = 0; s < streams; ++s) {
            lane* const to = start + s * part + i;
            for (std::size_t u = 0; u < unroll; ++u) {
                Work::at(to + u * n, value);
            }
        }
    }
    hwy::FlushStream();
    return number;
}

/// From the second array to the first.
template <class Work, std::size_t streams>
std::uint64_t over_two(std::byte* memory, std::size_t size) {
    const tag d;
    const std::size_t n = hn::Lanes(d);
    const std::size_t array = size / 2 / sizeof(lane);
    const std::size_t part = array / streams;
    lane* const start = reinterpret_cast<lane*>(memory);
    for (std::size_t i = 0; i < part; i += unroll * n) {
        for (std::size_t s = 0; s < streams; ++s) {
            lane* const to = start + s * part + i;
            for (std::size_t u = 0; u < unroll; ++u) {
                Work::at(to + u * n, to + array + u * n);
            }
        }
    }
    hwy::FlushStream();
    return *start;
}

/// a[i] = b[i] + 2 * c[i]
template <std::size_t streams> std::uint64_t triad(std::byte* memory, std::size_t size) {
    const tag d;
    const std::size_t n = hn::Lanes(d);
    const std::size_t array = size / 3 / sizeof(lane);
    const std::size_t part = array / streams;
    lane* const start = reinterpret_cast<lane*>(memory);
    for (std::size_t i = 0; i < part; i += unroll * n) {
        for (std::size_t s = 0; s < streams; ++s) {
            lane* const a = start + s * part + i;
            for (std::size_t u = 0; u < unroll; ++u) {
                const auto b = hn::Load(d, a + array + u * n);
                const auto c = hn::Load(d, a + 2 * array + u * n);
                hn::Store(hn::Add(b, hn::Add(c, c)), d, a + u * n);
            }
        }
    }
    return *start;
}

constexpr stream_shape read_shapes[] = {
    {"1 stream", over_all<1, prefetch::none>},  {"1 stream, prefetch", over_all<1, prefetch::far>},
    {"4 streams", over_all<4, prefetch::none>}, {"4 streams, prefetch", over_all<4, prefetch::far>},
    {"8 streams", over_all<8, prefetch::none>},
};
constexpr stream_shape write_shapes[] = {
    {"1 stream", over_one<writes, 1>},
    {"4 streams", over_one<writes, 4>},
};
constexpr stream_shape bypassing_write_shapes[] = {
    {"1 stream", over_one<bypassing_writes, 1>},
    {"2 streams", over_one<bypassing_writes, 2>},
    {"4 streams", over_one<bypassing_writes, 4>},
};
constexpr stream_shape copy_shapes[] = {
    {"1 stream", over_two<copies, 1>},
    {"4 streams", over_two<copies, 4>},
};
constexpr stream_shape bypassing_copy_shapes[] = {
    {"1 stream", over_two<bypassing_copies, 1>},
    {"4 streams", over_two<bypassing_copies, 4>},
};
constexpr stream_shape triad_shapes[] = {
    {"1 stream", triad<1>},
    {"4 streams", triad<4>},
};
constexpr stream_shape two_to_one_shapes[] = {
    {"1 stream", over_two<additions, 1>},
    {"4 streams", over_two<additions, 4>},
};
constexpr stream_shape one_to_one_shapes[] = {
    {"1 stream", over_one<updates, 1>},
    {"4 streams", over_one<updates, 4>},
};

template <std::size_t count> stream_shapes all(const stream_shape (&shapes)[count]) {
    // On other architectures this version of Highway streams with ordinary stores.
    constexpr bool bypasses = HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128;
    return {hwy::TargetName(HWY_TARGET), bypasses, shapes, count};
}

} // namespace

stream_shapes shapes_of(metric what) {
    switch (what) {
    case metric::read_bandwidth:
        return all(read_shapes);
    case metric::write_bandwidth:
        return all(write_shapes);
    case metric::nontemporal_write_bandwidth:
        return all(bypassing_write_shapes);
    case metric::copy_bandwidth:
        return all(copy_shapes);
    case metric::nontemporal_copy_bandwidth:
        return all(bypassing_copy_shapes);
    case metric::triad_bandwidth:
        return all(triad_shapes);
    case metric::read_2_write_1_bandwidth:
        return all(two_to_one_shapes);
    case metric::read_1_write_1_bandwidth:
        return all(one_to_one_shapes);
    case metric::local_latency:
    case metric::random_latency:
        break;
    }
    return {nullptr, false, nullptr, 0};
}

} // namespace hetmem::detail::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hetmem::detail {

HWY_EXPORT(shapes_of);

namespace {

struct convention {
    double payload = 1;
    double bus = 1;
};

/// Bytes a byte of the buffer. A line that is written by ordinary stores is read first; where the
/// program has read it itself it is not read twice.
convention convention_of(metric what, bool bypasses) {
    switch (what) {
    case metric::write_bandwidth:
        return {1, 2};
    case metric::nontemporal_write_bandwidth:
        return {1, bypasses ? 1.0 : 2.0};
    case metric::copy_bandwidth:
        return {1, 3.0 / 2};
    case metric::nontemporal_copy_bandwidth:
        return {1, bypasses ? 1.0 : 3.0 / 2};
    case metric::triad_bandwidth:
        return {1, 4.0 / 3};
    case metric::read_2_write_1_bandwidth:
        // Of two arrays, both are read and one of them is written back.
        return {3.0 / 2, 3.0 / 2};
    case metric::read_1_write_1_bandwidth:
        return {2, 2};
    default:
        return {1, 1};
    }
}

constexpr std::size_t cache_line = 64;

} // namespace

std::uint64_t stream_kernel::run(std::span<std::byte> memory) const {
    if (memory.size() % stream_granule != 0 ||
        reinterpret_cast<std::uintptr_t>(memory.data()) % cache_line != 0) {
        throw std::invalid_argument(
            fmt::format("a stream over {} bytes: not a multiple of {}, or not at the start of a "
                        "cache line",
                        memory.size(), stream_granule));
    }
    return memory.empty() ? 0 : over(memory.data(), memory.size());
}

std::vector<stream_kernel> stream_kernels(metric what) {
    if (is_latency(what)) {
        throw std::invalid_argument("streams measure bandwidth, no latency");
    }
    const stream_shapes shapes = HWY_DYNAMIC_DISPATCH(shapes_of)(what);
    const convention counted = convention_of(what, shapes.bypasses);
    std::vector<stream_kernel> out;
    for (const stream_shape& one : std::span(shapes.first, shapes.count)) {
        stream_kernel& kernel = out.emplace_back();
        kernel.name = fmt::format("{}, {}", shapes.vectors, one.name);
        kernel.payload = counted.payload;
        kernel.bus = counted.bus;
        kernel.over = one.over;
    }
    return out;
}

} // namespace hetmem::detail
#endif
