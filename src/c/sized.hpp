// c/sized.hpp: structs that start with their size, so that programs and libraries of different
// versions understand each other.
#pragma once

#include "c/barrier.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>

namespace hetmem::c {

/// No struct of any version comes near this; a size beyond it was never set.
inline constexpr std::size_t largest_struct = 4096;

template <class Struct> std::size_t size_told(const Struct& given, const char* name) {
    const std::size_t size = given.struct_size;
    if (size < sizeof(std::size_t) || size > largest_struct) {
        throw error(std::errc::invalid_argument,
                    std::string(name) + ".struct_size is " + std::to_string(size));
    }
    return size;
}

/// What a caller asks for; a null pointer: nothing but defaults. Throws hetmem::error (E2BIG) when
/// a newer caller asks for what this version does not know.
template <class Struct> Struct asked(const Struct* given, const char* name) {
    Struct known{};
    if (given == nullptr) {
        return known;
    }
    const std::size_t size = size_told(*given, name);
    std::memcpy(&known, given, std::min(size, sizeof known));
    if (size > sizeof known) {
        const auto all = std::span(reinterpret_cast<const std::byte*>(given), size);
        const auto unknown = all.subspan(sizeof known);
        if (std::ranges::any_of(unknown, [](std::byte b) { return b != std::byte{}; })) {
            throw error(std::errc::argument_list_too_long,
                        std::string(name) + " asks for what this version does not know");
        }
    }
    return known;
}

/// Refuses flags that this version gives no meaning.
inline void need_known_flags(std::uint64_t flags, std::uint64_t known, const char* name) {
    if ((flags & ~known) != 0) {
        throw error(std::errc::invalid_argument, std::string(name) + ": unknown flags");
    }
}

/// Writes an answer in the caller's size: less than all of it to an older caller, and zeros to a
/// newer one for what this version does not know.
template <class Struct> void answer(Struct* out, Struct ours, const char* name) {
    const std::size_t size = size_told(need(out, name), name);
    ours.struct_size = size;
    std::memcpy(out, &ours, std::min(size, sizeof ours));
    if (size > sizeof ours) {
        std::memset(reinterpret_cast<std::byte*>(out) + sizeof ours, 0, size - sizeof ours);
    }
}

} // namespace hetmem::c
