// publish/table_text.hpp: firmware tables, and what differs between two, in words.
//
//     std::string text = draw_table(bytes);
//     std::string words = draw_difference(acpi::compare_tables(before, after));
//
// Every line ends with a newline; nothing in it can move a cursor. Pure; thread-safe.
#pragma once

#include <acpi/srat.hpp>
#include <acpi/table_diff.hpp>

#include <cstddef>
#include <span>
#include <string>

namespace hetmem::detail {

/// Header, structures with their offsets, matrices in ns and GB/s, and what is wrong with it.
/// `affinity`: of the same machine, to hold an HMAT against; may be null. Throws malformed_file as
/// acpi::cut_table() does.
std::string draw_table(std::span<const std::byte> table, const acpi::srat* affinity = nullptr);

/// "" when there is no difference.
std::string draw_difference(const acpi::table_difference& difference);

} // namespace hetmem::detail
