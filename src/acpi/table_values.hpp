// acpi/table_values.hpp: how bytes, characters and normalised figures of a table are written as
// text and read again, each byte kept (of use inside src/acpi, and for printing).
#pragma once

#include <acpi/normalize.hpp>
#include <acpi/srat.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hetmem::acpi {

/// "00 1f ff"
std::string to_hex(std::span<const std::byte> bytes);
/// The same, also without the spaces; nothing when it is something else.
std::optional<std::vector<std::byte>> from_hex(std::string_view text);

/// The characters of a field as UTF-8, a byte each (those above 0x7F as in Latin-1), without the
/// NULs at the end.
std::string characters_of(std::span<const std::byte> field);
/// `size` bytes, filled up with NULs; nothing when the text is longer or has other characters.
std::optional<std::vector<std::byte>> field_from(std::string_view text, std::size_t size);

/// "pci 0000:00:03.0", "acpi ACPI0016:4", or the bytes where these words would not keep every bit.
std::string handle_text(std::uint8_t handle_type, std::span<const std::byte> handle);
/// The reverse; nothing when it is neither.
std::optional<std::array<std::uint8_t, 16>> handle_from(std::string_view text);

/// The unit that figures are written in: "ns" or "MB/s".
std::string_view unit_text(data_type kind);
/// A known figure in that unit, exact: 250500 ps is "250.5".
void append_figure(std::string& out, data_type kind, std::uint64_t value);
/// The reverse, in picoseconds or bytes per second; nothing for what is no plain decimal number,
/// has more decimals than the unit can tell or does not fit.
std::optional<std::uint64_t> figure_from(std::string_view text, data_type kind);

} // namespace hetmem::acpi
