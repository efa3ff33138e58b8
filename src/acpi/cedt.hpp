// acpi/cedt.hpp: the CXL Early Discovery Table (CXL 3.0, 9.17.1): host bridges and the windows of
// physical addresses in which CXL memory may appear.
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

/// CXL Host Bridge Structure (CHBS).
struct cxl_host_bridge {
    std::uint64_t offset = 0; ///< of its structure
    std::uint32_t uid = 0;    ///< _UID of its ACPI0016 device
    std::uint32_t version = 0;
    std::uint64_t base = 0;
    std::uint64_t length = 0;
    friend bool operator==(const cxl_host_bridge&, const cxl_host_bridge&) = default;
};

/// CXL Fixed Memory Window Structure (CFMWS).
struct cxl_window {
    std::uint64_t offset = 0; ///< of its structure
    std::uint64_t base = 0;
    std::uint64_t size = 0;
    std::uint16_t restrictions = 0; ///< bit 2 volatile, bit 3 persistent
    std::uint16_t qtg_id = 0;
    std::vector<std::uint32_t> host_bridges; ///< the interleave's targets, by _UID
    friend bool operator==(const cxl_window&, const cxl_window&) = default;
};

struct cedt {
    table_header header;
    std::vector<cxl_host_bridge> host_bridges;
    std::vector<cxl_window> windows;
    friend bool operator==(const cedt&, const cedt&) = default;
};

decoded<cedt> decode_cedt(std::span<const std::byte> bytes);

} // namespace hetmem::acpi
