// acpi/hmat.hpp: the Heterogeneous Memory Attribute Table, bytes to structs and back
// (revision 1: ACPI 6.2, 5.2.27; revision 2: ACPI 6.3 and later).
//
//     auto read = hetmem::acpi::decode_hmat(bytes);
//     for (const auto& structure : read.table->structures) {
//         if (const auto* matrix = std::get_if<hetmem::acpi::locality>(&structure)) {
//             auto to_ps = matrix->normalizer(read.table->header.revision);
//             hetmem::acpi::cell c = to_ps(matrix->entry(0, 0));
//         }
//     }
//
// Pure functions of bytes; thread-safe. See acpi/decoded.hpp for what decoding promises.
#pragma once

#include <acpi/decoded.hpp>
#include <acpi/header.hpp>
#include <acpi/normalize.hpp>
#include <acpi/structure.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

namespace hetmem::acpi {

/// Type 0. Revision 1: Memory Subsystem Address Range; revision 2: Memory Proximity Domain
/// Attributes, where base and length are reserved and only the initiator's flag is left.
struct memory_attributes {
    static constexpr std::uint16_t type = 0;

    std::uint16_t reserved0 = 0;
    std::uint32_t length = 40;
    std::uint16_t flags = 0;
    std::uint16_t reserved1 = 0;
    std::uint32_t initiator_pxm = 0; ///< revision 1: processor proximity domain
    std::uint32_t memory_pxm = 0;
    std::uint32_t reserved2 = 0;
    std::uint64_t range_base = 0;   ///< revision 2: reserved
    std::uint64_t range_length = 0; ///< revision 2: reserved
    std::vector<std::byte> trailing;

    bool initiator_valid() const { return (flags & 1U) != 0; }
    /// Revision 2 has no such flag: it always is.
    bool memory_valid(unsigned revision) const { return revision >= 2 || (flags & 2U) != 0; }
    /// Revision 1 only: "do not use this memory unless somebody asks for it".
    bool reservation_hint(unsigned revision) const { return revision < 2 && (flags & 4U) != 0; }

    friend bool operator==(const memory_attributes&, const memory_attributes&) = default;
};

/// Type 1, System Locality Latency and Bandwidth Information.
struct locality {
    static constexpr std::uint16_t type = 1;

    std::uint16_t reserved0 = 0;
    std::uint32_t length = 32;
    std::uint8_t flags = 0; ///< hierarchy in bits 3:0
    data_type kind = data_type::access_latency;
    std::uint8_t minimum_transfer_size = 0; ///< bytes (ACPI 6.4; reserved before)
    std::uint8_t reserved1 = 0;
    std::uint32_t reserved2 = 0;
    std::uint64_t base_unit = 0;
    std::vector<std::uint32_t> initiators; ///< proximity domains, one a row
    std::vector<std::uint32_t> targets;    ///< proximity domains, one a column
    /// Row by row. Shorter than rows times columns when the structure is cut off.
    std::vector<std::uint16_t> entries;
    std::vector<std::byte> trailing;

    /// What the entries are about: the nibble as it stands in the table.
    unsigned hierarchy() const { return flags & 0x0FU; }
    /// 0: the memory itself; 1 to 3: its memory-side cache of that level. Nothing for the "last
    /// level memory" of revision 1 and for numbers that the revision does not define. Revision 1
    /// counts the caches from 2, revision 2 from 1.
    std::optional<unsigned> cache_level(unsigned revision) const;
    bool minimum_transfer_size_needed() const { return (flags & 0x10U) != 0; } ///< ACPI 6.4
    bool non_sequential() const { return (flags & 0x20U) != 0; }               ///< ACPI 6.4

    /// 0, which means unknown, for what is outside of the table or cut off.
    std::uint16_t entry(std::size_t initiator, std::size_t target) const;
    /// The entries of one initiator, as many as there are: the last row of a cut structure is
    /// short.
    std::span<const std::uint16_t> row(std::size_t initiator) const;
    acpi::normalizer normalizer(unsigned revision) const { return {revision, kind, base_unit}; }

    friend bool operator==(const locality&, const locality&) = default;
};

enum class cache_associativity : std::uint8_t { none = 0, direct = 1, complex = 2 };
enum class cache_write_policy : std::uint8_t { none = 0, write_back = 1, write_through = 2 };

/// "none", "direct", "complex"; "" when the number has no meaning.
std::string_view to_string(cache_associativity value);
/// "none", "write-back", "write-through"; "" when the number has no meaning.
std::string_view to_string(cache_write_policy value);

/// The 32 bits that describe a memory-side cache, in HMAT and CDAT alike.
struct cache_attributes {
    std::uint32_t bits = 0;

    unsigned total_levels() const { return bits & 0xFU; }
    unsigned level() const { return (bits >> 4) & 0xFU; } ///< 1 is nearest to the memory
    cache_associativity associativity() const {
        return static_cast<cache_associativity>((bits >> 8) & 0xFU);
    }
    cache_write_policy write_policy() const {
        return static_cast<cache_write_policy>((bits >> 12) & 0xFU);
    }
    unsigned line_size() const { return bits >> 16; } ///< bytes

    friend bool operator==(const cache_attributes&, const cache_attributes&) = default;
};

/// Type 2, Memory Side Cache Information.
struct side_cache {
    static constexpr std::uint16_t type = 2;

    std::uint16_t reserved0 = 0;
    std::uint32_t length = 32;
    std::uint32_t memory_pxm = 0;
    std::uint32_t reserved1 = 0;
    std::uint64_t cache_size = 0; ///< bytes
    cache_attributes attributes;
    std::uint16_t address_mode = 0; ///< 0 unknown, 1 extended linear (reserved before ACPI 6.5)
    std::uint16_t smbios_handle_count = 0;     ///< as the table says
    std::vector<std::uint16_t> smbios_handles; ///< as many as there are
    std::vector<std::byte> trailing;

    /// "extended-linear"; "" when unknown.
    std::string_view address_mode_name() const;

    friend bool operator==(const side_cache&, const side_cache&) = default;
};

using hmat_structure = std::variant<memory_attributes, locality, side_cache, unknown_structure>;

struct hmat {
    table_header header;
    std::uint32_t reserved = 0;
    std::vector<hmat_structure> structures; ///< in the order of the table
    std::vector<std::byte> trailing;        ///< what could not be cut into structures
    friend bool operator==(const hmat&, const hmat&) = default;
};

decoded<hmat> decode_hmat(std::span<const std::byte> bytes);
std::vector<std::byte> encode(const hmat& table);

/// For a table made or changed here: sets every length, count and the checksum to what they must
/// be.
void seal(hmat& table);

/// Where each structure begins when encoded, in bytes from the start of the table; one more at the
/// end for what follows the last.
std::vector<std::uint64_t> structure_offsets(const hmat& table);

} // namespace hetmem::acpi
