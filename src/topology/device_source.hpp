// device_source.hpp: memory that is reached through devices: device-dax and CXL.
#pragma once

#include "kernel/cxl.hpp"
#include "kernel/dax.hpp"
#include "kernel/iomem.hpp"
#include "kernel/rooted.hpp"

#include <hetmem/topology.hpp>

#include <map>
#include <string>
#include <vector>

namespace hetmem::detail {

struct device_facts {
    struct dax {
        dax_device device;               ///< with `origin` concluded from where it hangs
        std::optional<int> nearest_node; ///< numa_node
    };
    std::vector<dax> dax_devices; ///< those of some size
    std::vector<kernel::cxl_memdev> memdevs;
    std::vector<kernel::cxl_region> regions;
    /// By memory device: the legs that its CDAT describes.
    std::map<std::string, std::vector<device_leg>> legs;

    std::vector<source_report> reports;
    std::vector<notice> notices;
    std::vector<defect> defects;
};

device_facts read_devices(const kernel::rooted_reader& reader);

} // namespace hetmem::detail
