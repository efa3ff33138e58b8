// acpi_source.hpp: what the firmware's tables say, in proximity domains; nothing here knows of
// nodes.
#pragma once

#include <acpi/hmat.hpp>
#include <acpi/slit.hpp>
#include <acpi/srat.hpp>

#include "kernel/rooted.hpp"

#include <hetmem/topology.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hetmem::detail {

struct adopted_table;

struct acpi_facts {
    /// SRAT type 1, enabled ranges of some length only.
    struct memory {
        std::uint32_t pxm = 0;
        address_range range;
        bool hot_pluggable = false;
        bool non_volatile = false;
    };
    /// SRAT types 0, 2 (by APIC id), 3 and 7 (by ACPI processor UID), enabled only.
    struct processor {
        std::uint32_t pxm = 0;
        bool by_apic_id = true;
        std::uint32_t id = 0;
    };
    /// SRAT type 5, enabled only.
    struct generic_initiator {
        std::uint32_t pxm = 0;
        acpi::device_handle device;
    };

    std::vector<memory> memories;
    std::vector<processor> processors;
    std::vector<generic_initiator> generic_initiators;
    /// Every proximity domain once, in the order in which Linux meets (and numbers) them.
    std::vector<std::uint32_t> numbering;

    /// The first of several, as Linux takes it, or the one that replaces it at run time.
    std::optional<acpi::hmat> hmat;
    source hmat_from = source::hmat; ///< or source::hma
    /// The firmware's, when another replaces it: what the kernel shows is still what this one says.
    std::optional<acpi::hmat> replaced;
    /// Domains that an earlier HMAT reserved, and the new one does not release.
    std::vector<std::uint32_t> reservation_hints;
    std::optional<acpi::srat> srat;
    std::optional<acpi::slit> slit;

    std::vector<source_report> reports;
    std::vector<notice> notices;
    std::vector<defect> defects;
};

/// adopted: an HMAT in place of the firmware's (without bytes: that it holds); null: the one of
/// read_adopted(), if any.
acpi_facts read_acpi(const kernel::rooted_reader& reader, const adopted_table* adopted = nullptr);

} // namespace hetmem::detail
