// kernel/acpi_tables.hpp: the firmware's tables as files (/sys/firmware/acpi/tables, mode 0400).
//
//     for (const acpi_table& t : read_acpi_tables(reader, {"HMAT", "SRAT", "SLIT"})) {
//         if (t.read.not_permitted()) { ... } else { decode(t.bytes); }
//     }
#pragma once

#include "kernel/rooted.hpp"

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace hetmem::kernel {

struct acpi_table {
    std::string signature; ///< "HMAT"
    std::string file_name; ///< "HMAT", or "HMAT1", "HMAT2" when there are several
    /// 0 for the only one; 1, 2, ... as numbered. Linux uses the lowest.
    unsigned instance = 0;
    std::string path; ///< "/sys/firmware/acpi/tables/HMAT"
    outcome read;     ///< ordinary users may list, but not read
    std::vector<std::byte> bytes;
};

struct acpi_tables {
    outcome listed;                 ///< absent: no ACPI, or a copy without tables
    std::vector<acpi_table> tables; ///< by signature as asked for, then by instance
};

/// A full HMAT of 1024 nodes has 8 MiB; files larger than this are refused with EFBIG.
inline constexpr std::size_t acpi_table_limit = std::size_t{64} << 20;

acpi_tables read_acpi_tables(const rooted_reader& reader,
                             std::initializer_list<std::string_view> signatures);

} // namespace hetmem::kernel
