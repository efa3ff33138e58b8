#include "topology/kind.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

#include <fmt/format.h>

namespace hetmem::detail {

namespace {

constexpr std::uint64_t unknown = topology::unknown_value;

/// Memory without CPUs that is this many times as fast to read as the fastest memory of CPUs is
/// taken for high-bandwidth memory: on machines that have both it is 2 to 5 times as fast.
constexpr double hbm_ratio = 1.5;

/// The best read bandwidth of each target from any initiator, by one source for all.
struct best_bandwidths {
    source from{};
    std::vector<std::uint64_t> values; ///< bytes per second; 0 is unknown
};

best_bandwidths find_best_bandwidths(const topology::state& s) {
    best_bandwidths best{source::sysfs, std::vector<std::uint64_t>(s.targets.size(), 0)};
    std::size_t most = 0;
    std::vector<std::uint64_t> row(s.targets.size());
    for (const figure_layer& layer : s.layers) {
        if (layer.what() != quantity::read_bandwidth || layer.level() != 0) {
            continue;
        }
        std::vector<std::uint64_t> values(s.targets.size(), 0);
        for (std::size_t i = 0; i < s.initiators.size(); ++i) {
            layer.row(i, row);
            for (std::size_t t = 0; t < row.size(); ++t) {
                if (row[t] != unknown && row[t] != topology::unreachable_value) {
                    values[t] = std::max(values[t], row[t]);
                }
            }
        }
        const auto known = static_cast<std::size_t>(
            std::count_if(values.begin(), values.end(), [](std::uint64_t v) { return v != 0; }));
        if (known > most) {
            most = known;
            best = {layer.from(), std::move(values)};
        }
    }
    return best;
}

/// Firmware keeps memory out of the ordinary only when it is special (EFI_MEMORY_SP).
bool was_soft_reserved(const target& memory) {
    return std::any_of(memory.dax.begin(), memory.dax.end(),
                       [](const dax_device& d) { return d.origin == "soft-reserved"; });
}

/// The fastest ordinary memory that has CPUs: the yardstick for the others.
std::optional<std::size_t> find_yardstick(const topology::state& s, const best_bandwidths& best) {
    std::optional<std::size_t> out;
    for (std::size_t t = 0; t < s.targets.size(); ++t) {
        if (!s.targets[t].cpus.empty() && !was_soft_reserved(s.targets[t]) && best.values[t] != 0 &&
            (!out || best.values[t] > best.values[*out])) {
            out = t;
        }
    }
    return out;
}

bool named(const std::map<std::size_t, std::string>& evidence, std::size_t t, memory_kind kind,
           target& out) {
    const auto it = evidence.find(t);
    if (it == evidence.end()) {
        return false;
    }
    out.kind = kind;
    out.kind_reason = it->second;
    return true;
}

std::string gb(std::uint64_t bytes_per_second) {
    return fmt::format("{:.4g} GB/s", static_cast<double>(bytes_per_second) / 1e9);
}

} // namespace

void conclude_kinds(topology::state& s, const kind_evidence& evidence) {
    const best_bandwidths best = find_best_bandwidths(s);
    const std::optional<std::size_t> yardstick = find_yardstick(s, best);
    for (std::size_t t = 0; t < s.targets.size(); ++t) {
        target& memory = s.targets[t];
        if (named(evidence.device, t, memory_kind::device, memory) ||
            named(evidence.cxl, t, memory_kind::cxl, memory) ||
            named(evidence.pmem, t, memory_kind::pmem, memory) ||
            named(evidence.hbm, t, memory_kind::hbm, memory)) {
            continue;
        }
        const double ratio =
            yardstick && best.values[t] != 0
                ? static_cast<double>(best.values[t]) / static_cast<double>(best.values[*yardstick])
                : 0.0;
        const std::string compared =
            yardstick && best.values[t] != 0
                ? fmt::format("read bandwidth {} is {:.2g} times that of {} ({})",
                              gb(best.values[t]), ratio, s.targets[*yardstick].name,
                              to_string(best.from))
                : std::string();
        // Sockets may differ by how many of their slots are filled, so that a CPU's own memory is
        // not HBM by being faster than another's.
        if (ratio >= hbm_ratio && (memory.cpus.empty() || was_soft_reserved(memory))) {
            memory.kind = memory_kind::hbm;
            memory.kind_reason = compared;
        } else if (!memory.cpus.empty()) {
            memory.kind = memory_kind::dram;
            memory.kind_reason =
                fmt::format("the memory of CPU{} {}; nothing tells otherwise",
                            memory.cpus.size() == 1 ? "" : "s", memory.cpus.to_string());
        } else if (const auto why = evidence.absent.find(t); why != evidence.absent.end()) {
            memory.kind_reason = why->second;
        } else {
            memory.kind_reason = compared.empty()
                                     ? "no CPUs, no figures, and no device that names it"
                                     : compared + ", and no device names it";
        }
    }
}

} // namespace hetmem::detail
