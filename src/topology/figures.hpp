// figures.hpp: from each source's own form of figures to layers over the topology's pairs.
#pragma once

#include "topology/acpi_source.hpp"
#include "topology/device_source.hpp"
#include "topology/figure_layer.hpp"
#include "topology/sysfs_source.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace hetmem::detail {

/// Where a proximity domain, node or CXL region stands among a topology's initiators and targets.
/// One proximity domain may be several targets (two dax devices).
struct positions {
    using list = std::vector<std::uint32_t>;
    std::map<std::uint32_t, list> initiators_of_pxm;
    std::map<std::uint32_t, list> targets_of_pxm;
    std::map<int, list> initiators_of_node;
    std::map<int, list> targets_of_node;
    std::map<std::string, list> targets_of_region;
    std::size_t initiators = 0;
    std::size_t targets = 0;
};

/// Whether a structure speaks of a quantity: one of "access" speaks of reading and of writing.
bool speaks_of(acpi::data_type kind, quantity what);
/// `from`: source::hmat, or source::hma for one that came at run time.
std::vector<figure_layer> hmat_layers(const acpi::hmat& table, source from, const positions& at);
/// `nodes` that are online: the attributes of others are not there. `replaced`: the layers of an
/// HMAT that holds no more; the kernel goes on showing its figures, which are left out here.
std::vector<figure_layer> sysfs_layers(const kernel::node_list& nodes, const positions& at,
                                       std::span<const figure_layer> replaced = {});
std::vector<figure_layer> cxl_layers(const device_facts& devices, const positions& at);

} // namespace hetmem::detail
