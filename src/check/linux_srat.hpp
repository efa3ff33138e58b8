// check/linux_srat.hpp: what Linux makes of a SRAT and a SLIT: which domain becomes which node, who
// has processors, and whether either table is believed at all (drivers/acpi/numa/srat.c,
// arch/x86/mm/srat.c, numa_cleanup_meminfo() and the test that nodes cover all memory).
#pragma once

#include "check/linux_model.hpp"
#include "check/linux_walk.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace hetmem::detail {

/// CONFIG_NODES_SHIFT=10, as distributions build it for x86-64: domains from here on are too many.
inline constexpr std::uint32_t linux_most_domains = 1024;

struct linux_affinity {
    bool present = false;
    /// The nodes are those of the SRAT. Otherwise all memory and all processors are node 0.
    bool used = false;
    /// bad_srat(): the HMAT is not looked at either.
    bool disabled = false;
    /// A structure of length 0: whoever goes through the table fails.
    bool endless = false;

    std::map<std::uint32_t, int> nodes;    ///< domains, numbered in the order they are met in
    std::set<std::uint32_t> with_cpus;     ///< by enabled processors
    std::set<std::uint32_t> with_memory;   ///< enabled ranges of some length
    std::set<std::uint32_t> hmat_memories; ///< as drivers/acpi/numa/hmat.c reads them: unmasked
    std::vector<std::string> reasons;

    /// Nothing for a domain that the SRAT does not have.
    std::optional<int> node_of(std::uint32_t pxm) const;
    /// Whether the node of a domain has processors, its own or because it is the only node.
    bool has_cpus(std::uint32_t pxm) const;
    /// Whether its memory becomes a node's at all.
    bool can_be_online(std::uint32_t pxm) const;
};

linux_affinity read_affinity_as_linux(const linux_tables& tables, const linux_version& version);

/// Whether distances are the SLIT's. `reasons` says why not.
bool slit_used_by_linux(const raw_bytes& slit, const linux_affinity& affinity,
                        std::vector<std::string>& reasons);

} // namespace hetmem::detail
