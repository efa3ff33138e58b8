// publish/view_parts.hpp: what the views for existing programs have in common: pairs that are
// alike, who is nearest, and units as the kernel prints them.
#pragma once

#include "publish/groups.hpp"
#include "topology/target_state.hpp"

#include <hetmem/topology.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace hetmem::detail {

/// One figure without its unit: picoseconds or bytes per second.
struct plain_figure {
    knowledge state = knowledge::unknown;
    std::uint64_t value = 0;
    source from{};
    friend auto operator<=>(const plain_figure&, const plain_figure&) = default;
};

/// In the order of all_quantities.
using plain_figures = std::array<plain_figure, std::size(all_quantities)>;
plain_figures plain(const access& figures);

/// Initiators that reach a target in the same way.
struct alike_initiators {
    positions initiators; ///< ascending
    plain_figures figures;
    std::optional<unsigned> distance;
};

/// Every initiator of the machine in exactly one group, by the first of each.
std::vector<alike_initiators> group_alike(const topology& machine, target_id to);

enum class which_initiators : std::uint8_t { all, cpus };

/// The best initiators of a target: all that are exactly as fast as the best. Nothing when no
/// figure of any is known. Of many that are alike only the first most_nearest(), its own node and
/// nearer ones before others, since a link is made for each.
std::optional<alike_initiators> nearest(const topology& machine, target_id to,
                                        which_initiators among);
std::size_t most_nearest(const topology& machine);

/// Nanoseconds or MB/s (10^6), as the kernel prints them: rounded up (drivers/acpi/numa/hmat.c).
std::uint64_t kernel_units(quantity what, std::uint64_t base_units);

/// Nodes that programs can run on or allocate from: those with CPUs and those with online memory.
struct usable_node {
    unsigned number = 0;
    id_set cpus;
    const target* memory = nullptr; ///< null: none is online
};
/// Ascending. Points into the topology.
std::vector<usable_node> usable_nodes(const topology& machine);

/// The names that the proposal of 2017 gave to the figures: "read_lat_nsec", "write_bw_MBps".
std::string_view proposal_name(quantity what);

} // namespace hetmem::detail
