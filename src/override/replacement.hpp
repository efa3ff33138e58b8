// override/replacement.hpp: a table that Linux takes in place of the firmware's.
//
//     prepared_table hmat = prepare_table("HMAT", bytes, in_force, {});
//     write(hmat.bytes);              // OEM IDs, OEM revision, length and checksum are right
//
// From acpi_table_initrd_override() of drivers/acpi/tables.c: signature, OEM ID and OEM table ID
// must be those of the table that is replaced, and the OEM revision higher; otherwise the table is
// added as a further one, which nobody reads. A table that the firmware does not have is installed
// as it is.
#pragma once

#include "check/override_record.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hetmem::detail {

struct prepared_table {
    std::vector<std::byte> bytes;
    overridden_table record;
    std::vector<std::string> remarks; ///< what was changed in it, a sentence each
};

/// name: what errors call the table ("new-hmat.aml"). in_force: the first one of that signature
/// which the machine has; empty: none. keep_oem: change nothing, but throw where something would
/// have to be changed. Throws hetmem::error (EINVAL) with the reason.
prepared_table prepare_table(std::string_view signature, std::string_view name,
                             std::span<const std::byte> table, std::span<const std::byte> in_force,
                             bool keep_oem);

} // namespace hetmem::detail
