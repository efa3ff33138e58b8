// acpi/names.hpp: what the specifications call the structures and fields of the tables, in the
// words of the revision that a table has, for whoever prints tables.
//
//     for (const field_name& field : hmat_field_names(1, 0)) {
//         print(field.offset, field.size, field.name);   // 12, 4, "Processor Proximity Domain"
//     }
//
// Everything has static storage; thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace hetmem::acpi {

/// A field in the fixed part of a table's header or of a structure.
struct field_name {
    std::uint16_t offset; ///< bytes from the start of the header or structure
    std::uint16_t size;   ///< bytes
    std::string_view name;
};

/// A bit, or several, of a flags or attributes field.
struct bits_name {
    std::uint8_t lowest;
    std::uint8_t count;
    std::string_view name;
};

/// The header that HMAT, SRAT and SLIT share, and what follows it before the structures. CDAT's own
/// for "CDAT". Empty for another signature.
std::span<const field_name> header_field_names(std::string_view signature);

/// "" or empty for types that the specification does not define.
std::string_view hmat_structure_name(unsigned revision, unsigned type);
std::span<const field_name> hmat_field_names(unsigned revision, unsigned type);
/// Of the flags (types 0 and 1) or the cache attributes (type 2).
std::span<const bits_name> hmat_bits_names(unsigned revision, unsigned type);
/// What the hierarchy nibble of a locality stands for.
std::string_view hmat_hierarchy_name(unsigned revision, unsigned hierarchy);

std::string_view srat_structure_name(unsigned type);
std::span<const field_name> srat_field_names(unsigned type);
std::span<const bits_name> srat_flag_names(unsigned type);

std::string_view cdat_structure_name(unsigned type);
std::span<const field_name> cdat_field_names(unsigned type);

} // namespace hetmem::acpi
