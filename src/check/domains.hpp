// check/domains.hpp: what the SRAT puts into each proximity domain.
#pragma once

#include <acpi/srat.hpp>

#include <hetmem/topology.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace hetmem::detail {

struct srat_range {
    std::uint32_t pxm = 0;
    address_range range; ///< of some length, ending within 64 bits
    bool hot_pluggable = false;
    bool non_volatile = false;
    std::uint64_t offset = 0; ///< of its structure in the table
};

struct srat_domain {
    bool processors = false;
    bool memory = false;        ///< a range that is not empty
    bool hot_plug_only = false; ///< memory, all of which may be plugged in later
    bool generic_initiator = false;
    bool generic_port = false;
    std::uint64_t bytes = 0;  ///< of all its ranges
    std::uint64_t offset = 0; ///< of the first structure that names it
};

/// Only what is enabled.
struct srat_domains {
    std::map<std::uint32_t, srat_domain> all;
    std::vector<srat_range> ranges; ///< ascending by base
};

srat_domains domains_of(const acpi::srat& table);

/// The last byte of a range.
constexpr std::uint64_t last_of(const address_range& range) {
    return range.base + (range.length - 1);
}
/// "0x100000000-0x13fffffff"
std::string to_text(const address_range& range);

/// "domain 3", "domains 0, 1 and 7", "domains 0, 1, 2, 3, 4, 5, 6, 7 and 12 more"
std::string list_of_domains(const std::vector<std::uint32_t>& domains);

} // namespace hetmem::detail
