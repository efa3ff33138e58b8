// hetmem/rank.hpp: "which memory is best from here?"
//
//     auto machine = hetmem::discover();
//     auto order = hetmem::rank(machine, hetmem::criterion::read_bandwidth);
//     machine.targets()[order.places.front().target.index].name;   // the fastest to read from here
//
// A ranking compares figures of one source and one quantity over all its candidates. When a
// stronger source covers only part of them, it is set aside with a remark ("not comparable") and
// the source that covers all is used. Targets without a figure come last, in the order of their
// SLIT distance, and say so. Ties go to the nearer memory. Thread-safe.
#pragma once

#include <hetmem/topology.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hetmem {

enum class criterion : std::uint8_t {
    read_latency,
    write_latency,
    read_bandwidth,
    write_bandwidth,
    capacity, ///< larger first
    free,     ///< more free memory first
};

HETMEM_EXPORT std::string_view to_string(criterion);
HETMEM_EXPORT std::optional<criterion> parse_criterion(std::string_view name);

struct rank_options {
    /// Whose accesses count; when several, a target counts as its worst figure among them. Empty:
    /// the initiators of the CPUs that the calling thread may run on; with a topology that is not
    /// live(), all initiators that are CPUs.
    std::vector<initiator_id> from;
    /// Nodes that may be used. Nothing: those that the caller's cpuset allows when the topology is
    /// live(); see allowed_nodes(). Giving them spares a system call.
    std::optional<id_set> nodes;
    /// Also rank reserved and offline memory (what only firmware describes never is).
    bool include_reserved = false;
};

/// One place in the order: what it was ranked by. `explain` puts it into words.
struct ranked_target {
    target_id target;
    knowledge state = knowledge::unknown;
    std::uint64_t value = 0; ///< picoseconds, bytes per second or bytes, as the criterion says
    std::uint32_t distance =
        0;              ///< SLIT distance from the ranked-for initiators (the worst); 0: unknown
    bool local = false; ///< the memory of the very node of the initiator
};

struct left_out_target {
    target_id target;
    std::string why; ///< "not allowed here", "reserved: device-dax", "offline", ...
};

struct ranking {
    criterion by{};
    std::vector<initiator_id> from;    ///< the initiators it was made for
    std::optional<source> used;        ///< nothing for capacity and free, or when nothing is known
    std::vector<ranked_target> places; ///< best first
    std::vector<left_out_target> left_out;
    std::vector<std::string> remarks; ///< "measured covers 2 of 4 targets: not comparable", ...
};

/// Throws no_such_target when an initiator in the options is not of this topology.
HETMEM_EXPORT ranking rank(const topology& machine, criterion by, const rank_options& options = {});

/// Why a target has its place, in a few words: "409.6 GB/s (hmat)", "no figure; distance 20".
HETMEM_EXPORT std::string explain(const ranking& order, const ranked_target& place);

/// The nodes that the calling thread's cpuset allows (Mems_allowed_list of
/// /proc/thread-self/status).
HETMEM_EXPORT id_set allowed_nodes();
/// The CPUs that the calling thread may run on (sched_getaffinity).
HETMEM_EXPORT id_set allowed_cpus();

} // namespace hetmem
