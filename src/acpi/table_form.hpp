// acpi/table_form.hpp: a table cut into header, structures and rest, and what the fields of each
// are called: what JSON, text and comparisons of tables have in common.
//
//     const table_parts parts = cut_table(bytes);
//     for (const table_piece& piece : parts.structures) {
//         for (const field_form& field : form_of(parts.kind, parts.revision, piece.type).fields) {
//             print(field.name, load_field(piece.bytes, field));
//         }
//     }
//
// Pure; thread-safe.
#pragma once

#include <acpi/cdat.hpp>
#include <acpi/hmat.hpp>
#include <acpi/names.hpp>
#include <acpi/slit.hpp>
#include <acpi/srat.hpp>

#include <hetmem/defect.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace hetmem::acpi {

enum class table_kind : std::uint8_t { hmat, srat, slit, cdat };
/// "HMAT"
std::string_view to_string(table_kind);
std::optional<table_kind> parse_table_kind(std::string_view name);

/// What a field's bytes stand for.
enum class field_look : std::uint8_t {
    number,
    address,    ///< a number that people know in hexadecimal
    characters, ///< padded with NULs or spaces
    kind,
    bits,
    handle,
    reserved, ///< 0, or what `usual` says
};

/// Which fields are known without being told.
enum class field_role : std::uint8_t { plain, type, length, checksum, signature, count };

struct field_form {
    std::uint16_t offset = 0; ///< in the header or structure
    std::uint16_t size = 0;   ///< bytes
    std::string_view name;    ///< in the specification's words
    std::string key;          ///< the same for a JSON member: "proximity_domain"
    field_look look = field_look::number;
    field_role role = field_role::plain;
    std::span<const bits_name> bits;
    std::uint64_t usual = 0; ///< what it is when nobody says
    bool may_be_absent = false;
};

/// The fixed part of a header or of a structure.
struct structure_form {
    unsigned type = 0;
    std::string_view name; ///< "" for a header
    std::vector<field_form> fields;
    std::size_t size = 0; ///< bytes of the fixed part
};

/// Null for types that the specification does not define. SLIT has no structures.
const structure_form* form_of(table_kind kind, unsigned revision, unsigned type);
const structure_form& header_form_of(table_kind kind);
/// Every defined structure of a table.
std::span<const structure_form> all_forms(table_kind kind, unsigned revision);

/// The bytes of a structure's type, reserved field and length.
std::size_t structure_head_size(table_kind kind);
/// Where, within a structure, the length stands, and in how many bytes.
struct length_field {
    std::size_t offset;
    std::size_t size;
};
length_field length_field_of(table_kind kind);
/// How many bytes the type before it takes; what lies between is reserved.
std::size_t type_size_of(table_kind kind);
/// The same of the whole table; the checksum is one byte.
length_field table_length_field(table_kind kind);
std::size_t table_checksum_offset(table_kind kind);
/// The bytes of a table's header and what follows it before the structures.
std::size_t table_head_size(table_kind kind);

/// Little-endian, of at most eight bytes. The bytes must be there.
std::uint64_t load_number(std::span<const std::byte> bytes, std::size_t offset, std::size_t size);
void store_number(std::span<std::byte> bytes, std::size_t offset, std::size_t size,
                  std::uint64_t value);
inline std::uint64_t load_field(std::span<const std::byte> bytes, const field_form& field) {
    return load_number(bytes, field.offset, field.size);
}
/// The largest number that so many bytes hold.
std::uint64_t largest(std::size_t size);

/// A part of a bits field.
inline std::uint64_t bits_of(std::uint64_t value, const bits_name& bits) {
    return (value >> bits.lowest) & ((std::uint64_t{1} << bits.count) - 1);
}
/// The revision of the HMAT whose units and words a table uses: its own, but CDAT counts as
/// revision 2 does.
unsigned hmat_revision_of(table_kind kind, unsigned revision);
/// Of several bits, what a number means: "direct", "Memory"; "" when there is no word.
std::string_view word_for_bits(const bits_name& bits, unsigned hmat_revision, std::uint64_t value);
/// "Memory Hierarchy" as a JSON member: "memory_hierarchy".
std::string key_for(const bits_name& bits);
/// The bits that the specification names.
std::uint64_t named_bits(std::span<const bits_name> bits);

/// A structure where it stands.
struct table_piece {
    std::uint64_t offset = 0;
    unsigned type = 0;
    /// Null: of a type that nobody knows, or too short for its type.
    const structure_form* form = nullptr;
    std::span<const std::byte> bytes;
};

using any_table = std::variant<hmat, srat, slit, cdat>;

struct table_parts {
    table_kind kind{};
    unsigned revision = 0;
    std::span<const std::byte> all;
    std::span<const std::byte> head;
    std::vector<table_piece> structures; ///< of a SLIT none
    std::span<const std::byte> trailing;
    any_table table;
    std::vector<defect> defects;

    /// The decoded structure of a piece of an HMAT, if it could be read.
    const locality* matrix(std::size_t piece) const;
};

/// `bytes` must outlive what is returned. A CDAT is what has no signature. Throws malformed_file
/// when the bytes are no table of a kind that is known, saying what was found.
table_parts cut_table(std::span<const std::byte> bytes);

/// Nothing when these are no bytes of a table that can be cut.
std::optional<table_kind> kind_of(std::span<const std::byte> bytes);

} // namespace hetmem::acpi
