// acpi/cross_check.hpp: what is wrong with tables that are each well formed but do not fit each
// other.
#pragma once

#include <acpi/hmat.hpp>
#include <acpi/srat.hpp>

#include <hetmem/defect.hpp>

#include <vector>

namespace hetmem::acpi {

/// Proximity domains and ranges of the HMAT that the SRAT does not have. Some of them make Linux
/// drop the whole HMAT. Offsets are those of the HMAT. At most max_defects and one that counts the
/// rest. Thread-safe.
std::vector<defect> check_hmat_against_srat(const hmat& attributes, const srat& affinity);

} // namespace hetmem::acpi
