// memory/address_range.hpp: pieces of address space, and lists of them.
//
// Lists are ascending and nothing in them overlaps; ranges that touch are one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace hetmem::detail {

inline std::uint64_t number(const void* address) {
    return reinterpret_cast<std::uintptr_t>(address);
}

struct byte_range {
    std::byte* start = nullptr;
    std::size_t length = 0;

    std::byte* end() const { return start + length; }
    friend bool operator==(const byte_range&, const byte_range&) = default;
};

using byte_ranges = std::vector<byte_range>;

std::uint64_t total(std::span<const byte_range> ranges);

/// Any ranges as a list.
byte_ranges joined(byte_ranges ranges);

/// What of `from` is not in `taken`; both are lists.
byte_ranges without(std::span<const byte_range> from, std::span<const byte_range> taken);

/// Each range made larger to multiples of `unit` (a power of two), counted from `base`; joined.
byte_ranges widened(std::span<const byte_range> ranges, std::size_t unit, const std::byte* base);

/// The parts of the ranges that are whole multiples of `unit`, counted from address 0.
byte_ranges narrowed(std::span<const byte_range> ranges, std::size_t unit);

/// The first `bytes` of a list.
byte_ranges first_bytes(std::span<const byte_range> ranges, std::uint64_t bytes);

constexpr std::uint64_t round_down(std::uint64_t value, std::uint64_t unit) {
    return value & ~(unit - 1);
}
/// The caller sees to it that it does not overflow.
constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t unit) {
    return (value + unit - 1) & ~(unit - 1);
}

inline constexpr std::size_t base_page = 4096;
inline constexpr std::size_t huge_page = std::size_t{2} << 20;
inline constexpr std::size_t giant_page = std::size_t{1} << 30;

} // namespace hetmem::detail
