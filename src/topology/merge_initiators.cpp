#include "topology/merger.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace hetmem::detail {

void merger::add_initiator(initiator i) {
    i.package = package_of(i.cpus);
    s_.initiators.push_back(std::move(i));
}

void merger::add_cpu_initiators() {
    for (const kernel::node& n : facts_.sysfs.nodes.nodes) {
        if (n.cpus.empty()) {
            continue;
        }
        const int node = static_cast<int>(n.number);
        std::vector<std::uint32_t> domains;
        for (const std::uint32_t pxm : map_.pxms_of(node)) {
            if (!map_.cpus_of(pxm).empty()) {
                domains.push_back(pxm);
            }
        }
        if (domains.size() > 1) {
            // Linux put several proximity domains into one node (it does so when it rejects
            // the SRAT); firmware's figures are still each domain's own.
            for (const std::uint32_t pxm : domains) {
                add_initiator({{},
                               fmt::format("pxm{}", pxm),
                               initiator_kind::cpu,
                               node,
                               pxm,
                               map_.cpus_of(pxm),
                               {},
                               ""});
            }
            continue;
        }
        const auto pxm = domains.empty() ? map_.pxm_of(node) : std::optional(domains.front());
        add_initiator(
            {{}, fmt::format("node{}", node), initiator_kind::cpu, node, pxm, n.cpus, {}, ""});
    }
    if (s_.initiators.empty() && !facts_.sysfs.online_cpus.empty()) {
        add_initiator({{}, "cpus", initiator_kind::cpu, {}, {}, facts_.sysfs.online_cpus, {}, ""});
    }
}

void merger::add_generic_initiators() {
    id_set nodes = facts_.sysfs.nodes.has_generic_initiator.value_or(id_set{});
    for (const acpi_facts::generic_initiator& g : facts_.acpi.generic_initiators) {
        const pxm_map::match* match = map_.node_of(g.pxm);
        const auto twin =
            std::find_if(s_.initiators.begin(), s_.initiators.end(), [&](const initiator& i) {
                return i.kind == initiator_kind::generic_initiator && i.pxm == g.pxm;
            });
        const std::string device = acpi::to_string(g.device);
        if (twin != s_.initiators.end()) {
            twin->device += (twin->device.empty() ? "" : ", ") + device;
            continue;
        }
        const auto node = match != nullptr ? std::optional(match->node) : std::nullopt;
        add_initiator({{},
                       node ? fmt::format("gi{}", *node) : fmt::format("pxm{}", g.pxm),
                       initiator_kind::generic_initiator,
                       node,
                       g.pxm,
                       {},
                       {},
                       device});
        if (node) {
            id_set known;
            known.insert(static_cast<unsigned>(*node));
            nodes.erase(known);
        }
    }
    for (const unsigned n : nodes.to_vector()) {
        const int node = static_cast<int>(n);
        add_initiator({{},
                       fmt::format("gi{}", n),
                       initiator_kind::generic_initiator,
                       node,
                       map_.pxm_of(node),
                       {},
                       {},
                       ""});
    }
}

} // namespace hetmem::detail
