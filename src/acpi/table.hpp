// acpi/table.hpp: what the decoders of HMAT, SRAT, SLIT and CDAT have in common (of use inside
// src/acpi only): opening a table, cutting it into structures, putting it together again.
//
// A table's format is a type with
//     static constexpr std::string_view name;        "HMAT"
//     using type_field = ...;                        width of a structure's type
//     static constexpr std::size_t head_size;        of a structure: type, reserved, length
//     static structure_head read_head(bytes);
//     static void write_unknown(field_writer&, const unknown_structure&);
//     static std::string_view linux_on_zero_length, linux_on_cut(type)
#pragma once

#include <acpi/bytes.hpp>
#include <acpi/decoded.hpp>
#include <acpi/defect_list.hpp>
#include <acpi/header.hpp>
#include <acpi/structure.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

namespace hetmem::acpi {

template <> struct layout<table_header> {
    static constexpr void of(auto& io, auto& h) {
        io(h.signature, h.length, h.revision, h.checksum, h.oem_id, h.oem_table_id, h.oem_revision,
           h.creator_id, h.creator_revision);
    }
};

/// Checks signature, length and checksum of an ACPI table whose fixed part is `minimum` bytes.
/// Nothing when it is too short for that or is another table. `table` becomes the part of `bytes`
/// in which structures may be.
std::optional<table_header> open_table(std::span<const std::byte> bytes, std::string_view signature,
                                       std::size_t minimum, std::span<const std::byte>& table,
                                       defect_list& defects);

/// The part of `bytes` that the table's own length says is the table: all of them when the length
/// is impossible. Reports a length that does not fit. True when the checksum can be judged.
bool bound_table(std::span<const std::byte> bytes, std::uint32_t length, std::size_t minimum,
                 std::size_t length_offset, std::span<const std::byte>& table,
                 defect_list& defects);

/// A structure as it stands in its table.
struct structure_head {
    std::uint16_t type = 0;
    std::uint16_t reserved = 0;
    std::uint32_t length = 0;
};

struct raw_structure {
    std::uint64_t offset = 0; ///< in the table
    structure_head head;
    std::span<const std::byte> bytes; ///< head included; shorter than head.length when cut
    bool cut() const { return bytes.size() < head.length; }
};

/// Calls on_structure(raw) for one structure after the other; it says whether it understood it.
/// Returns where reading ended: the end of the table or the first byte that cannot be cut further.
template <class Format, class OnStructure>
std::size_t walk_structures(std::span<const std::byte> table, std::size_t begin,
                            defect_list& defects, OnStructure&& on_structure) {
    std::size_t at = begin;
    std::size_t not_understood = 0;
    while (at < table.size()) {
        const auto rest = table.subspan(at);
        if (rest.size() < Format::head_size) {
            defects.add(at, [&] {
                return defect_text{
                    fmt::format("the end of the table, or {} bytes and more", Format::head_size),
                    fmt::format("{} bytes", rest.size()), "does not look at them"};
            });
            return at;
        }
        raw_structure raw{at, Format::read_head(rest), {}};
        if (raw.head.length < Format::head_size) {
            defects.add(at, [&] {
                return defect_text{
                    fmt::format("a structure length of {} bytes and more", Format::head_size),
                    fmt::format("{}; the rest of the table cannot be divided", raw.head.length),
                    std::string(raw.head.length == 0 ? Format::linux_on_zero_length : "")};
            });
            return at;
        }
        raw.bytes = rest.first(std::min<std::size_t>(raw.head.length, rest.size()));
        if (raw.cut()) {
            defects.add(at, [&] {
                return defect_text{
                    fmt::format("a structure of at most {} bytes, up to the end of the table",
                                rest.size()),
                    fmt::format("length {}", raw.head.length),
                    std::string(Format::linux_on_cut(raw.head.type))};
            });
        }
        if (!on_structure(raw)) {
            ++not_understood;
        }
        at += raw.bytes.size();
        if (not_understood == max_unknown_structures && at < table.size()) {
            defects.add(at, [&] {
                return defect_text{
                    fmt::format("fewer than {} structures of unknown type or impossible length",
                                max_unknown_structures),
                    fmt::format("more; the last {} bytes are not divided", table.size() - at)};
            });
            return at;
        }
    }
    return at;
}

/// The bytes of a structure up to where its trailing or repeated part begins, its type included.
template <class Format, class S> constexpr std::size_t fixed_size() {
    field_counter count;
    S structure{};
    layout<S>::of(count, structure);
    return sizeof(typename Format::type_field) + count.size();
}

/// The fixed part of a structure that has enough bytes for it. `rest` becomes what follows it.
template <class Format, class S>
S read_fixed(const raw_structure& raw, std::span<const std::byte>& rest) {
    S structure{};
    field_reader read(raw.bytes.subspan(sizeof(typename Format::type_field)));
    layout<S>::of(read, structure);
    rest = read.rest();
    return structure;
}

inline unknown_structure keep_raw(const raw_structure& raw, std::size_t head_size) {
    return {raw.head.type, raw.head.reserved, raw.head.length,
            to_vector(raw.bytes.subspan(head_size))};
}

template <class Format>
void write_structure(std::vector<std::byte>& out, const unknown_structure& structure) {
    field_writer write(out);
    Format::write_unknown(write, structure);
    out.insert(out.end(), structure.body.begin(), structure.body.end());
}

/// A structure of known type: fixed part, repeated part, trailing bytes.
template <class Format, class S>
void write_structure(std::vector<std::byte>& out, const S& structure) {
    field_writer write(out);
    write(static_cast<typename Format::type_field>(structure.type));
    layout<S>::of(write, structure);
    Format::write_repeated(out, structure);
    out.insert(out.end(), structure.trailing.begin(), structure.trailing.end());
}

template <class Format> std::size_t encoded_size(const unknown_structure& structure) {
    return Format::head_size + structure.body.size();
}

template <class Format, class S> std::size_t encoded_size(const S& structure) {
    return fixed_size<Format, S>() + Format::repeated_size(structure) + structure.trailing.size();
}

/// Where each structure begins; one more entry at the end for what follows the last.
template <class Format, class Structures>
std::vector<std::uint64_t> offsets_of(const Structures& structures, std::size_t begin) {
    std::vector<std::uint64_t> offsets;
    offsets.reserve(structures.size() + 1);
    std::uint64_t at = begin;
    for (const auto& structure : structures) {
        offsets.push_back(at);
        at += std::visit([](const auto& s) { return encoded_size<Format>(s); }, structure);
    }
    offsets.push_back(at);
    return offsets;
}

template <class Format, class Structures>
void write_structures(std::vector<std::byte>& out, const Structures& structures) {
    for (const auto& structure : structures) {
        std::visit([&](const auto& s) { write_structure<Format>(out, s); }, structure);
    }
}

template <class Format, class Structures> void seal_structures(Structures& structures) {
    for (auto& structure : structures) {
        std::visit(
            [](auto& s) { s.length = static_cast<decltype(s.length)>(encoded_size<Format>(s)); },
            structure);
    }
}

/// The value of the checksum byte, now zero, that makes all bytes add up to zero.
inline std::uint8_t checksum_for(std::span<const std::byte> bytes) {
    return static_cast<std::uint8_t>(0U - byte_sum(bytes));
}

} // namespace hetmem::acpi
