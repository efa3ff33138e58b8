// acpi/decoded.hpp: what decoding a table gives: as much as could be read, and what is wrong.
//
//     hetmem::acpi::decoded<hetmem::acpi::hmat> read = hetmem::acpi::decode_hmat(bytes);
//     if (read.table) { ... }                       // may still be usable beside the defects
//     for (const hetmem::defect& d : read.defects) { ... }
//
// A firmware table is not trusted: a decoder never throws for its content, never reads outside of
// it, needs memory in proportion to it, and keeps every byte, so that
// encode(*decode(bytes).table) == bytes also holds for broken tables.
#pragma once

#include <hetmem/defect.hpp>

#include <optional>
#include <vector>

namespace hetmem::acpi {

template <class Table> struct decoded {
    /// Empty only when the bytes are too few for the table's header or carry another signature.
    std::optional<Table> table;
    /// Ascending by offset within each check; after `max_defects` one that counts the rest.
    std::vector<defect> defects;
};

/// A table of garbage has a defect every few bytes; more than this tell nobody anything.
inline constexpr std::size_t max_defects = 100;

} // namespace hetmem::acpi
