// acpi/srat.hpp: the System Resource Affinity Table, bytes to structs and back (ACPI 6.4, 5.2.16):
// which processors, memory ranges and devices belong to which proximity domain.
//
//     auto read = hetmem::acpi::decode_srat(bytes);
//     for (const auto& structure : read.table->structures) {
//         if (const auto* memory = std::get_if<hetmem::acpi::memory_affinity>(&structure)) {
//             if (memory->enabled()) { use(memory->pxm(read.table->header.revision), memory->base);
//             }
//         }
//     }
//
// What is not enabled counts for nothing. Pure functions of bytes; thread-safe. See
// acpi/decoded.hpp for what decoding promises.
#pragma once

#include <acpi/decoded.hpp>
#include <acpi/header.hpp>
#include <acpi/structure.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace hetmem::acpi {

/// Type 0, Processor Local APIC/SAPIC Affinity.
struct apic_affinity {
    static constexpr std::uint8_t type = 0;

    std::uint8_t length = 16;
    std::uint8_t pxm_low = 0;
    std::uint8_t apic_id = 0;
    std::uint32_t flags = 0;
    std::uint8_t sapic_eid = 0;
    std::array<std::uint8_t, 3> pxm_high{};
    std::uint32_t clock_domain = 0;
    std::vector<std::byte> trailing;

    bool enabled() const { return (flags & 1U) != 0; }
    /// The high bytes were reserved before revision 2 of the table.
    std::uint32_t pxm(unsigned srat_revision) const;

    friend bool operator==(const apic_affinity&, const apic_affinity&) = default;
};

/// Type 1, Memory Affinity.
struct memory_affinity {
    static constexpr std::uint8_t type = 1;

    std::uint8_t length = 40;
    std::uint32_t proximity_domain = 0;
    std::uint16_t reserved0 = 0;
    std::uint64_t base = 0;
    std::uint64_t range_length = 0; ///< bytes
    std::uint32_t reserved1 = 0;
    std::uint32_t flags = 0;
    std::uint64_t reserved2 = 0;
    std::vector<std::byte> trailing;

    bool enabled() const { return (flags & 1U) != 0; }
    bool hot_pluggable() const { return (flags & 2U) != 0; }
    bool non_volatile() const { return (flags & 4U) != 0; }
    /// The high bytes were reserved before revision 2 of the table.
    std::uint32_t pxm(unsigned srat_revision) const {
        return srat_revision >= 2 ? proximity_domain : proximity_domain & 0xFFU;
    }

    friend bool operator==(const memory_affinity&, const memory_affinity&) = default;
};

/// Type 2, Processor Local x2APIC Affinity.
struct x2apic_affinity {
    static constexpr std::uint8_t type = 2;

    std::uint8_t length = 24;
    std::uint16_t reserved0 = 0;
    std::uint32_t proximity_domain = 0;
    std::uint32_t x2apic_id = 0;
    std::uint32_t flags = 0;
    std::uint32_t clock_domain = 0;
    std::uint32_t reserved1 = 0;
    std::vector<std::byte> trailing;

    bool enabled() const { return (flags & 1U) != 0; }

    friend bool operator==(const x2apic_affinity&, const x2apic_affinity&) = default;
};

/// Type 3, GICC Affinity: an Arm processor.
struct gicc_affinity {
    static constexpr std::uint8_t type = 3;

    std::uint8_t length = 18;
    std::uint32_t proximity_domain = 0;
    std::uint32_t processor_uid = 0;
    std::uint32_t flags = 0;
    std::uint32_t clock_domain = 0;
    std::vector<std::byte> trailing;

    bool enabled() const { return (flags & 1U) != 0; }

    friend bool operator==(const gicc_affinity&, const gicc_affinity&) = default;
};

/// Type 4, GIC Interrupt Translation Service Affinity. Has no flags: it always counts.
struct its_affinity {
    static constexpr std::uint8_t type = 4;

    std::uint8_t length = 12;
    std::uint32_t proximity_domain = 0;
    std::uint16_t reserved0 = 0;
    std::uint32_t its_id = 0;
    std::vector<std::byte> trailing;

    friend bool operator==(const its_affinity&, const its_affinity&) = default;
};

/// A device by its ACPI name: _HID and _UID.
struct acpi_device {
    std::string hid;
    std::uint32_t uid = 0;
    friend bool operator==(const acpi_device&, const acpi_device&) = default;
};

/// A device by its place on PCI.
struct pci_device {
    std::uint16_t segment = 0;
    std::uint8_t bus = 0;
    std::uint8_t device = 0;
    std::uint8_t function = 0;
    friend bool operator==(const pci_device&, const pci_device&) = default;
};

/// std::monostate: a kind of handle that we do not know.
using device_handle = std::variant<std::monostate, acpi_device, pci_device>;

/// "pci 0000:00:03.0" (as Linux names it), "acpi ACPI0016:4", "" when unknown.
std::string to_string(const device_handle& handle);

/// Type 5, Generic Initiator (ACPI 6.3), and type 6, Generic Port (ACPI 6.4): one layout.
struct generic_affinity {
    static constexpr std::uint8_t initiator = 5;
    static constexpr std::uint8_t port = 6;

    std::uint8_t type = initiator;
    std::uint8_t length = 32;
    std::uint8_t reserved0 = 0;
    std::uint8_t handle_type = 0; ///< 0 ACPI, 1 PCI
    std::uint32_t proximity_domain = 0;
    std::array<std::uint8_t, 16> handle{};
    std::uint32_t flags = 0;
    std::uint32_t reserved1 = 0;
    std::vector<std::byte> trailing;

    bool is_port() const { return type == port; }
    bool enabled() const { return (flags & 1U) != 0; }
    bool architectural_transactions() const { return (flags & 2U) != 0; } ///< ACPI 6.4
    device_handle device() const;
    void set_device(const pci_device& device);
    /// The first eight characters of the _HID count.
    void set_device(const acpi_device& device);

    friend bool operator==(const generic_affinity&, const generic_affinity&) = default;
};

/// Type 7, RINTC Affinity (ACPI 6.6): a RISC-V processor.
struct rintc_affinity {
    static constexpr std::uint8_t type = 7;

    std::uint8_t length = 20;
    std::uint16_t reserved0 = 0;
    std::uint32_t proximity_domain = 0;
    std::uint32_t processor_uid = 0;
    std::uint32_t flags = 0;
    std::uint32_t clock_domain = 0;
    std::vector<std::byte> trailing;

    bool enabled() const { return (flags & 1U) != 0; }

    friend bool operator==(const rintc_affinity&, const rintc_affinity&) = default;
};

using srat_structure =
    std::variant<apic_affinity, memory_affinity, x2apic_affinity, gicc_affinity, its_affinity,
                 generic_affinity, rintc_affinity, unknown_structure>;

struct srat {
    table_header header;
    std::uint32_t table_revision = 1; ///< always 1; the header's revision is the one that counts
    std::uint64_t reserved = 0;
    std::vector<srat_structure> structures; ///< in the order of the table
    std::vector<std::byte> trailing;        ///< what could not be cut into structures
    friend bool operator==(const srat&, const srat&) = default;
};

decoded<srat> decode_srat(std::span<const std::byte> bytes);
std::vector<std::byte> encode(const srat& table);

/// For a table made or changed here: sets every length and the checksum to what they must be.
void seal(srat& table);

/// Where each structure begins when encoded, in bytes from the start of the table; one more at the
/// end for what follows the last.
std::vector<std::uint64_t> structure_offsets(const srat& table);

} // namespace hetmem::acpi
