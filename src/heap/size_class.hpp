// heap/size_class.hpp: the sizes that small objects are rounded up to.
//
// Multiples of 16 to 256 bytes, then eight a doubling to 128 KiB: at most an eighth is lost beyond
// 128 bytes. Objects of one class share pages: of one slice to 8 KiB, of eight above, so that at
// least four fit.
#pragma once

#include "heap/heap.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace hetmem::heap {

inline constexpr std::size_t smallest_bytes = 16;
inline constexpr std::size_t largest_small_bytes = std::size_t{128} << 10;
inline constexpr unsigned class_count = 88;

/// `bytes` from 1 to largest_small_bytes.
constexpr unsigned class_of(std::size_t bytes) noexcept {
    const std::size_t last = bytes - 1;
    if (last < 256) {
        return static_cast<unsigned>(last / smallest_bytes);
    }
    const auto power = static_cast<unsigned>(std::bit_width(last)) - 1;
    return 16 + (power - 8) * 8 + static_cast<unsigned>((last >> (power - 3)) & 7);
}

constexpr std::size_t class_bytes(unsigned size_class) noexcept {
    if (size_class < 16) {
        return (size_class + std::size_t{1}) * smallest_bytes;
    }
    const unsigned above = size_class - 16;
    return (std::size_t{9} + above % 8) << (5 + above / 8);
}

struct class_facts {
    std::uint32_t bytes;    ///< of a block
    std::uint32_t slices;   ///< of a page
    std::uint32_t capacity; ///< blocks in a page
    /// 2^64 / bytes, rounded up: an offset below 2^32 is a multiple of `bytes` exactly when offset
    /// * inverse modulo 2^64 is below inverse (Lemire, Kaser, Kurz: Faster remainder by direct
    /// computation, 2019).
    std::uint64_t inverse;
};

inline constexpr std::array<class_facts, class_count> classes = [] {
    std::array<class_facts, class_count> all{};
    for (unsigned i = 0; i < class_count; ++i) {
        const std::size_t bytes = class_bytes(i);
        const std::size_t slices = bytes <= (std::size_t{8} << 10) ? 1 : 8;
        all[i] = {static_cast<std::uint32_t>(bytes), static_cast<std::uint32_t>(slices),
                  static_cast<std::uint32_t>(slices * slice_bytes / bytes),
                  ~std::uint64_t{0} / bytes + 1};
    }
    return all;
}();

static_assert(class_of(1) == 0 && class_of(16) == 0 && class_of(17) == 1);
static_assert(class_of(256) == 15 && class_of(257) == 16 && class_bytes(16) == 288);
static_assert(class_of(largest_small_bytes) == class_count - 1);
static_assert(class_bytes(class_count - 1) == largest_small_bytes);

/// The class of the smallest blocks that hold `bytes` and all begin at multiples of `alignment`, a
/// power of two up to slice_bytes; class_count when there is none.
constexpr unsigned aligned_class_of(std::size_t bytes, std::size_t alignment) noexcept {
    if (bytes > largest_small_bytes) {
        return class_count;
    }
    unsigned size_class = class_of(bytes > alignment ? bytes : alignment);
    while ((classes[size_class].bytes & (alignment - 1)) != 0) {
        ++size_class; // ends: every doubling ends with a power of two
    }
    return size_class;
}

} // namespace hetmem::heap
