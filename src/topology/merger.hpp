// merger.hpp: the steps of merge(), which share what has been built so far. In merge.cpp the order
// of the steps; in merge_initiators.cpp, merge_targets.cpp and merge_attributes.cpp the steps.
#pragma once

#include "topology/figures.hpp"
#include "topology/kind.hpp"
#include "topology/merge.hpp"
#include "topology/state.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hetmem::detail {

class merger {
public:
    merger(all_facts facts, const pxm_map& map) : facts_(std::move(facts)), map_(map) {}

    topology::state build();

private:
    // merge.cpp
    void take_machine();
    std::optional<int> package_of(const id_set& cpus) const;
    /// The target that is a node of the kernel (and not a dax device that would become it).
    target* node_target(int node);
    void find_positions();
    void add_figures();
    void take_reports();
    /// Says why nothing is known, where nothing is.
    void add_notice_of_silence();

    // merge_initiators.cpp
    void add_initiator(initiator i);
    void add_cpu_initiators();
    void add_generic_initiators();

    // merge_targets.cpp
    std::size_t add_target(target t);
    bool is_initiator_node(int node) const;
    void add_node_targets();
    bool has_memory_range(std::uint32_t pxm) const;
    /// The proximity domain of a node's memory: of several in one node those with memory count.
    void set_memory_domain(target& t, int node);
    void set_ranges(target& t);
    std::optional<std::uint32_t> domain_of(const dax_device& d) const;
    void add_dax_targets();
    /// Memory that the SRAT describes and nothing of the kernel shows.
    void add_firmware_targets();
    /// Regions name their targets; devices that are in no region are memory that nobody can use.
    void add_cxl_targets();
    std::vector<std::size_t> targets_of(const kernel::cxl_region& region) const;

    // merge_attributes.cpp
    void add_caches();
    void add_kernel_cache(int node, memory_side_cache cache);
    /// The kernel shows a cache that an HMAT told of which holds no more.
    bool has_replaced_cache(const target& memory) const;
    void add_distances();
    /// The package of the initiators that firmware or the kernel attach to a target, or else of the
    /// nearest; nothing when those are in several packages.
    void add_packages();
    std::vector<std::optional<int>> attached_packages(const target& memory) const;
    std::vector<std::optional<int>> nearest_packages(std::size_t t) const;
    /// Memory on a Generic Initiator's own node is the device's.
    void add_generic_initiator_memory(std::size_t t);
    bool is_non_volatile(const target& memory) const;
    void add_reservation_hints();
    /// What names the kind of a memory; a device's own is reserved too.
    void add_kind_evidence();

    all_facts facts_;
    const pxm_map& map_;
    topology::state s_;
    positions at_;
    kind_evidence evidence_;
    std::map<std::string, std::size_t> target_of_dax_;
};

} // namespace hetmem::detail
