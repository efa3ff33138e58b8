#include "check/linux_tiers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace hetmem::detail {
namespace {

// The kernel's figures, sums and differences have 32 bits and wrap.
std::uint32_t latency_of(const predicted_access& a) {
    return static_cast<std::uint32_t>(a.read_latency + a.write_latency);
}
std::uint32_t bandwidth_of(const predicted_access& a) {
    return static_cast<std::uint32_t>(a.read_bandwidth + a.write_bandwidth);
}

bool without_figures(const predicted_access& a) {
    return latency_of(a) == 0 || bandwidth_of(a) == 0;
}

bool too_far(std::uint64_t first, std::uint64_t other) {
    constexpr std::uint32_t tenth = 10;
    const auto apart = static_cast<std::uint32_t>(first > other ? first - other : other - first);
    return apart * tenth > static_cast<std::uint32_t>(first);
}

/// Why Linux takes the figures of no memory for tiers; "" when it does. `reference`: the DRAM node
/// that the others are compared with.
std::string why_no_tiers(const prediction& made, const linux_version& version,
                         const predicted_target*& reference) {
    if (!made.hmat_used) {
        return "there is no HMAT that Linux uses";
    }
    if (version < tiers_of_hmat_since) {
        return fmt::format("Linux {}.{} makes no tiers of an HMAT (since {}.{})", version.major,
                           version.minor, tiers_of_hmat_since.major, tiers_of_hmat_since.minor);
    }
    std::vector<const predicted_target*> by_node;
    for (const predicted_target& target : made.targets) {
        if (target.has_cpus) {
            by_node.push_back(&target);
        }
    }
    std::ranges::sort(by_node, {}, &predicted_target::node);
    for (const predicted_target* dram : by_node) {
        if (!dram->access1) {
            continue; // the HMAT reads the SRAT without masking domains, and has no such one
        }
        if (without_figures(*dram->access1)) {
            return fmt::format("the memory of domain {}, which has processors, has no latency or "
                               "no bandwidth in the HMAT",
                               dram->pxm);
        }
        if (reference == nullptr) {
            reference = dram;
        } else if (dram_nodes_disagree(*reference->access1, *dram->access1)) {
            return fmt::format("the memories of domains {} and {}, both with processors, differ "
                               "by more than 10 %",
                               reference->pxm, dram->pxm);
        }
    }
    return reference == nullptr ? "no memory with processors has figures in the HMAT" : "";
}

} // namespace

std::optional<int> adistance(const predicted_access& of, const predicted_access& dram) {
    if (without_figures(of) || without_figures(dram)) {
        return std::nullopt;
    }
    // Divided step by step, as there; long has 64 bits where this kernel runs.
    const std::int64_t distance = std::int64_t{dram_adistance} * latency_of(of) / latency_of(dram) *
                                  bandwidth_of(dram) / bandwidth_of(of);
    return static_cast<int>(distance);
}

bool dram_nodes_disagree(const predicted_access& first, const predicted_access& other) {
    return too_far(first.read_latency, other.read_latency) ||
           too_far(first.write_latency, other.write_latency) ||
           too_far(first.read_bandwidth, other.read_bandwidth) ||
           too_far(first.write_bandwidth, other.write_bandwidth);
}

void predict_tiers(prediction& made, const linux_version& version) {
    const predicted_target* reference = nullptr;
    made.tiers_reason = why_no_tiers(made, version, reference);
    made.tiers_from_hmat = made.tiers_reason.empty();
    if (version < tiers_of_hmat_since) {
        return;
    }
    for (predicted_target& target : made.targets) {
        std::optional<int> distance;
        if (made.tiers_from_hmat && target.access1) {
            distance = adistance(*target.access1, *reference->access1);
            if (!distance) {
                target.reasons.emplace_back(
                    "it has no latency or no bandwidth from processors, and is taken for DRAM");
            }
        }
        target.adistance = distance.value_or(dram_adistance);
        target.tier = *target.adistance >> tier_shift;
    }
}

} // namespace hetmem::detail
