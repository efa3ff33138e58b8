// acpi/self_check.hpp: where a table that is well formed says two things of one pair.
#pragma once

#include <acpi/hmat.hpp>

#include <hetmem/defect.hpp>

#include <vector>

namespace hetmem::acpi {

/// Figures of one pair, quantity and memory level that different structures give differently. That
/// one says nothing, or speaks of another pattern of access (a minimum transfer size, transfers
/// that are not sequential), contradicts nobody. Of each contradiction the later place is told. At
/// most max_defects and one that counts the rest. Thread-safe.
std::vector<defect> check_hmat_against_itself(const hmat& table);

} // namespace hetmem::acpi
