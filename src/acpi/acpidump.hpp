// acpi/acpidump.hpp: the text that acpidump(8) writes: hex dumps of tables, one after the other.
//
// Pure; thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hetmem::acpi {

struct dumped_table {
    std::string signature; ///< as the heading says
    std::size_t line = 0;  ///< of the heading, from 1
    std::vector<std::byte> bytes;
};

/// Throws malformed_file with `name` and the line when it is no such text.
std::vector<dumped_table> parse_acpidump(std::string_view text, std::string_view name);

} // namespace hetmem::acpi
