#include "measure/plan.hpp"

#include <hetmem/error.hpp>

#include <algorithm>
#include <optional>

#include <fmt/format.h>

namespace hetmem::detail {
namespace {

// With a buffer to fill and the last sample to end, 2 s of a cell in all.
constexpr std::chrono::milliseconds whole_budget(1900);
constexpr std::chrono::milliseconds quick_budget(800);
// Fewer would not see a drift, and each costs a first sample that does not count.
constexpr unsigned whole_rounds = 4;
constexpr unsigned quick_rounds = 2;

constexpr metric all_metrics[] = {metric::local_latency,
                                  metric::random_latency,
                                  metric::read_bandwidth,
                                  metric::write_bandwidth,
                                  metric::nontemporal_write_bandwidth,
                                  metric::copy_bandwidth,
                                  metric::nontemporal_copy_bandwidth,
                                  metric::triad_bandwidth,
                                  metric::read_2_write_1_bandwidth,
                                  metric::read_1_write_1_bandwidth};
/// Those that are quantities of a topology.
constexpr metric quick_metrics[] = {metric::local_latency, metric::read_bandwidth,
                                    metric::nontemporal_write_bandwidth};

id_set both(const id_set& a, const id_set& b) {
    id_set common;
    for (const unsigned id : a.to_vector()) {
        if (b.contains(id)) {
            common.insert(id);
        }
    }
    return common;
}

void check(const measure_options& options) {
    if (!(options.precision > 0.0 && options.precision < 1.0)) {
        throw error(
            std::errc::invalid_argument,
            fmt::format("a precision of {} is no share between 0 and 1", options.precision));
    }
    if (options.cell_budget && *options.cell_budget <= std::chrono::milliseconds::zero()) {
        throw error(std::errc::invalid_argument, "there is no time to measure in");
    }
    if (options.buffer && *options.buffer == byte_size{}) {
        throw error(std::errc::invalid_argument, "a buffer of 0 bytes");
    }
}

std::vector<metric> chosen_metrics(const measure_options& options) {
    std::vector<metric> chosen;
    for (const metric one : all_metrics) {
        const bool asked =
            options.metrics.empty()
                ? !options.quick ||
                      std::count(std::begin(quick_metrics), std::end(quick_metrics), one) != 0
                : std::count(options.metrics.begin(), options.metrics.end(), one) != 0;
        if (asked) {
            chosen.push_back(one);
        }
    }
    return chosen;
}

const initiator& named_initiator(const topology& machine, const std::string& name) {
    for (const initiator& one : machine.initiators()) {
        if (one.name == name) {
            return one;
        }
    }
    throw no_such_target(fmt::format("no initiator is called '{}'", name));
}

void add_named_initiators(const topology& machine, const measure_options& options,
                          const id_set& allowed_cpus, measuring_plan& plan) {
    for (const std::string& name : options.initiators) {
        const initiator& from = named_initiator(machine, name);
        if (from.cpus.empty()) {
            throw error(std::errc::invalid_argument,
                        fmt::format("{} has no CPUs that could measure", name));
        }
        planned_initiator one{from.id, both(from.cpus, allowed_cpus)};
        if (one.cpus.empty()) {
            throw not_permitted(fmt::format("this process may run on none of the CPUs of {} ({})",
                                            name, from.cpus.to_string()));
        }
        const bool twice = std::any_of(plan.initiators.begin(), plan.initiators.end(),
                                       [&](const auto& other) { return other.id == one.id; });
        if (!twice) {
            plan.initiators.push_back(std::move(one));
        }
    }
}

void add_all_initiators(const topology& machine, const id_set& allowed_cpus, measuring_plan& plan) {
    for (const initiator& from : machine.initiators()) {
        if (from.kind != initiator_kind::cpu || from.cpus.empty()) {
            continue;
        }
        planned_initiator one{from.id, both(from.cpus, allowed_cpus)};
        if (one.cpus.empty()) {
            plan.remarks.push_back(
                fmt::format("{}: left out, this process may run on none of its CPUs", from.name));
        } else {
            plan.initiators.push_back(std::move(one));
        }
    }
    if (plan.initiators.empty()) {
        throw not_permitted("this process may run on no CPU of any initiator");
    }
}

/// Why a memory that nobody named is not measured; nothing when it is.
std::optional<std::string> obstacle(const target& memory, const id_set& allowed_nodes) {
    if (memory.state == target_state::absent) {
        return "no program can reach it";
    }
    if (memory.reserved) {
        return "reserved, measured only when it is named";
    }
    if (memory.state == target_state::offline) {
        return "offline";
    }
    if (memory.node && !allowed_nodes.contains(static_cast<unsigned>(*memory.node))) {
        return "this process' cpuset does not allow it";
    }
    return {};
}

void add_targets(const topology& machine, const measure_options& options,
                 const id_set& allowed_nodes, measuring_plan& plan) {
    for (const std::string& name : options.targets) {
        const auto id = machine.find_target(name);
        if (!id) {
            throw no_such_target(fmt::format("no memory is called '{}'", name));
        }
        const bool twice = std::any_of(plan.targets.begin(), plan.targets.end(),
                                       [&](const auto& other) { return other.id == *id; });
        if (!twice) {
            plan.targets.push_back({*id, true});
        }
    }
    if (!options.targets.empty()) {
        return;
    }
    for (const target& memory : machine.targets()) {
        if (const auto why = obstacle(memory, allowed_nodes)) {
            plan.remarks.push_back(fmt::format("{}: left out, {}", memory.name, *why));
        } else {
            plan.targets.push_back({memory.id, false});
        }
    }
    if (plan.targets.empty()) {
        throw no_such_target("there is no memory that may be measured without being named");
    }
}

} // namespace

measuring_plan make_plan(const topology& machine, const measure_options& options,
                         const id_set& allowed_cpus, const id_set& allowed_nodes) {
    check(options);
    measuring_plan plan;
    if (options.initiators.empty()) {
        add_all_initiators(machine, allowed_cpus, plan);
    } else {
        add_named_initiators(machine, options, allowed_cpus, plan);
    }
    add_targets(machine, options, allowed_nodes, plan);
    plan.metrics = chosen_metrics(options);
    plan.budget = options.cell_budget.value_or(options.quick ? quick_budget : whole_budget);
    plan.rounds = options.quick ? quick_rounds : whole_rounds;
    return plan;
}

} // namespace hetmem::detail
