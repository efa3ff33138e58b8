// hetmem/measure.hpp: what the memories of this machine really do.
//
//     auto machine = hetmem::discover();
//     hetmem::measurements now = hetmem::measure(machine, {.quick = true});
//     hetmem::keep_measurements(hetmem::user_store(), machine, now);
//
// Runs unprivileged, without hardware counters, in virtual machines too. Each cell is one metric of
// one (initiator, target) pair, taken on a buffer whose placement, page size and pinning are
// verified; docs/measuring.md tells the method.
//
// Needs the memory that it measures (see measure_options::largest_buffer) and, while it runs, the
// CPUs of the initiators. Reserved memory is measured only when it is named, and persistent memory
// is never written unless destroy_contents says so. One call at a time in a process; it starts
// threads of its own, which have ended when it returns, and leaves no policy or affinity behind.
#pragma once

#include <hetmem/export.hpp>
#include <hetmem/measured.hpp>
#include <hetmem/topology.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace hetmem {

struct measure_progress {
    std::size_t cells_done = 0;
    std::size_t cells = 0;
    std::chrono::milliseconds left{};      ///< estimate
    const measured_cell* latest = nullptr; ///< just finished; null at the start
};

struct measure_options {
    /// Names of initiators and targets; empty: all CPU initiators that this thread may run on, all
    /// online targets that are not reserved.
    std::vector<std::string> initiators{};
    std::vector<std::string> targets{};
    /// Empty: local_latency, random_latency and every bandwidth. --quick: local_latency,
    /// read_bandwidth, nontemporal_write_bandwidth.
    std::vector<metric> metrics{};
    bool quick = false;
    bool curves = false; ///< latency under load too
    /// Stop a cell when the interval of the median is within this share of it, or at the budget.
    double precision = 0.01;
    std::optional<std::chrono::milliseconds> cell_budget{}; ///< 1.9 s; 0.8 s when quick
    std::optional<byte_size> buffer{}; ///< nothing: by the caches of the initiator and the target
    /// Smaller than what the caches demand is an error unless this is set, and labelled then.
    bool allow_cached = false;
    /// May write persistent memory, and dax devices that another program has mapped.
    bool destroy_contents = false;
    /// Called from the calling thread after each cell and a few times a second; false ends it: what
    /// is done is returned.
    std::function<bool(const measure_progress&)> progress{};
};

/// Throws no_such_target, target_reserved (what only destroy_contents may write), target_full (no
/// room for the smallest buffer that makes sense), not_permitted, hetmem::error (EINVAL).
HETMEM_EXPORT measurements measure(const topology& machine, const measure_options& options = {});

} // namespace hetmem
