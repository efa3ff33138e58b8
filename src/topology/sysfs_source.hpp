// sysfs_source.hpp: what the kernel tells everyone of nodes, processors and its own arrangements.
#pragma once

#include "kernel/cpu.hpp"
#include "kernel/gpu_node.hpp"
#include "kernel/machine.hpp"
#include "kernel/memory_block.hpp"
#include "kernel/node.hpp"
#include "kernel/rooted.hpp"
#include "kernel/tier.hpp"

#include <hetmem/topology.hpp>

#include <vector>

namespace hetmem::detail {

struct sysfs_facts {
    kernel::machine machine;
    kernel::cpu_model cpu;
    kernel::node_list nodes;
    kernel::memory_totals totals; ///< when there are no nodes
    kernel::memory_blocks blocks;
    kernel::tiers tiers;
    id_set online_cpus;
    std::vector<kernel::cpu_package> packages;
    std::vector<kernel::gpu_node> gpu_nodes;

    std::vector<source_report> reports;
};

sysfs_facts read_sysfs(const kernel::rooted_reader& reader);

} // namespace hetmem::detail
