// acpi/table_json.hpp: HMAT, SRAT, SLIT and CDAT as JSON that people can edit, and back.
//
//     std::string text = table_to_json(bytes);              // docs/tables.md tells the form
//     std::vector<std::byte> again = table_from_json(text); // the same bytes
//
// Every byte is kept, also of damaged tables: table_from_json(table_to_json(bytes)) == bytes.
// Fields have the names of the specification in the revision that the table has. Lengths, counts
// and the checksum may be left out of what a person writes: they are computed then.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hetmem::acpi {

/// Throws malformed_file when the bytes are no table of a kind that is known, naming what was
/// found.
std::string table_to_json(std::span<const std::byte> table);

/// Throws malformed_file with line, field and reason. `name` is what the error calls the text.
std::vector<std::byte> table_from_json(std::string_view text, std::string_view name = "JSON");

} // namespace hetmem::acpi
