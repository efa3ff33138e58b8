// kernel/gpu_node.hpp: nodes that are the memory of a GPU (/proc/driver/nvidia/gpus/*/numa_status).
#pragma once

#include "kernel/rooted.hpp"

#include <string>
#include <vector>

namespace hetmem::kernel {

struct gpu_node {
    unsigned node = 0;
    std::string pci_address; ///< "0035:05:00.0"
    std::string status;      ///< "online", "offline", ... as printed
};

/// Ascending by node. Empty without such a driver.
std::vector<gpu_node> read_gpu_nodes(const rooted_reader& reader);

} // namespace hetmem::kernel
