// state.hpp: what a topology holds. Built by merge() or from_json(), frozen by finish_topology().
#pragma once

#include "topology/figure_layer.hpp"

#include <hetmem/topology.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace hetmem {

namespace detail {

/// Tells one writing of a file from the next.
struct store_stamp {
    std::uint64_t inode = 0;
    std::uint64_t size = 0;
    std::int64_t written = 0; ///< nanoseconds since 1970
    friend bool operator==(const store_stamp&, const store_stamp&) = default;
};

} // namespace detail

struct topology::state {
    std::uint64_t generation = 1;
    bool live = false; ///< of the running machine
    machine_info machine;
    std::vector<package> packages;
    std::vector<initiator> initiators;
    std::vector<target> targets;
    std::vector<detail::figure_layer> layers; ///< strongest source first
    std::vector<std::uint8_t> distances;      ///< initiators x targets; 0 is unknown
    std::vector<source_report> sources;
    std::vector<notice> notices;
    std::vector<defect> defects;
    std::vector<disagreement> disagreements; ///< other than between figures
    /// Of the machine's store of figures, which is in this; kept in snapshots only.
    std::optional<detail::store_stamp> store;
    bool tiers_unread = false; ///< kernel::last_block_is_leaving(); not kept in any form

    // Filled by finish_topology().
    std::vector<std::optional<initiator_id>> best;
};

namespace detail {

/// What a topology holds, for those who make another one of it.
struct state_access {
    static const topology::state& of(const topology& machine) { return *machine.state_; }
};

/// A description whose tiers could not be read just now, with those of the one before.
topology keep_tiers(const topology& fresh, const topology& before);
/// Whether it is such a one: it is worth another look soon.
bool tiers_unread(const topology& machine);

/// Where claimed figures of one pair contradict each other. The layers must be in order.
std::vector<disagreement> figure_disagreements(const topology::state& s);

/// Orders the layers, drops empty ones, numbers the ids and finds each target's best initiator.
topology finish_topology(topology::state s);

} // namespace detail

} // namespace hetmem
