// tests/fuzz/table_fuzz.hpp: what must hold for the decoder of every table, whatever the bytes.
#pragma once

#include <acpi/decoded.hpp>
#include <acpi/header.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

namespace hetmem::fuzz {

/// Ends the program, which libFuzzer reports together with the input. An assert() could be compiled
/// away.
inline void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

inline std::span<const std::byte> as_bytes(const std::uint8_t* data, std::size_t size) {
    return std::as_bytes(std::span(data, size));
}

/// What is told of the defects is bounded and complete.
template <class Table>
void check_defects(const acpi::decoded<Table>& read, std::span<const std::byte> bytes,
                   std::string_view name) {
    require(read.table.has_value() || !read.defects.empty());
    require(read.defects.size() <= acpi::max_defects + 1);
    for (const defect& d : read.defects) {
        require(d.table == name && d.offset <= bytes.size());
        require(!d.expected.empty() && !d.found.empty());
    }
}

/// The same, and every byte is kept.
template <class Table>
void check_decoded(const acpi::decoded<Table>& read, std::span<const std::byte> bytes,
                   std::string_view name) {
    check_defects(read, bytes, name);
    if (read.table) {
        require(std::ranges::equal(encode(*read.table), bytes));
    }
}

/// A table that was sealed says its true length, adds up to zero, and is as well kept as any other.
template <class Table, class Decode> void check_sealed(Table table, Decode decode) {
    seal(table);
    const auto sealed = encode(table);
    require(table.header.length == sealed.size());
    require(acpi::byte_sum(sealed) == 0);
    const auto again = decode(sealed);
    require(again.table.has_value() && encode(*again.table) == sealed);
}

} // namespace hetmem::fuzz
