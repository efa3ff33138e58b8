// acpi/table_diff.hpp: what two tables of one kind say differently.
//
//     const table_difference d = compare_tables(before, after);
//     for (const figure_change& f : d.figures) {
//         print(to_string(f.kind), f.initiator, f.target, f.before, f.after);
//     }
//
// Figures are compared as they are meant, whatever the base unit and the structures that they stand
// in. Pure; thread-safe.
#pragma once

#include <acpi/normalize.hpp>
#include <acpi/table_form.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace hetmem::acpi {

/// One cell of a latency or bandwidth matrix of an HMAT.
struct figure_change {
    data_type kind{};  ///< of reading or of writing, never of access
    std::string about; ///< "" for the memory itself; "1st Level Memory Side Cache", ...
    std::uint32_t initiator = 0;
    std::uint32_t target = 0;
    cell before;
    cell after;
    friend bool operator==(const figure_change&, const figure_change&) = default;
};

/// A distance of a SLIT.
struct distance_change {
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    std::uint8_t before = 0;
    std::uint8_t after = 0;
    friend bool operator==(const distance_change&, const distance_change&) = default;
};

struct field_change {
    std::string of;    ///< the structure; "" for the header
    std::string field; ///< in the specification's words
    std::string before;
    std::string after;
    friend bool operator==(const field_change&, const field_change&) = default;
};

struct table_difference {
    table_kind kind{};
    bool same_bytes = false;
    std::vector<figure_change> figures;
    std::vector<distance_change> distances;
    std::vector<std::string> added; ///< structures
    std::vector<std::string> removed;
    std::vector<field_change> fields;
    std::vector<std::string> form; ///< what is written otherwise and means the same

    /// Whether all figures, distances and structures are the same, header aside.
    bool same_content() const;
};

/// Throws malformed_file when one is no table, or they are of different kinds.
table_difference compare_tables(std::span<const std::byte> before,
                                std::span<const std::byte> after);

} // namespace hetmem::acpi
