// acpi/madt.hpp: the processors of the Multiple APIC Description Table (ACPI 6.4, 5.2.12), to
// compare with those of the SRAT. Everything else in the table is stepped over.
//
// Pure functions of bytes; thread-safe. See acpi/decoded.hpp for what decoding promises; this one
// is never encoded again.
#pragma once

#include <acpi/decoded.hpp>
#include <acpi/header.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace hetmem::acpi {

struct madt_processor {
    std::uint64_t offset = 0; ///< of its structure
    std::uint8_t type = 0;    ///< 0 Local APIC, 9 Local x2APIC, 11 GICC, 24 RINTC
    std::uint32_t id = 0;     ///< APIC id; GICC and RINTC: the ACPI processor UID
    bool enabled = false;
    bool online_capable = false;
    friend bool operator==(const madt_processor&, const madt_processor&) = default;
};

struct madt {
    table_header header;
    std::vector<madt_processor> processors;
    friend bool operator==(const madt&, const madt&) = default;
};

decoded<madt> decode_madt(std::span<const std::byte> bytes);

} // namespace hetmem::acpi
