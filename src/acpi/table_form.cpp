#include <acpi/table_form.hpp>

#include <acpi/table.hpp>

#include <hetmem/error.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include <fmt/format.h>

namespace hetmem::acpi {
namespace {

constexpr std::array<std::string_view, 4> kind_names{"HMAT", "SRAT", "SLIT", "CDAT"};
/// Structure types of any of the tables are below this.
constexpr unsigned type_limit = 8;
/// A CDAT is a few hundred bytes; what says that it has more than this is something else.
constexpr std::uint32_t most_of_a_cdat = 0x00FF'FFFF;

// CDAT 1.03, tables 3, 4 and 6; the cache attributes and the hierarchy are those of the HMAT.
constexpr bits_name dsmas_flags[] = {{2, 1, "NonVolatile"}};
constexpr bits_name dslbis_flags[] = {{0, 4, "Memory Hierarchy"}};
constexpr bits_name dsis_flags[] = {{0, 1, "Memory Attached"}};

/// "OEM Table ID" becomes "oem_table_id".
std::string key_of(std::string_view name) {
    std::string key;
    for (const char c : name) {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
            key += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        } else if (!key.empty() && key.back() != '_') {
            key += '_';
        }
    }
    if (key.ends_with('_')) {
        key.pop_back();
    }
    return key;
}

std::span<const bits_name> bits_for(table_kind kind, unsigned revision, unsigned type) {
    switch (kind) {
    case table_kind::hmat:
        return hmat_bits_names(revision, type);
    case table_kind::srat:
        return srat_flag_names(type);
    case table_kind::cdat:
        switch (type) {
        case dsmas::type:
            return dsmas_flags;
        case dslbis::type:
            return dslbis_flags;
        case dsmscis::type:
            return hmat_bits_names(2, side_cache::type);
        case dsis::type:
            return dsis_flags;
        default:
            return {};
        }
    case table_kind::slit:
        break;
    }
    return {};
}

field_look look_of(std::string_view name) {
    if (name.starts_with("Reserved")) {
        return field_look::reserved;
    }
    if (name == "Signature" || name == "OEMID" || name == "OEM Table ID" || name == "Creator ID") {
        return field_look::characters;
    }
    if (name == "Data Type") {
        return field_look::kind;
    }
    if (name == "Device Handle") {
        return field_look::handle;
    }
    const bool is_address = name.find("Address") != std::string_view::npos ||
                            name.find("Range") != std::string_view::npos || name.starts_with("DPA");
    return is_address && name != "Address Mode" ? field_look::address : field_look::number;
}

field_role role_of(std::string_view name) {
    constexpr std::pair<std::string_view, field_role> roles[] = {
        {"Type", field_role::type},
        {"Length", field_role::length},
        {"Checksum", field_role::checksum},
        {"Signature", field_role::signature},
    };
    for (const auto& [of, role] : roles) {
        if (name == of) {
            return role;
        }
    }
    return name.starts_with("Number of ") ? field_role::count : field_role::plain;
}

/// Later additions to the specifications, and what is 0 as a rule.
bool is_minor(std::string_view name) {
    return name == "Proximity Domain [31:8]" || name == "Minimum Transfer Size" ||
           name == "Address Mode" || name == "Clock Domain" || name == "Local SAPIC EID" ||
           name == "Entry[1]" || name == "Entry[2]";
}

field_form make_field(const field_name& named, std::span<const bits_name> bits) {
    field_form field;
    field.offset = named.offset;
    field.size = named.size;
    field.name = named.name;
    field.look = look_of(named.name);
    field.role = role_of(named.name);
    field.key = key_of(named.name);
    if (field.look == field_look::reserved) {
        field.key = fmt::format("reserved_at_{}", named.offset);
        field.usual = named.name == "Reserved (must be 1)" ? 1 : 0;
    }
    if (!bits.empty() && (named.name == "Flags" || named.name == "Cache Attributes")) {
        field.look = field_look::bits;
        field.bits = bits;
    }
    field.may_be_absent = field.look == field_look::reserved || field.role != field_role::plain ||
                          is_minor(named.name);
    return field;
}

structure_form make_form(unsigned type, std::string_view name, std::span<const field_name> names,
                         std::span<const bits_name> bits) {
    structure_form form{type, name, {}, 0};
    for (const field_name& named : names) {
        form.fields.push_back(make_field(named, bits));
        form.size = std::max<std::size_t>(form.size, named.offset + named.size);
    }
    return form;
}

std::vector<structure_form> make_forms(table_kind kind, unsigned revision) {
    std::vector<structure_form> forms;
    for (unsigned type = 0; type < type_limit; ++type) {
        std::string_view name;
        std::span<const field_name> fields;
        switch (kind) {
        case table_kind::hmat:
            name = hmat_structure_name(revision, type);
            fields = hmat_field_names(revision, type);
            break;
        case table_kind::srat:
            name = srat_structure_name(type);
            fields = srat_field_names(type);
            break;
        case table_kind::cdat:
            name = cdat_structure_name(type);
            fields = cdat_field_names(type);
            break;
        case table_kind::slit:
            break;
        }
        if (!fields.empty()) {
            forms.push_back(make_form(type, name, fields, bits_for(kind, revision, type)));
        }
    }
    return forms;
}

template <class Table>
void add_structures(table_parts& parts, const Table& table, std::span<const std::byte> bytes) {
    const auto offsets = structure_offsets(table);
    for (std::size_t i = 0; i < table.structures.size(); ++i) {
        table_piece piece;
        piece.offset = offsets[i];
        piece.bytes = bytes.subspan(offsets[i], offsets[i + 1] - offsets[i]);
        const auto* raw = std::get_if<unknown_structure>(&table.structures[i]);
        piece.type = raw != nullptr ? raw->type
                                    : static_cast<unsigned>(load_number(
                                          piece.bytes, 0, parts.kind == table_kind::hmat ? 2 : 1));
        piece.form = raw != nullptr ? nullptr : form_of(parts.kind, parts.revision, piece.type);
        parts.structures.push_back(piece);
    }
    parts.trailing = bytes.subspan(offsets.back());
}

template <class Table>
void take(table_parts& parts, decoded<Table> read, std::span<const std::byte> bytes) {
    parts.defects = std::move(read.defects);
    if (!read.table) {
        const std::string found =
            parts.defects.empty() ? fmt::format("{} bytes", bytes.size()) : parts.defects[0].found;
        const std::string expected =
            parts.defects.empty() ? "a whole table" : parts.defects[0].expected;
        throw malformed_file(
            fmt::format("{}: expected {}, found {}", to_string(parts.kind), expected, found));
    }
    parts.revision = read.table->header.revision;
    parts.head = bytes.first(table_head_size(parts.kind));
    if constexpr (std::is_same_v<Table, slit>) {
        parts.trailing = bytes.last(read.table->trailing.size());
    } else {
        add_structures(parts, *read.table, bytes);
    }
    parts.table = std::move(*read.table);
}

bool is_text(std::string_view signature) {
    return !signature.empty() &&
           std::ranges::all_of(signature, [](char c) { return c >= 0x20 && c <= 0x7E; });
}

} // namespace

std::string_view to_string(table_kind kind) {
    return kind_names[static_cast<std::size_t>(kind)];
}

std::optional<table_kind> parse_table_kind(std::string_view name) {
    const auto* const found = std::ranges::find(kind_names, name);
    if (found == kind_names.end()) {
        return std::nullopt;
    }
    return static_cast<table_kind>(found - kind_names.begin());
}

std::span<const structure_form> all_forms(table_kind kind, unsigned revision) {
    static const std::array<std::vector<structure_form>, 5> forms{
        make_forms(table_kind::hmat, 1), make_forms(table_kind::srat, 0),
        make_forms(table_kind::slit, 0), make_forms(table_kind::cdat, 0),
        make_forms(table_kind::hmat, 2)};
    const bool second = kind == table_kind::hmat && revision >= 2;
    return forms[second ? forms.size() - 1 : static_cast<std::size_t>(kind)];
}

const structure_form* form_of(table_kind kind, unsigned revision, unsigned type) {
    const auto forms = all_forms(kind, revision);
    const auto found = std::ranges::find(forms, type, &structure_form::type);
    return found == forms.end() ? nullptr : &*found;
}

const structure_form& header_form_of(table_kind kind) {
    static const std::array<structure_form, 4> forms{
        make_form(0, "", header_field_names("HMAT"), {}),
        make_form(0, "", header_field_names("SRAT"), {}),
        make_form(0, "", header_field_names("SLIT"), {}),
        make_form(0, "", header_field_names("CDAT"), {})};
    return forms[static_cast<std::size_t>(kind)];
}

std::size_t structure_head_size(table_kind kind) {
    const length_field length = length_field_of(kind);
    return length.offset + length.size;
}

std::size_t type_size_of(table_kind kind) {
    return kind == table_kind::hmat ? 2 : 1;
}

unsigned hmat_revision_of(table_kind kind, unsigned revision) {
    constexpr unsigned of_cdat = 2;
    return kind == table_kind::cdat ? of_cdat : revision;
}

length_field length_field_of(table_kind kind) {
    switch (kind) {
    case table_kind::hmat:
        return {4, 4};
    case table_kind::cdat:
        return {2, 2};
    case table_kind::srat:
    case table_kind::slit:
        break;
    }
    return {1, 1};
}

length_field table_length_field(table_kind kind) {
    return {kind == table_kind::cdat ? std::size_t{0} : std::size_t{4}, 4};
}

std::size_t table_checksum_offset(table_kind kind) {
    constexpr std::size_t of_cdat = 5;
    return kind == table_kind::cdat ? of_cdat : checksum_offset;
}

std::size_t table_head_size(table_kind kind) {
    return header_form_of(kind).size;
}

std::uint64_t load_number(std::span<const std::byte> bytes, std::size_t offset, std::size_t size) {
    std::uint64_t value = 0;
    for (std::size_t i = size; i-- > 0;) {
        value = value << 8 | std::to_integer<std::uint64_t>(bytes[offset + i]);
    }
    return value;
}

void store_number(std::span<std::byte> bytes, std::size_t offset, std::size_t size,
                  std::uint64_t value) {
    for (std::size_t i = 0; i < size; ++i) {
        bytes[offset + i] = static_cast<std::byte>(value >> (8 * i));
    }
}

std::uint64_t largest(std::size_t size) {
    return size >= sizeof(std::uint64_t) ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * size)) - 1;
}

std::string_view word_for_bits(const bits_name& bits, unsigned hmat_revision, std::uint64_t value) {
    if (bits.name == "Memory Hierarchy") {
        return hmat_hierarchy_name(hmat_revision, static_cast<unsigned>(value));
    }
    if (bits.name == "Cache Associativity") {
        return to_string(static_cast<cache_associativity>(value));
    }
    if (bits.name == "Write Policy") {
        return to_string(static_cast<cache_write_policy>(value));
    }
    return {};
}

std::string key_for(const bits_name& bits) {
    return key_of(bits.name);
}

std::uint64_t named_bits(std::span<const bits_name> bits) {
    std::uint64_t mask = 0;
    for (const bits_name& named : bits) {
        mask |= ((std::uint64_t{1} << named.count) - 1) << named.lowest;
    }
    return mask;
}

const locality* table_parts::matrix(std::size_t piece) const {
    const auto* whole = std::get_if<hmat>(&table);
    return whole == nullptr ? nullptr : std::get_if<locality>(&whole->structures[piece]);
}

std::optional<table_kind> kind_of(std::span<const std::byte> bytes) {
    const std::string_view signature = signature_of(bytes);
    if (is_text(signature)) {
        const auto kind = parse_table_kind(signature);
        return kind == table_kind::cdat ? std::nullopt : kind;
    }
    if (bytes.size() >= cdat_header_size && load<std::uint32_t>(bytes.data()) <= most_of_a_cdat) {
        return table_kind::cdat;
    }
    return std::nullopt;
}

table_parts cut_table(std::span<const std::byte> bytes) {
    const auto kind = kind_of(bytes);
    if (!kind) {
        const std::string_view signature = signature_of(bytes);
        throw malformed_file(
            is_text(signature)
                ? fmt::format("expected an HMAT, SRAT, SLIT or CDAT, found \"{}\"", signature)
                : fmt::format("expected an HMAT, SRAT, SLIT or CDAT, found {} bytes that are none",
                              bytes.size()));
    }
    table_parts parts;
    parts.kind = *kind;
    parts.all = bytes;
    switch (*kind) {
    case table_kind::hmat:
        take(parts, decode_hmat(bytes), bytes);
        break;
    case table_kind::srat:
        take(parts, decode_srat(bytes), bytes);
        break;
    case table_kind::slit:
        take(parts, decode_slit(bytes), bytes);
        break;
    case table_kind::cdat:
        take(parts, decode_cdat(bytes), bytes);
        break;
    }
    return parts;
}

} // namespace hetmem::acpi
