// check/hmat_builder_cells.hpp: single cells of a matrix of the HMAT changed, all others kept.
#pragma once

#include <acpi/hmat.hpp>

#include <hetmem/topology.hpp>

#include <cstdint>
#include <span>
#include <vector>

namespace hetmem::detail {

struct cell_value {
    std::uint32_t initiator = 0; ///< proximity domains
    std::uint32_t target = 0;
    std::uint64_t value = 0; ///< picoseconds or bytes per second
    friend bool operator==(const cell_value&, const cell_value&) = default;
};

/// A cell that had to move because the base unit did.
struct moved_cell {
    std::uint32_t initiator = 0;
    std::uint32_t target = 0;
    std::uint64_t before = 0;
    std::uint64_t after = 0;
    friend bool operator==(const moved_cell&, const moved_cell&) = default;
};

/// The data type that tells of one quantity and no other.
acpi::data_type kind_of(quantity what);

/// How far a cell may be from what was asked for, in parts of a thousand.
inline constexpr std::uint64_t permille_off = 5;

/// What the structure says of a pair; unknown also where it has no such row or column.
acpi::cell value_in(const acpi::locality& matrix, unsigned revision, std::uint32_t initiator,
                    std::uint32_t target);

/// Whether the cell is already what is asked for, as near as the base unit can tell it.
bool says_already(const acpi::locality& matrix, unsigned revision, const cell_value& wanted);

/// Sets cells; rows and columns that are not there are added, with nothing else in them. The base
/// unit stays when it tells the values within 0.5 %; otherwise it becomes one in which all other
/// cells keep their values; where there is none, the cells that moved are returned. Throws
/// hetmem::error (EINVAL) when no base unit can tell the largest beside the smallest.
std::vector<moved_cell> set_cells(acpi::locality& matrix, unsigned revision,
                                  std::span<const cell_value> wanted);

} // namespace hetmem::detail
