// measure/plan.hpp: what is to be measured, found out before anything is.
//
//     const measuring_plan plan = make_plan(machine, options, allowed_cpus, allowed_nodes);
//     // plan.remarks tell what was left out, and why
#pragma once

#include <hetmem/id_set.hpp>
#include <hetmem/measure.hpp>
#include <hetmem/topology.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace hetmem::detail {

struct planned_initiator {
    initiator_id id;
    id_set cpus; ///< those of it that this thread may run on
};

struct planned_target {
    target_id id;
    bool named = false; ///< asked for: that it cannot be measured is an error, else a remark
};

struct measuring_plan {
    std::vector<planned_initiator> initiators;
    std::vector<planned_target> targets;
    std::vector<metric> metrics;        ///< each once, in the order of the enumeration
    std::chrono::milliseconds budget{}; ///< of a cell
    /// The budget is spent in so many bursts, all other cells' bursts in between.
    unsigned rounds = 0;
    std::vector<std::string> remarks;
};

/// Throws what measure() throws of what was asked for.
measuring_plan make_plan(const topology& machine, const measure_options& options,
                         const id_set& allowed_cpus, const id_set& allowed_nodes);

} // namespace hetmem::detail
