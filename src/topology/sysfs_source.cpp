#include "topology/sysfs_source.hpp"

#include <algorithm>
#include <cstring>

namespace hetmem::detail {

sysfs_facts read_sysfs(const kernel::rooted_reader& reader) {
    sysfs_facts facts;
    facts.machine = kernel::read_machine(reader);
    facts.cpu = kernel::read_cpu_model(reader);
    facts.nodes = kernel::read_nodes(reader);
    facts.blocks = kernel::read_memory_blocks(reader, facts.nodes.nodes);
    facts.tiers = kernel::read_tiers(reader, facts.nodes, facts.blocks);
    facts.online_cpus = kernel::read_online_cpus(reader).value_or(id_set{});
    facts.packages = kernel::read_packages(reader, facts.online_cpus);
    facts.gpu_nodes = kernel::read_gpu_nodes(reader);

    source_report nodes{"nodes", "/sys/devices/system/node", source_status::used, ""};
    source_report attributes{"node access attributes", "/sys/devices/system/node/node*/access*",
                             source_status::used, "best initiators only"};
    if (facts.nodes.nodes.empty()) {
        facts.totals = kernel::read_memory_totals(reader);
        const int why = facts.nodes.listed.errno_value;
        nodes.status = facts.nodes.listed.not_permitted() ? source_status::not_permitted
                                                          : source_status::absent;
        nodes.detail = why == 0 ? "no nodes" : std::strerror(why);
    }
    if (std::none_of(facts.nodes.nodes.begin(), facts.nodes.nodes.end(),
                     [](const kernel::node& n) { return n.access0 || n.access1; })) {
        attributes.status = source_status::absent;
        attributes.detail = "the kernel had no usable HMAT or CDAT figures";
    }
    facts.reports.push_back(std::move(nodes));
    facts.reports.push_back(std::move(attributes));
    facts.reports.push_back({"memory tiers", "/sys/devices/virtual/memory_tiering",
                             facts.tiers.tiers_unread           ? source_status::ignored
                             : facts.tiers.tier_of_node.empty() ? source_status::absent
                                                                : source_status::used,
                             facts.tiers.tiers_unread
                                 ? "not read while the last memory of a node goes offline: Linux "
                                   "would wait for ever"
                                 : ""});
    return facts;
}

} // namespace hetmem::detail
