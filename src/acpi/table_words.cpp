#include <acpi/table_words.hpp>

#include <acpi/table_values.hpp>

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace hetmem::acpi {
namespace {

/// A part of a structure that tells it from others of its type.
struct identity_part {
    table_kind kind;
    unsigned type;
    std::size_t offset;
    std::size_t size;
    const char* words; ///< with a place for the number
};

constexpr identity_part identity_parts[] = {
    {table_kind::hmat, 0, 16, 4, "domain {}"},
    {table_kind::hmat, 2, 8, 4, "domain {}"},
    {table_kind::srat, 0, 3, 1, "APIC ID {}"},
    {table_kind::srat, 0, 8, 1, ""},
    {table_kind::srat, 1, 8, 8, "base address 0x{:x}"},
    {table_kind::srat, 2, 8, 4, "X2APIC ID {}"},
    {table_kind::srat, 3, 6, 4, "ACPI processor UID {}"},
    {table_kind::srat, 4, 8, 4, "ITS ID {}"},
    {table_kind::srat, 7, 8, 4, "ACPI processor UID {}"},
    {table_kind::cdat, 0, 4, 1, "handle {}"},
    {table_kind::cdat, 1, 4, 1, "handle {}"},
    {table_kind::cdat, 1, 5, 2, ""}, // flags and data type
    {table_kind::cdat, 2, 4, 1, "handle {}"},
    {table_kind::cdat, 3, 5, 1, "handle {}"},
    {table_kind::cdat, 4, 4, 1, "handle {}"},
    {table_kind::cdat, 4, 8, 8, "offset 0x{:x}"},
    {table_kind::cdat, 5, 4, 1, ""},
};

constexpr std::size_t handle_type_at = 3;
constexpr std::size_t handle_at = 8;
constexpr std::size_t handle_size = 16;
constexpr std::size_t cache_attributes_at = 24;

bool is_generic(table_kind kind, unsigned type) {
    return kind == table_kind::srat &&
           (type == generic_affinity::initiator || type == generic_affinity::port);
}

std::string device_words(const table_piece& piece) {
    return handle_text(std::to_integer<std::uint8_t>(piece.bytes[handle_type_at]),
                       piece.bytes.subspan(handle_at, handle_size));
}

std::string bits_words(const field_form& field, std::uint64_t value, unsigned revision) {
    std::string words;
    const auto add = [&](const std::string& more) { words += (words.empty() ? "" : ", ") + more; };
    for (const bits_name& bits : field.bits) {
        const std::uint64_t part = bits_of(value, bits);
        if (bits.count == 1) {
            if (part != 0) {
                add(std::string(bits.name));
            }
            continue;
        }
        const std::string_view word = word_for_bits(bits, revision, part);
        add(word.empty() ? fmt::format("{} {}", bits.name, part)
                         : fmt::format("{} {}", bits.name, word));
    }
    if (const std::uint64_t other = value & ~named_bits(field.bits); other != 0) {
        add(fmt::format("undefined bits 0x{:x}", other));
    }
    return words.empty() ? "none" : words;
}

} // namespace

std::string field_words(std::span<const std::byte> bytes, const field_form& field,
                        unsigned revision) {
    const auto raw = bytes.subspan(field.offset, field.size);
    switch (field.look) {
    case field_look::characters:
        return fmt::format("\"{}\"",
                           field_text({reinterpret_cast<const char*>(raw.data()), raw.size()}));
    case field_look::handle:
        return handle_text(std::to_integer<std::uint8_t>(bytes[handle_type_at]), raw);
    default:
        break;
    }
    const std::uint64_t value = load_field(bytes, field);
    switch (field.look) {
    case field_look::kind:
        return is_known(static_cast<data_type>(value))
                   ? std::string(to_string(static_cast<data_type>(value)))
                   : fmt::format("{} (unknown)", value);
    case field_look::bits:
        return bits_words(field, value, revision);
    case field_look::address:
    case field_look::reserved:
        return fmt::format("0x{:x}", value);
    default:
        return field.role == field_role::checksum ? fmt::format("0x{:02x}", value)
                                                  : fmt::format("{}", value);
    }
}

std::string identity_words(table_kind kind, const table_piece& piece) {
    if (piece.form == nullptr) {
        return {};
    }
    if (is_generic(kind, piece.type)) {
        return device_words(piece);
    }
    std::string words;
    for (const identity_part& part : identity_parts) {
        if (part.kind == kind && part.type == piece.type && part.words[0] != '\0') {
            words += words.empty() ? "" : ", ";
            words += fmt::format(fmt::runtime(part.words),
                                 load_number(piece.bytes, part.offset, part.size));
        }
    }
    if (kind == table_kind::hmat && piece.type == side_cache::type) {
        const cache_attributes attributes{
            static_cast<std::uint32_t>(load_number(piece.bytes, cache_attributes_at, 4))};
        words += fmt::format(", level {}", attributes.level());
    }
    if (kind == table_kind::cdat && (piece.type == dslbis::type || piece.type == sslbis::type)) {
        constexpr std::size_t device_kind_at = 6;
        constexpr std::size_t switch_kind_at = 4;
        const auto kind_of_data = static_cast<data_type>(load_number(
            piece.bytes, piece.type == dslbis::type ? device_kind_at : switch_kind_at, 1));
        words += (words.empty() ? "" : ", ") + std::string(to_string(kind_of_data));
    }
    return words;
}

std::string identity_of(table_kind kind, const table_piece& piece) {
    std::string identity = fmt::format("{}{}", piece.form == nullptr ? "raw " : "", piece.type);
    if (piece.form == nullptr) {
        return identity + " " +
               to_hex(piece.bytes.first(
                   std::min<std::size_t>(piece.bytes.size(), structure_head_size(kind))));
    }
    if (is_generic(kind, piece.type)) {
        return identity + " " + device_words(piece);
    }
    for (const identity_part& part : identity_parts) {
        if (part.kind == kind && part.type == piece.type) {
            identity += fmt::format(" {}", load_number(piece.bytes, part.offset, part.size));
        }
    }
    if (kind == table_kind::hmat && piece.type == side_cache::type) {
        identity += fmt::format(" {}", load_number(piece.bytes, cache_attributes_at, 1) >> 4);
    }
    return identity;
}

std::string structure_words(table_kind kind, const table_piece& piece) {
    if (piece.form == nullptr) {
        return fmt::format("structure of type {}, {} bytes", piece.type, piece.bytes.size());
    }
    const std::string identity = identity_words(kind, piece);
    return identity.empty() ? std::string(piece.form->name)
                            : fmt::format("{}, {}", piece.form->name, identity);
}

} // namespace hetmem::acpi
