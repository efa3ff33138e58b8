// check/subject.hpp: what is looked at: the tables of a machine, and the machine itself where there
// is one.
#pragma once

#include "check/finding.hpp"

#include <acpi/cedt.hpp>
#include <acpi/decoded.hpp>
#include <acpi/hmat.hpp>
#include <acpi/madt.hpp>
#include <acpi/slit.hpp>
#include <acpi/srat.hpp>

#include "kernel/rooted.hpp"

#include <hetmem/measured.hpp>
#include <hetmem/topology.hpp>

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace hetmem::detail {

/// A firmware table as it was found.
struct found_table {
    std::string signature; ///< "HMAT"
    std::string place;     ///< file, or where in the acpidump text
    std::vector<std::byte> bytes;
};

struct memory_map_entry {
    address_range range;
    std::string type; ///< "System RAM", "Soft Reserved", "Persistent Memory", "Reserved"
};

struct check_subject {
    std::vector<found_table> tables; ///< HMAT, SRAT, SLIT, APIC, CEDT; several of a kind in order
    // The first of each, decoded.
    std::optional<acpi::decoded<acpi::hmat>> hmat;
    std::optional<acpi::decoded<acpi::srat>> srat;
    std::optional<acpi::decoded<acpi::slit>> slit;
    std::optional<acpi::decoded<acpi::madt>> madt;
    std::optional<acpi::decoded<acpi::cedt>> cedt;
    /// /sys/firmware/memmap (of the firmware), else /proc/iomem (root) ; empty when unknown.
    std::vector<memory_map_entry> memory_map;

    /// Nothing when only tables are looked at. The reader is where the machine was read from.
    const kernel::rooted_reader* reader = nullptr;
    std::optional<topology> machine;
    std::string kernel_release; ///< "6.12.117"; whose rules count. "": the newest known
    std::optional<measurements> stored;
    std::vector<std::string> not_looked_at;
    /// Signatures of tables that are there, and could not be read.
    std::vector<std::string> unread_tables;
};

/// The running machine or a copy. Throws hetmem::error, also where there is neither a machine nor a
/// table: whoever named the wrong place must not be told that nothing was found.
check_subject read_check_subject(const kernel::rooted_reader& reader);
/// Tables only: a directory of table files (any names; the signature counts), one table file, or
/// the text that acpidump writes. Throws hetmem::error naming file and place.
check_subject read_table_subject(const std::filesystem::path& tables);

/// The same for tables that somebody has in hand: HMAT, SRAT, SLIT, APIC and CEDT are looked at.
check_subject subject_of_tables(std::vector<found_table> tables);

/// Everything that can be looked at.
check_result check(const check_subject& subject);

} // namespace hetmem::detail
