// merge.hpp: joins what the sources say of the same memory into one topology.
//
//     acpi, sysfs, devices -> which proximity domain is which node (pxm_map)
//                          -> initiators and targets (this file)
//                          -> layers of figures over their pairs (figures)
//                          -> kinds (kind)
#pragma once

#include "topology/acpi_source.hpp"
#include "topology/device_source.hpp"
#include "topology/pxm_map.hpp"
#include "topology/sysfs_source.hpp"

#include "kernel/iomem.hpp"

#include <hetmem/topology.hpp>

namespace hetmem::detail {

struct all_facts {
    acpi_facts acpi;
    sysfs_facts sysfs;
    device_facts devices;
    kernel::soft_reserved soft_reserved;
};

topology merge(all_facts facts, const pxm_map& map, bool live);

} // namespace hetmem::detail
