// acpi/slit.hpp: the System Locality Information Table, bytes to structs and back
// (ACPI 6.4, 5.2.17): the relative distance from every proximity domain to every other.
//
//     auto read = hetmem::acpi::decode_slit(bytes);
//     std::optional<std::uint8_t> far = read.table->distance(0, 1);   // 20: twice as far as 0 to 0
//
// Distances are an order, never a time. Pure functions of bytes; thread-safe. See acpi/decoded.hpp
// for what decoding promises.
#pragma once

#include <acpi/decoded.hpp>
#include <acpi/header.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace hetmem::acpi {

inline constexpr std::uint8_t slit_local = 10;
inline constexpr std::uint8_t slit_unreachable = 255;

struct slit {
    table_header header;
    std::uint64_t localities = 0; ///< as the table says; rows and columns are proximity domains
    /// Row by row, complete rows only: rows() of them, fewer than `localities` when cut off.
    std::vector<std::uint8_t> entries;
    std::vector<std::byte> trailing;

    /// How many domains' distances are there: all of them, `localities`, unless cut off.
    std::size_t rows() const;
    /// Nothing for what is outside of the table or cut off.
    std::optional<std::uint8_t> distance(std::uint64_t from, std::uint64_t to) const;

    friend bool operator==(const slit&, const slit&) = default;
};

decoded<slit> decode_slit(std::span<const std::byte> bytes);
std::vector<std::byte> encode(const slit& table);

/// For a table made or changed here: sets the length and the checksum to what they must be.
void seal(slit& table);

} // namespace hetmem::acpi
