// acpi/header.hpp: the 36 bytes that every ACPI system description table opens with
// (ACPI 6.4, 5.2.6), and the checksum that all of its bytes must add up to.
//
// Pure functions of bytes; thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hetmem::acpi {

inline constexpr std::size_t table_header_size = 36;
inline constexpr std::size_t checksum_offset = 9;

struct table_header {
    std::array<char, 4> signature{};
    std::uint32_t length = 0;  ///< bytes of the whole table, as it says itself
    std::uint8_t revision = 0; ///< decides how several tables are to be read
    std::uint8_t checksum = 0;
    std::array<char, 6> oem_id{};
    std::array<char, 8> oem_table_id{};
    std::uint32_t oem_revision = 0;
    std::array<char, 4> creator_id{};
    std::uint32_t creator_revision = 0;
    friend bool operator==(const table_header&, const table_header&) = default;
};

/// A header for a table made here; seal() of the table fills in length and checksum.
table_header make_header(std::string_view signature, std::uint8_t revision);

/// Nothing when the bytes are too few for one.
std::optional<table_header> read_header(std::span<const std::byte> table);

/// The same table under another header; its length and checksum are set to what they must be. What
/// is too short for a header comes back as it is.
std::vector<std::byte> with_header(std::span<const std::byte> table, table_header header);

/// The text of a fixed field for people: cut at the first NUL, spaces at the end removed, '?' for
/// what cannot be printed.
std::string field_text(std::span<const char> field);

/// The sum of all bytes, modulo 256. A correct table gives 0.
std::uint8_t byte_sum(std::span<const std::byte> bytes);

/// The signature of a table of at least four bytes ("HMAT"), "" when there are fewer.
std::string_view signature_of(std::span<const std::byte> table);

} // namespace hetmem::acpi
