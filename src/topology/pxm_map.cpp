#include "topology/pxm_map.hpp"

#include "kernel/acpi_device.hpp"
#include "kernel/pci.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace hetmem::detail {

namespace {

bool contains(const address_range& range, std::uint64_t address) {
    return address >= range.base && address - range.base < range.length;
}

/// CPU -> node, from the nodes' own lists.
std::map<unsigned, int> nodes_of_cpus(const sysfs_facts& sysfs) {
    std::map<unsigned, int> out;
    for (const kernel::node& n : sysfs.nodes.nodes) {
        for (const unsigned cpu : n.cpus.to_vector()) {
            out.emplace(cpu, static_cast<int>(n.number));
        }
    }
    return out;
}

/// Memory blocks (number, node) by number. A block that several nodes share tells nothing.
std::vector<std::pair<std::uint64_t, int>> blocks_of_one_node(const sysfs_facts& sysfs) {
    std::vector<std::pair<std::uint64_t, int>> blocks;
    for (const kernel::node& n : sysfs.nodes.nodes) {
        for (const std::uint32_t number : n.memory_blocks) {
            blocks.emplace_back(number, static_cast<int>(n.number));
        }
    }
    std::sort(blocks.begin(), blocks.end());
    std::vector<std::pair<std::uint64_t, int>> out;
    out.reserve(blocks.size());
    for (std::size_t b = 0; b < blocks.size(); ++b) {
        const bool shared = (b > 0 && blocks[b - 1].first == blocks[b].first) ||
                            (b + 1 < blocks.size() && blocks[b + 1].first == blocks[b].first);
        if (!shared) {
            out.push_back(blocks[b]);
        }
    }
    return out;
}

} // namespace

pxm_map::pxm_map(const kernel::rooted_reader& reader, const acpi_facts& acpi,
                 const sysfs_facts& sysfs, const device_facts& devices) {
    learn_from_memory(acpi, sysfs, false);
    learn_from_processors(reader, acpi, sysfs);
    learn_from_devices(reader, acpi, sysfs, devices);
    // What is plugged into a hot-plug window goes where its own _PXM says, which need not be the
    // window's domain; but some firmware calls all of its memory hot-pluggable.
    learn_from_memory(acpi, sysfs, true);
    learn_from_numbering(acpi, sysfs);
}

void pxm_map::learn(std::uint32_t pxm, int node, std::string reason) {
    const auto [it, is_new] = nodes_.try_emplace(pxm, match{node, reason});
    if (is_new || it->second.node == node) {
        return;
    }
    disagreement conflict{fmt::format("node of proximity domain {}", pxm),
                          fmt::format("node {} ({})", it->second.node, it->second.reason),
                          fmt::format("node {} ({})", node, reason)};
    // Each of a hundred CPUs would say the same.
    if (std::find(conflicts_.begin(), conflicts_.end(), conflict) == conflicts_.end()) {
        conflicts_.push_back(std::move(conflict));
    }
}

void pxm_map::learn_from_memory(const acpi_facts& acpi, const sysfs_facts& sysfs,
                                bool hot_pluggable) {
    const std::uint64_t block = sysfs.blocks.block_size_bytes.value_or(0);
    if (acpi.memories.empty() || block == 0) {
        return;
    }
    const std::vector<std::pair<std::uint64_t, int>> blocks = blocks_of_one_node(sysfs);
    std::map<std::uint32_t, std::map<int, std::uint64_t>> votes; // bytes a node
    for (const acpi_facts::memory& m : acpi.memories) {
        if (m.hot_pluggable != hot_pluggable) {
            continue;
        }
        const std::uint64_t first = m.range.base / block;
        const std::uint64_t last = (m.range.length - 1) / block + first + 1;
        auto it = std::lower_bound(blocks.begin(), blocks.end(), std::pair(first, -1));
        for (; it != blocks.end() && it->first <= last; ++it) {
            // A block may lie across two ranges; it counts for each by what it shares with it.
            const std::uint64_t begin = std::max(it->first * block, m.range.base);
            const std::uint64_t block_end = (it->first + 1) * block;
            const std::uint64_t range_end = m.range.base + m.range.length;
            const std::uint64_t end =
                range_end < m.range.base ? block_end : std::min(block_end, range_end);
            if (begin < end) {
                votes[m.pxm][it->second] += end - begin;
            }
        }
    }
    for (const auto& [pxm, nodes] : votes) {
        const auto most =
            std::max_element(nodes.begin(), nodes.end(),
                             [](const auto& a, const auto& b) { return a.second < b.second; });
        const auto equals = std::count_if(nodes.begin(), nodes.end(),
                                          [&](const auto& n) { return n.second == most->second; });
        if (equals != 1) {
            continue;
        }
        if (!hot_pluggable) {
            learn(pxm, most->first, "SRAT memory range and memory blocks");
            for (const auto& [node, bytes] : nodes) {
                // Less than a block is the border that two ranges share.
                if (node != most->first && bytes >= block) {
                    learn(pxm, node, "SRAT memory range and memory blocks");
                }
            }
        } else if (node_of(pxm) == nullptr && pxms_of(most->first).empty()) {
            learn(pxm, most->first, "SRAT hot-plug range and memory blocks");
        }
    }
}

void pxm_map::learn_from_processors(const kernel::rooted_reader& reader, const acpi_facts& acpi,
                                    const sysfs_facts& sysfs) {
    if (acpi.processors.empty()) {
        return;
    }
    const std::map<unsigned, int> node_of_cpu = nodes_of_cpus(sysfs);
    const bool by_apic_id =
        std::any_of(acpi.processors.begin(), acpi.processors.end(),
                    [](const acpi_facts::processor& p) { return p.by_apic_id; });
    std::map<std::uint32_t, unsigned> cpu_of_id;
    if (by_apic_id) {
        for (const auto& [cpu, id] : kernel::read_apic_ids(reader)) {
            cpu_of_id.emplace(id, cpu);
        }
    } else {
        for (const auto& [cpu, node] : node_of_cpu) {
            if (const auto uid = kernel::processor_uid(reader, cpu)) {
                cpu_of_id.emplace(*uid, cpu);
            }
        }
    }
    for (const acpi_facts::processor& p : acpi.processors) {
        const auto cpu = cpu_of_id.find(p.id);
        if (p.by_apic_id != by_apic_id || cpu == cpu_of_id.end()) {
            continue;
        }
        const auto node = node_of_cpu.find(cpu->second);
        if (node != node_of_cpu.end()) {
            cpus_[p.pxm].insert(cpu->second);
            learn(p.pxm, node->second,
                  by_apic_id ? "SRAT APIC id and CPU" : "SRAT processor UID and CPU");
        }
    }
}

void pxm_map::learn_from_devices(const kernel::rooted_reader& reader, const acpi_facts& acpi,
                                 const sysfs_facts& sysfs, const device_facts& devices) {
    for (const device_facts::dax& dax : devices.dax_devices) {
        if (!dax.device.resource || !dax.device.target_node) {
            continue;
        }
        for (const acpi_facts::memory& m : acpi.memories) {
            if (contains(m.range, *dax.device.resource)) {
                learn(m.pxm, *dax.device.target_node,
                      "SRAT memory range and resource of " + dax.device.name);
            }
        }
    }
    learn_from_generic_initiators(reader, acpi,
                                  sysfs.nodes.has_generic_initiator.value_or(id_set{}));
}

void pxm_map::learn_from_generic_initiators(const kernel::rooted_reader& reader,
                                            const acpi_facts& acpi, const id_set& nodes) {
    const auto& all = acpi.generic_initiators;
    if (all.empty()) {
        return;
    }
    const bool one_domain = std::all_of(all.begin(), all.end(),
                                        [&](const auto& g) { return g.pxm == all.front().pxm; });
    if (one_domain && nodes.size() == 1) {
        learn(all.front().pxm, static_cast<int>(*nodes.first()),
              "the only Generic Initiator of SRAT and kernel");
    }
    for (const acpi_facts::generic_initiator& g : all) {
        const std::string name = acpi::to_string(g.device);
        std::optional<int> node;
        if (std::holds_alternative<acpi::pci_device>(g.device)) {
            node = kernel::pci_numa_node(reader, std::string_view(name).substr(4));
        } else if (const auto* device = std::get_if<acpi::acpi_device>(&g.device)) {
            if (const auto found =
                    kernel::find_acpi_device(reader, device->hid, std::to_string(device->uid))) {
                node = found->numa_node;
            }
        }
        // A device often has the node of its host bridge, which is that of some CPUs: evidence
        // only when the kernel counts the node among those of Generic Initiators.
        if (node && nodes.contains(static_cast<unsigned>(*node))) {
            learn(g.pxm, *node, "SRAT device handle and numa_node of " + name);
        }
    }
}

void pxm_map::learn_from_numbering(const acpi_facts& acpi, const sysfs_facts& sysfs) {
    const auto& possible = sysfs.nodes.possible;
    for (std::size_t n = 0; n < acpi.numbering.size(); ++n) {
        const auto known = nodes_.find(acpi.numbering[n]);
        if ((known != nodes_.end() && known->second.node != static_cast<int>(n)) ||
            (possible && !possible->contains(static_cast<unsigned>(n)))) {
            return; // Linux numbered otherwise
        }
    }
    for (std::size_t n = 0; n < acpi.numbering.size(); ++n) {
        nodes_.try_emplace(acpi.numbering[n],
                           match{static_cast<int>(n), "order in which Linux numbers the SRAT"});
    }
}

const pxm_map::match* pxm_map::node_of(std::uint32_t pxm) const {
    const auto it = nodes_.find(pxm);
    return it == nodes_.end() ? nullptr : &it->second;
}

std::vector<std::uint32_t> pxm_map::pxms_of(int node) const {
    std::vector<std::uint32_t> out;
    for (const auto& [pxm, found] : nodes_) {
        if (found.node == node) {
            out.push_back(pxm);
        }
    }
    return out;
}

std::optional<std::uint32_t> pxm_map::pxm_of(int node) const {
    const std::vector<std::uint32_t> all = pxms_of(node);
    return all.size() == 1 ? std::optional(all.front()) : std::nullopt;
}

const id_set& pxm_map::cpus_of(std::uint32_t pxm) const {
    static const id_set none;
    const auto it = cpus_.find(pxm);
    return it == cpus_.end() ? none : it->second;
}

} // namespace hetmem::detail
