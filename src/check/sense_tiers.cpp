// Whether Linux tells fast memory from slow by these tables.
#include "check/parts.hpp"
#include "check/predict_subject.hpp"
#include "check/sense.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>

namespace hetmem::detail {
namespace {

/// The first Linux that makes tiers of an HMAT.
constexpr linux_version tiers_of_hmat{6, 7};

/// The best figures of the memories; whether they differ by more than Linux allows for one tier.
bool figures_differ(const prediction& predicted) {
    constexpr std::uint64_t tenth = 10;
    const auto differs = [&](std::uint64_t predicted_access::*figure) {
        std::uint64_t least = 0;
        std::uint64_t most = 0;
        for (const predicted_target& memory : predicted.targets) {
            const std::uint64_t value = memory.access0 ? (*memory.access0).*figure : 0;
            if (value != 0) {
                least = least == 0 ? value : std::min(least, value);
                most = std::max(most, value);
            }
        }
        return most - least > least / tenth;
    };
    return differs(&predicted_access::read_latency) || differs(&predicted_access::write_latency) ||
           differs(&predicted_access::read_bandwidth) ||
           differs(&predicted_access::write_bandwidth);
}

} // namespace

void check_tiers(const check_subject& subject, check_result& result) {
    if (!subject.hmat || !subject.srat) {
        return;
    }
    const prediction predicted = predict_linux(subject);
    told one(result, "one-tier");
    std::set<std::optional<int>> tiers;
    for (const predicted_target& memory : predicted.targets) {
        tiers.insert(memory.tier);
    }
    if (predicted.targets.size() < 2 || tiers.size() != 1 || !figures_differ(predicted)) {
        return;
    }
    finding* const found = one.add("memory tiers", [&] {
        return fmt::format("The figures of {} memories differ by more than 10 %: {}.",
                           predicted.targets.size(),
                           predicted.tiers_reason.empty()
                               ? "not enough for two tiers, which are 128 steps of distance apart"
                               : predicted.tiers_reason);
    });
    if (found != nullptr && version_of(subject) < tiers_of_hmat) {
        found->level = severity::info; // no table can change it
        found->remedy =
            "Use Linux 6.7 or later; until then place what matters by name (hetmem run, "
            "or a region of the library).";
    }
}

} // namespace hetmem::detail
