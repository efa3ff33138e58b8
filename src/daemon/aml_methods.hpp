// daemon/aml_methods.hpp: the firmware's AML (DSDT and SSDTs) as the kernel loaded it.
#pragma once

#include "kernel/rooted.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace hetmem::daemon {

struct aml_table {
    std::string path; ///< "sys/firmware/acpi/tables/SSDT3"
    std::vector<std::byte> bytes;
};

struct aml_tables {
    std::vector<aml_table> tables; ///< the DSDT, the SSDTs by number, those loaded at run time
    std::string unreadable;        ///< the first that could not be read, and why; "" when all could
};

/// /sys/firmware/acpi/tables/{DSDT,SSDT*} and dynamic/SSDT*.
aml_tables read_aml(const kernel::rooted_reader& machine);

/// Whether the name _HMA occurs. AML spells names out, four characters a segment (ACPI 6.4,
/// 20.2.2), so what does not contain these bytes cannot define the method.
bool mentions_hma(std::span<const std::byte> aml);

} // namespace hetmem::daemon
