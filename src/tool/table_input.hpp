// src/tool/table_input.hpp: tables from files that people name, whatever form they have.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace hetmem::tool {

struct named_table {
    std::string signature; ///< "HMAT"; "CDAT" for what has none
    std::string place;     ///< the file, and the line in acpidump's text
    std::vector<std::byte> bytes;
};

/// "-": standard input. Throws hetmem::error.
std::string read_input(const std::string& file);

/// A table, its JSON, or acpidump's text with any number of them. signature: only those; "": all.
/// Throws hetmem::error naming file and line.
std::vector<named_table> read_tables(const std::string& file, const std::string& signature);

/// The only one. Throws hetmem::error when there are several.
named_table read_table(const std::string& file, const std::string& signature);
/// Of what read_tables() gave for `file` the only one, or of several the one of this kind.
named_table only_table(const std::string& file, std::vector<named_table> tables,
                       const std::string& kind);

} // namespace hetmem::tool
