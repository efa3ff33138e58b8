// Memory that nobody can use, that too many can use, and what the kernel does with fast and slow.
#include "check/kernel_checks.hpp"
#include "check/linux_tiers.hpp"

#include "kernel/cpuset_slices.hpp"
#include "kernel/dax_users.hpp"

#include "topology/value_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include <unistd.h>

namespace hetmem::detail {
namespace {

void check_reserved(const check_subject& subject, check_result& result) {
    told unexposed(result, "reserved-unexposed");
    for (const target& memory : subject.machine->targets()) {
        if (memory.state == target_state::reserved && memory.dax.empty()) {
            unexposed.add(memory.name, [&] {
                return fmt::format("{} are held back: {}.", format_size(memory.size),
                                   memory.reserved_reason);
            });
        }
    }
}

/// Why nobody can tell from here whether a program uses a device; "" where it can be told.
std::string_view why_users_are_unknown(const kernel::rooted_reader& reader, bool complete) {
    if (reader.open("proc").numbered("").empty()) {
        return "a copy of a machine has no programs";
    }
    // Where others' processes are hidden altogether (hidepid), nothing was refused.
    const bool ordinary_user = reader.live() && ::geteuid() != 0;
    return complete && !ordinary_user ? "" : "only root sees all of them (run as root)";
}

void check_dax(const check_subject& subject, const kernel_view& view, check_result& result) {
    const bool some_in_use = std::ranges::any_of(view.dax, [](const kernel::dax_device& device) {
        return !device.driver.empty() && device.driver != "kmem";
    });
    const bool some_without_driver =
        std::ranges::any_of(view.dax, &std::string::empty, &kernel::dax_device::driver);
    kernel::dax_users users;
    bool users_known = true;
    if (some_in_use) {
        users = kernel::read_dax_users(*subject.reader);
        const std::string_view unknown = why_users_are_unknown(*subject.reader, users.complete);
        users_known = unknown.empty();
        if (!users_known) {
            result.not_looked_at.push_back(
                fmt::format("whether programs use the dax devices: {}", unknown));
        }
    }
    if (!users_known && !some_without_driver) {
        return;
    }
    told idle(result, "dax-unused");
    for (const kernel::dax_device& device : view.dax) {
        if (device.driver.empty()) {
            idle.add(device.name, [] { return "No driver has it: no program can use it."; });
        } else if (device.driver != "kmem" && users_known && !users.mapped.contains(device.name)) {
            idle.add(device.name, [&] {
                return fmt::format("It belongs to {}, and no program has it mapped.",
                                   device.driver);
            });
        }
    }
}

std::string onlined_by_hand(const kernel_view& view) {
    return view.blocks.auto_online == "offline"
               ? ", and auto_online_blocks is \"offline\": nobody but a person or udev changes that"
               : "";
}

void check_blocks(const check_subject& subject, const kernel_view& view, check_result& result) {
    told offline(result, "blocks-offline");
    for (const target& memory : subject.machine->targets()) {
        const std::uint64_t missing = memory.blocks - std::min(memory.blocks, memory.blocks_online);
        if (missing > 0) {
            offline.add(memory.name, [&] {
                return fmt::format("{} of its {} memory blocks are offline{}.", missing,
                                   memory.blocks, onlined_by_hand(view));
            });
        }
    }
}

// ---- tiers and demotion -------------------------------------------------------------------------

bool is_faster_kind(memory_kind kind) {
    return kind == memory_kind::hbm;
}
bool is_slower_kind(memory_kind kind) {
    return kind == memory_kind::cxl || kind == memory_kind::pmem || kind == memory_kind::device;
}

void check_kinds_of_tiers(const check_subject& subject, const kernel_view& view,
                          check_result& result) {
    told same(result, "same-tier");
    const auto targets = subject.machine->targets();
    for (const target& other : targets) {
        if (!is_online(other) || !other.tier ||
            !(is_faster_kind(other.kind) || is_slower_kind(other.kind))) {
            continue;
        }
        const auto dram = std::ranges::find_if(targets, [&](const target& memory) {
            return memory.kind == memory_kind::dram && memory.tier == other.tier;
        });
        if (dram == targets.end()) {
            continue;
        }
        finding* const made = same.add(other.name, [&] {
            return fmt::format("{} is {}, and in memory tier {} together with {}, which is dram.",
                               other.name, to_string(other.kind), *other.tier, dram->name);
        });
        if (made != nullptr && view.version < tiers_of_hmat_since) {
            made->level = severity::info;
            made->linux_does =
                fmt::format("Linux {}.{} makes no tiers of an HMAT; 6.7 and later do.",
                            view.version.major, view.version.minor);
        }
    }
}

/// Nodes that a cgroup at the top may not use while another may.
std::vector<std::string> fences(const kernel::cpuset_slices& slices, const id_set& with_memory) {
    std::vector<std::string> found;
    for (const kernel::cpuset_slice& slice : slices.slices) {
        if (slice.mems && !slice.mems->includes(with_memory)) {
            found.push_back(slice.name);
        }
    }
    return found;
}

void check_demotion(const check_subject& subject, const kernel_view& view, check_result& result) {
    if (!view.tiers.demotion || view.tiers.tier_of_node.empty()) {
        return;
    }
    told off(result, "demotion-off");
    told on(result, "demotion-on");
    std::set<int> tiers;
    for (const auto& [node, tier] : view.tiers.tier_of_node) {
        tiers.insert(tier);
    }
    if (!*view.tiers.demotion) {
        if (tiers.size() > 1) {
            off.add("demotion_enabled", [&] {
                return fmt::format("The machine has {} memory tiers, and cold pages of the faster "
                                   "ones are not moved to the slower ones.",
                                   tiers.size());
            });
        }
        return;
    }
    if (tiers.size() == 1) {
        on.add("demotion_enabled", [] {
            return "Demotion is on, and there is one memory tier only: it does nothing.";
        });
        return;
    }
    const kernel::cpuset_slices slices = kernel::read_cpuset_slices(*subject.reader);
    const auto limited = fences(slices, view.nodes.has_memory.value_or(id_set()));
    if (!limited.empty()) {
        on.add("demotion_enabled", [&] {
            return fmt::format("Cpusets keep {} from some nodes, and demotion is on: it may move "
                               "their pages there all the same.",
                               fmt::join(limited, ", "));
        });
    }
}

// ---- weights ------------------------------------------------------------------------------------

struct weighted_node {
    int node = 0;
    std::uint64_t bandwidth = 0; ///< read, from its best initiator
    unsigned weight = 0;
};

/// The nodes that weighted interleaving would use; empty unless all of their bandwidths are known,
/// from one source.
std::vector<weighted_node> weighted_nodes(const topology& machine) {
    std::vector<weighted_node> nodes;
    std::set<source> from;
    for (const target& memory : machine.targets()) {
        if (!is_online(memory) || !memory.node || !memory.interleave_weight) {
            continue;
        }
        const auto best = machine.best_initiator(memory.id);
        const auto bandwidth =
            best ? machine.access(*best, memory.id).read_bandwidth : figure<hetmem::bandwidth>{};
        if (!bandwidth.known() || bandwidth.value.bytes_per_second() == 0) {
            return {};
        }
        from.insert(bandwidth.from);
        nodes.push_back(
            {*memory.node, bandwidth.value.bytes_per_second(), *memory.interleave_weight});
    }
    return from.size() == 1 ? nodes : std::vector<weighted_node>{};
}

/// What share of all bandwidth together these weights let a program have: the node that is the
/// first to be busy holds the others up.
double share_of_bandwidth(const std::vector<weighted_node>& nodes) {
    double weights = 0;
    double all = 0;
    for (const weighted_node& n : nodes) {
        weights += n.weight;
        all += static_cast<double>(n.bandwidth);
    }
    double reached = all;
    for (const weighted_node& n : nodes) {
        if (n.weight > 0) {
            reached = std::min(reached, static_cast<double>(n.bandwidth) * weights / n.weight);
        }
    }
    return reached / all;
}

/// The smallest weights within a twentieth of what the bandwidths would want.
std::vector<unsigned> fitting_weights(const std::vector<weighted_node>& nodes) {
    constexpr unsigned most_weight = 255; // of the kernel's
    constexpr double good_enough = 0.95;
    const auto least = std::ranges::min_element(nodes, {}, &weighted_node::bandwidth)->bandwidth;
    std::vector<weighted_node> tried = nodes;
    for (unsigned unit = 1; unit <= most_weight; ++unit) {
        for (weighted_node& n : tried) {
            const double ratio = static_cast<double>(n.bandwidth) / static_cast<double>(least);
            n.weight = static_cast<unsigned>(
                std::clamp(std::round(ratio * unit), 1.0, double{most_weight}));
        }
        if (share_of_bandwidth(tried) >= good_enough) {
            break;
        }
    }
    std::vector<unsigned> weights;
    std::ranges::transform(tried, std::back_inserter(weights), &weighted_node::weight);
    return weights;
}

} // namespace

void check_exposure(const check_subject& subject, const kernel_view& view, check_result& result) {
    check_reserved(subject, result);
    check_dax(subject, view, result);
    check_blocks(subject, view, result);
}

void check_kernel_tiers(const check_subject& subject, const kernel_view& view,
                        check_result& result) {
    check_kinds_of_tiers(subject, view, result);
    check_demotion(subject, view, result);
}

void check_weights(const check_subject& subject, const kernel_view&, check_result& result) {
    constexpr double acceptable = 0.8;
    const std::vector<weighted_node> nodes = weighted_nodes(*subject.machine);
    if (nodes.size() < 2) {
        return;
    }
    told misfit(result, "weights-misfit");
    const double share = share_of_bandwidth(nodes);
    if (share >= acceptable) {
        return;
    }
    std::vector<std::string> now;
    std::vector<std::string> better;
    const std::vector<unsigned> fitting = fitting_weights(nodes);
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        now.push_back(fmt::format("node{} {}", nodes[i].node, nodes[i].weight));
        better.push_back(fmt::format("node{} {}", nodes[i].node, fitting[i]));
    }
    finding* const made = misfit.add("weighted_interleave", [&] {
        return fmt::format("A program that interleaves by these weights ({}) has at most {:.0f} % "
                           "of the bandwidth of these nodes together.",
                           fmt::join(now, ", "), share * 100);
    });
    if (made == nullptr) {
        return;
    }
    // All of weight 1 is how the kernel starts.
    const bool untouched =
        std::ranges::all_of(nodes, [](const weighted_node& n) { return n.weight == 1; });
    made->level = untouched ? severity::info : severity::warning;
    made->remedy = fmt::format("Weights that fit: {} (write them to "
                               "/sys/kernel/mm/mempolicy/weighted_interleave/nodeN).",
                               fmt::join(better, ", "));
}

} // namespace hetmem::detail
