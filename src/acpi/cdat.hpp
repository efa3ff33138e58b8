// acpi/cdat.hpp: the Coherent Device Attribute Table, bytes to structs and back (CDAT 1.03): what a
// CXL device or switch says of itself. It has no ACPI header, since the device holds it, and
// describes the device's own leg of the path only.
//
//     auto read = hetmem::acpi::decode_cdat(bytes);
//     for (const auto& structure : read.table->structures) {
//         if (const auto* figures = std::get_if<hetmem::acpi::dslbis>(&structure)) {
//             hetmem::acpi::cell c = figures->value(0);
//         }
//     }
//
// Figures normalise as those of HMAT revision 2. Pure functions of bytes; thread-safe. See
// acpi/decoded.hpp for what decoding promises.
#pragma once

#include <acpi/decoded.hpp>
#include <acpi/hmat.hpp>
#include <acpi/normalize.hpp>
#include <acpi/structure.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>
#include <vector>

namespace hetmem::acpi {

inline constexpr std::size_t cdat_header_size = 16;

struct cdat_header {
    std::uint32_t length = 0; ///< bytes of the whole table, as it says itself
    std::uint8_t revision = 1;
    std::uint8_t checksum = 0;
    std::array<std::uint8_t, 6> reserved{};
    std::uint32_t sequence = 0; ///< changes with the content
    friend bool operator==(const cdat_header&, const cdat_header&) = default;
};

/// Type 0, Device Scoped Memory Affinity: a range of device addresses and its handle.
struct dsmas {
    static constexpr std::uint8_t type = 0;

    std::uint8_t reserved0 = 0;
    std::uint16_t length = 24;
    std::uint8_t handle = 0;
    std::uint8_t flags = 0;
    std::uint16_t reserved1 = 0;
    std::uint64_t dpa_base = 0;
    std::uint64_t dpa_length = 0; ///< bytes
    std::vector<std::byte> trailing;

    bool non_volatile() const { return (flags & 4U) != 0; }

    friend bool operator==(const dsmas&, const dsmas&) = default;
};

/// Type 1, Device Scoped Latency and Bandwidth Information: figures of one DSMAS handle.
struct dslbis {
    static constexpr std::uint8_t type = 1;

    std::uint8_t reserved0 = 0;
    std::uint16_t length = 24;
    std::uint8_t handle = 0;
    std::uint8_t flags = 0; ///< as those of an HMAT locality
    data_type kind = data_type::access_latency;
    std::uint8_t reserved1 = 0;
    std::uint64_t base_unit = 0;
    std::array<std::uint16_t, 3> entries{}; ///< the first is the one in use
    std::uint16_t reserved2 = 0;
    std::vector<std::byte> trailing;

    /// 0: the memory itself; 1 to 3 a memory-side cache.
    unsigned hierarchy() const { return flags & 0x0FU; }
    cell value(std::size_t entry = 0) const;

    friend bool operator==(const dslbis&, const dslbis&) = default;
};

/// Type 2, Device Scoped Memory Side Cache Information.
struct dsmscis {
    static constexpr std::uint8_t type = 2;

    std::uint8_t reserved0 = 0;
    std::uint16_t length = 20;
    std::uint8_t handle = 0;
    std::array<std::uint8_t, 3> reserved1{};
    std::uint64_t cache_size = 0; ///< bytes
    cache_attributes attributes;
    std::vector<std::byte> trailing;

    friend bool operator==(const dsmscis&, const dsmscis&) = default;
};

/// Type 3, Device Scoped Initiator.
struct dsis {
    static constexpr std::uint8_t type = 3;

    std::uint8_t reserved0 = 0;
    std::uint16_t length = 8;
    std::uint8_t flags = 0;
    std::uint8_t handle = 0; ///< of a DSMAS, when memory_attached()
    std::uint16_t reserved1 = 0;
    std::vector<std::byte> trailing;

    bool memory_attached() const { return (flags & 1U) != 0; }

    friend bool operator==(const dsis&, const dsis&) = default;
};

/// Type 4, Device Scoped EFI Memory Type: how (part of) a DSMAS should appear in the memory map.
struct dsemts {
    static constexpr std::uint8_t type = 4;

    std::uint8_t reserved0 = 0;
    std::uint16_t length = 24;
    std::uint8_t handle = 0;
    std::uint8_t memory_type = 0; ///< 0 conventional, 1 conventional with EFI_MEMORY_SP, 2 reserved
    std::uint16_t reserved1 = 0;
    std::uint64_t dpa_offset = 0;
    std::uint64_t dpa_length = 0; ///< bytes
    std::vector<std::byte> trailing;

    friend bool operator==(const dsemts&, const dsemts&) = default;
};

/// One pair of ports of a switch.
struct sslbis_entry {
    static constexpr std::uint16_t upstream_port = 0x0100;
    static constexpr std::uint16_t any_port = 0xFFFF;

    std::uint16_t port_x = 0;
    std::uint16_t port_y = 0;
    std::uint16_t value = 0;
    std::uint16_t reserved = 0;
    friend bool operator==(const sslbis_entry&, const sslbis_entry&) = default;
};

/// Type 5, Switch Scoped Latency and Bandwidth Information.
struct sslbis {
    static constexpr std::uint8_t type = 5;

    std::uint8_t reserved0 = 0;
    std::uint16_t length = 16;
    data_type kind = data_type::access_latency;
    std::array<std::uint8_t, 3> reserved1{};
    std::uint64_t base_unit = 0;
    std::vector<sslbis_entry> entries;
    std::vector<std::byte> trailing;

    /// Unknown for an entry that is not there.
    cell value(std::size_t entry) const;

    friend bool operator==(const sslbis&, const sslbis&) = default;
};

using cdat_structure =
    std::variant<dsmas, dslbis, dsmscis, dsis, dsemts, sslbis, unknown_structure>;

struct cdat {
    cdat_header header;
    std::vector<cdat_structure> structures; ///< in the order of the table
    /// What could not be cut into structures, and padding after the end of the table.
    std::vector<std::byte> trailing;
    friend bool operator==(const cdat&, const cdat&) = default;
};

decoded<cdat> decode_cdat(std::span<const std::byte> bytes);
std::vector<std::byte> encode(const cdat& table);

/// For a table made or changed here: sets every length and the checksum to what they must be.
void seal(cdat& table);

/// Where each structure begins when encoded, in bytes from the start of the table; one more at the
/// end for what follows the last.
std::vector<std::uint64_t> structure_offsets(const cdat& table);

} // namespace hetmem::acpi
