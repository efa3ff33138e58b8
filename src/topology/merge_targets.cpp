#include "topology/merger.hpp"

#include "topology/sizes.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace hetmem::detail {

namespace {

bool overlaps(const address_range& a, std::uint64_t base, std::uint64_t length) {
    return base < a.base ? a.base - base < length : base - a.base < a.length;
}

} // namespace

std::size_t merger::add_target(target t) {
    s_.targets.push_back(std::move(t));
    return s_.targets.size() - 1;
}

bool merger::is_initiator_node(int node) const {
    return std::any_of(s_.initiators.begin(), s_.initiators.end(),
                       [&](const initiator& i) { return i.node == node; });
}

void merger::add_node_targets() {
    const kernel::node_list& nodes = facts_.sysfs.nodes;
    for (std::size_t n = 0; n < nodes.nodes.size(); ++n) {
        const kernel::node& from = nodes.nodes[n];
        const int number = static_cast<int>(from.number);
        const bool has_memory = !from.memory_blocks.empty() || from.total_bytes.value_or(0) != 0 ||
                                (!from.total_bytes && !from.cpus.empty());
        // A node for CPUs or a Generic Initiator alone is no memory. One without anything is
        // kept: firmware meant it for memory that may come.
        if (!has_memory && is_initiator_node(number)) {
            continue;
        }
        target t;
        t.name = fmt::format("node{}", number);
        t.node = number;
        t.size = size_of(from.total_bytes);
        t.free = size_of(from.free_bytes);
        t.cpus = from.cpus;
        t.block_size = size_of(facts_.sysfs.blocks.block_size_bytes);
        t.blocks = from.memory_blocks.size();
        // A size that could not be read is not a size of zero.
        t.state = from.total_bytes == std::uint64_t{0} || !has_memory ? target_state::offline
                                                                      : target_state::online;
        t.blocks_online = t.state == target_state::online ? t.blocks : 0;
        if (n < facts_.sysfs.blocks.online.size() && facts_.sysfs.blocks.online[n]) {
            t.blocks_online = *facts_.sysfs.blocks.online[n];
            if (t.state == target_state::online && t.blocks_online < t.blocks) {
                t.state = target_state::partly_online;
            }
        }
        for (const kernel::huge_page_counts& h : from.huge_pages) {
            t.huge_pages.push_back({byte_size::from_bytes(h.page_bytes), h.total, h.free});
        }
        const auto& tiers = facts_.sysfs.tiers;
        if (const auto tier = tiers.tier_of_node.find(from.number);
            tier != tiers.tier_of_node.end()) {
            t.tier = tier->second;
        }
        if (const auto weight = tiers.interleave_weight_of_node.find(from.number);
            weight != tiers.interleave_weight_of_node.end()) {
            t.interleave_weight = weight->second;
        }
        set_memory_domain(t, number);
        add_target(std::move(t));
    }
    if (s_.targets.empty() && facts_.sysfs.totals.total_bytes) {
        target t; // a kernel without NUMA
        t.name = "ram";
        t.size = size_of(facts_.sysfs.totals.total_bytes);
        t.free = size_of(facts_.sysfs.totals.free_bytes);
        t.cpus = facts_.sysfs.online_cpus;
        add_target(std::move(t));
    }
}

bool merger::has_memory_range(std::uint32_t pxm) const {
    return std::any_of(facts_.acpi.memories.begin(), facts_.acpi.memories.end(),
                       [&](const acpi_facts::memory& m) { return m.pxm == pxm; });
}

void merger::set_memory_domain(target& t, int node) {
    std::vector<std::uint32_t> domains = map_.pxms_of(node);
    if (domains.size() > 1) {
        std::erase_if(domains, [&](std::uint32_t pxm) { return !has_memory_range(pxm); });
    }
    if (domains.size() == 1) {
        t.pxm = domains.front();
        t.pxm_reason = map_.node_of(domains.front())->reason;
        set_ranges(t);
    } else if (domains.size() > 1) {
        std::string list;
        for (const std::uint32_t pxm : domains) {
            list += fmt::format("{}{}", list.empty() ? "" : ", ", pxm);
        }
        t.pxm_reason = fmt::format("Linux put proximity domains {} into this node", list);
        s_.notices.push_back({fmt::format("firmware's figures of node{}", node),
                              fmt::format("Linux put proximity domains {} into it, each with "
                                          "figures of its own",
                                          list),
                              "see the kernel log for why it did not use the SRAT"});
    }
}

void merger::set_ranges(target& t) {
    for (const acpi_facts::memory& m : facts_.acpi.memories) {
        if (m.pxm == t.pxm) {
            t.ranges.push_back(m.range);
        }
    }
}

std::optional<std::uint32_t> merger::domain_of(const dax_device& d) const {
    if (d.resource) {
        for (const acpi_facts::memory& m : facts_.acpi.memories) {
            if (overlaps(m.range, *d.resource, 1)) {
                return m.pxm;
            }
        }
    }
    return d.target_node ? map_.pxm_of(*d.target_node) : std::nullopt;
}

void merger::add_dax_targets() {
    for (const device_facts::dax& dax : facts_.devices.dax_devices) {
        const dax_device& d = dax.device;
        if (d.driver == "kmem") {
            const auto node =
                std::find_if(s_.targets.begin(), s_.targets.end(), [&](const target& t) {
                    return d.target_node && t.node == d.target_node &&
                           t.state != target_state::reserved;
                });
            if (node != s_.targets.end()) {
                node->dax.push_back(d);
                target_of_dax_[d.name] = static_cast<std::size_t>(node - s_.targets.begin());
                continue;
            }
        }
        target t;
        t.name = d.name;
        t.state = d.driver == "kmem" ? target_state::offline : target_state::reserved;
        t.node = d.target_node;
        t.size = d.size;
        t.reserved = true;
        t.reserved_reason =
            fmt::format("device-dax {}{}{}", d.name, d.origin.empty() ? "" : ", ", d.origin);
        t.pxm = domain_of(d);
        if (t.pxm) {
            t.pxm_reason = d.resource ? "SRAT memory range and resource of " + d.name
                                      : map_.node_of(*t.pxm)->reason;
        }
        if (d.resource) {
            t.ranges.push_back({*d.resource, d.size.bytes()});
        }
        t.dax.push_back(d);
        target_of_dax_[d.name] = add_target(std::move(t));
    }
}

void merger::add_firmware_targets() {
    std::vector<std::uint32_t> domains;
    for (const acpi_facts::memory& m : facts_.acpi.memories) {
        const bool known = std::any_of(s_.targets.begin(), s_.targets.end(),
                                       [&](const target& t) { return t.pxm == m.pxm; });
        if (!known && std::find(domains.begin(), domains.end(), m.pxm) == domains.end()) {
            domains.push_back(m.pxm);
        }
    }
    for (const std::uint32_t pxm : domains) {
        target t;
        t.name = fmt::format("pxm{}", pxm);
        t.pxm = pxm;
        t.state = target_state::absent;
        if (const pxm_map::match* match = map_.node_of(pxm)) {
            t.node = match->node;
            t.pxm_reason = match->reason;
        }
        set_ranges(t);
        std::uint64_t size = 0;
        bool only_hot_plug = true;
        for (const acpi_facts::memory& m : facts_.acpi.memories) {
            if (m.pxm == pxm) {
                size += m.range.length;
                only_hot_plug = only_hot_plug && m.hot_pluggable;
            }
        }
        t.size = byte_size::from_bytes(size);
        const bool soft_reserved = std::any_of(
            facts_.soft_reserved.ranges.begin(), facts_.soft_reserved.ranges.end(),
            [&](const kernel::physical_range& r) {
                return std::any_of(t.ranges.begin(), t.ranges.end(), [&](const auto& range) {
                    return overlaps(range, r.base, r.length);
                });
            });
        std::string why;
        if (soft_reserved) {
            t.state = target_state::reserved;
            t.reserved = true;
            t.reserved_reason = "soft-reserved, and no dax device shows it (is the module "
                                "dax_hmem loaded?)";
        } else if (t.node && map_.pxms_of(*t.node).size() > 1) {
            why = fmt::format("part of node{}, where Linux put it with others", *t.node);
        } else if (only_hot_plug) {
            why = "room for memory that may be plugged in";
        } else {
            why = "described by the SRAT; neither a node nor a device has it";
        }
        const std::size_t position = add_target(std::move(t));
        if (!why.empty()) {
            evidence_.absent[position] = why;
        }
    }
}

void merger::add_cxl_targets() {
    for (const kernel::cxl_region& region : facts_.devices.regions) {
        std::string devices;
        for (const std::string& name : region.memdevs) {
            devices += (devices.empty() ? " of " : ", ") + name;
        }
        for (const std::size_t t : targets_of(region)) {
            evidence_.cxl[t] = region.name + devices;
            at_.targets_of_region[region.name].push_back(static_cast<std::uint32_t>(t));
            for (const std::string& name : region.memdevs) {
                const auto legs = facts_.devices.legs.find(name);
                if (legs != facts_.devices.legs.end()) {
                    s_.targets[t].device_legs.insert(s_.targets[t].device_legs.end(),
                                                     legs->second.begin(), legs->second.end());
                }
            }
        }
    }
    for (const kernel::cxl_memdev& device : facts_.devices.memdevs) {
        const bool mapped =
            std::any_of(facts_.devices.regions.begin(), facts_.devices.regions.end(),
                        [&](const kernel::cxl_region& region) {
                            return std::find(region.memdevs.begin(), region.memdevs.end(),
                                             device.name) != region.memdevs.end() &&
                                   at_.targets_of_region.contains(region.name);
                        });
        if (mapped) {
            continue;
        }
        target t;
        t.name = device.name;
        t.state = target_state::offline;
        t.size =
            byte_size::from_bytes(device.ram_bytes.value_or(0) + device.pmem_bytes.value_or(0));
        if (const auto legs = facts_.devices.legs.find(device.name);
            legs != facts_.devices.legs.end()) {
            t.device_legs = legs->second;
        }
        const bool persistent = device.ram_bytes.value_or(0) == 0;
        const std::size_t position = add_target(std::move(t));
        evidence_.cxl[position] = fmt::format("CXL memory device {}{}, in no region that Linux "
                                              "knows; it may be part of a node already",
                                              device.name, persistent ? " (persistent)" : "");
    }
}

std::vector<std::size_t> merger::targets_of(const kernel::cxl_region& region) const {
    std::vector<std::size_t> out;
    for (const std::string& dax : region.dax_devices) {
        if (const auto it = target_of_dax_.find(dax); it != target_of_dax_.end()) {
            out.push_back(it->second);
        }
    }
    const std::uint64_t block = facts_.sysfs.blocks.block_size_bytes.value_or(0);
    for (std::size_t t = 0; out.empty() && region.resource && t < s_.targets.size(); ++t) {
        const auto& dax = s_.targets[t].dax;
        if (std::any_of(dax.begin(), dax.end(), [&](const dax_device& d) {
                return d.resource && overlaps({*d.resource, d.size.bytes()}, *region.resource, 1);
            })) {
            out.push_back(t);
        }
    }
    if (out.empty() && region.resource && block != 0) {
        const std::uint64_t number = *region.resource / block;
        for (const kernel::node& n : facts_.sysfs.nodes.nodes) {
            if (std::binary_search(n.memory_blocks.begin(), n.memory_blocks.end(), number)) {
                for (std::size_t t = 0; t < s_.targets.size(); ++t) {
                    if (s_.targets[t].node == static_cast<int>(n.number)) {
                        out.push_back(t);
                    }
                }
            }
        }
    }
    return out;
}

} // namespace hetmem::detail
