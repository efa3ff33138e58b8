// hetmem/measured.hpp: what was measured on this machine, or given by hand, and where it is kept.
//
//     hetmem::measurements all = hetmem::read_measurements(hetmem::machine_store());
//     for (const hetmem::measured_cell& cell : all.cells) {
//         print(cell.initiator, cell.target, cell.what, cell.figure.median, cell.figure.low,
//               cell.figure.high, cell.verdict);
//     }
//
// A store is one JSON file (docs/measuring.md). The machine's is written by root only and counts
// for everybody; a user's own counts for that user. discover() reads both: what is in them ranks
// before what the firmware says (source::override_, source::measured).
//
// Everything here is a value; all functions are thread-safe.
#pragma once

#include <hetmem/export.hpp>
#include <hetmem/id_set.hpp>
#include <hetmem/topology.hpp>
#include <hetmem/units.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hetmem {

/// What is measured of a pair. Latencies are picoseconds, bandwidths bytes per second of payload:
/// bytes that the program reads or writes.
enum class metric : std::uint8_t {
    local_latency,  ///< idle; the next element is near enough to hit the TLB
    random_latency, ///< idle; the next element is anywhere: page walks are in it
    read_bandwidth,
    write_bandwidth,             ///< ordinary stores: each line is read first (write-allocate)
    nontemporal_write_bandwidth, ///< stores that pass the caches by
    copy_bandwidth,              ///< read one array, write another; payload counts both
    nontemporal_copy_bandwidth,
    triad_bandwidth, ///< a[i] = b[i] + s * c[i]; payload counts all three
    read_2_write_1_bandwidth,
    read_1_write_1_bandwidth,
};
/// "local_latency", ...
HETMEM_EXPORT std::string_view to_string(metric);
HETMEM_EXPORT std::optional<metric> parse_metric(std::string_view name);
constexpr bool is_latency(metric what) {
    return what <= metric::random_latency;
}

/// The quantity of a topology that a metric is the measurement of: read_latency is local_latency,
/// read_bandwidth is read_bandwidth, write_bandwidth is nontemporal_write_bandwidth (payload and
/// traffic are the same there, which is what an HMAT speaks of). Nothing for the others.
HETMEM_EXPORT std::optional<quantity> quantity_of(metric);

/// Several samples of one thing. low and high bound the median with 95 % confidence whatever the
/// distribution (order statistics).
struct sample_summary {
    std::uint64_t median = 0;
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    std::uint64_t least = 0;
    std::uint64_t most = 0;
    unsigned n = 0;
    bool converged = false; ///< stopped because the interval was narrow enough, not at the budget
    friend bool operator==(const sample_summary&, const sample_summary&) = default;
};

/// Whether something else ran meanwhile.
enum class interference : std::uint8_t {
    quiet,
    unknown,   ///< this machine does not tell (no PSI, no /proc/stat)
    disturbed, ///< the figure is not to be trusted: see measured_cell::why
};
HETMEM_EXPORT std::string_view to_string(interference);

/// What the buffer was too small, or too near, to be.
enum class measured_in : std::uint8_t {
    memory,
    cpu_cache,  ///< the buffer fits the last-level cache of the initiator
    side_cache, ///< the buffer fits a memory-side cache: not the medium's figure
};
HETMEM_EXPORT std::string_view to_string(measured_in);

struct measured_cell {
    std::string initiator; ///< initiator::name
    std::string target;    ///< target::name
    metric what{};
    sample_summary figure;
    std::uint64_t bus = 0; ///< bandwidth: bytes per second that crossed the bus, write-allocate too
    byte_size buffer;      ///< touched by one sample, all threads together
    byte_size page;        ///< page size that most of the buffer really had
    unsigned page_percent = 0; ///< how much of it had that
    unsigned threads = 1;
    id_set cpus;        ///< where the threads were pinned
    std::string kernel; ///< "AVX3 8 streams", "chase 256 B"
    measured_in in = measured_in::memory;
    interference verdict = interference::unknown;
    std::string why;             ///< of the verdict; "" when quiet
    std::string time;            ///< "2026-11-23T08:00:00Z"
    std::vector<claim> declared; ///< what others said of that quantity then
    friend bool operator==(const measured_cell&, const measured_cell&) = default;
};

/// Latency under load. Points ascend by the delay that was taken out of the loaders, so by load.
struct curve_point {
    std::uint64_t load = 0;    ///< bytes per second of all loaders, payload
    std::uint64_t latency = 0; ///< picoseconds, median
    friend bool operator==(const curve_point&, const curve_point&) = default;
};
struct measured_curve {
    std::string initiator;
    std::string target;
    unsigned read_percent = 100; ///< of the loaders' accesses
    std::uint64_t idle = 0;      ///< picoseconds
    std::vector<curve_point> points;
    /// The first point with twice the idle latency; nothing: not reached with the CPUs there are.
    std::optional<curve_point> knee;
    interference verdict = interference::unknown;
    std::string time;
    friend bool operator==(const measured_curve&, const measured_curve&) = default;
};

/// A figure that somebody gave, or measured elsewhere than here.
struct given_figure {
    std::string initiator;
    std::string target;
    quantity what{};
    std::uint64_t value = 0;         ///< base units of the quantity
    source from = source::override_; ///< or source::measured
    std::string origin;              ///< in the giver's words: "data sheet", "mlc 3.11"
    std::vector<claim> declared;     ///< what others said of that quantity when it was imported
    friend bool operator==(const given_figure&, const given_figure&) = default;
};

/// By what a memory or initiator is known again: facts that everybody may read, and none that a new
/// table may change.
struct target_mark {
    std::string name;
    std::optional<byte_size> size;
    id_set cpus;
    bool dax = false; ///< of a device, not of a node
    friend bool operator==(const target_mark&, const target_mark&) = default;
};
struct initiator_mark {
    std::string name;
    id_set cpus;
    friend bool operator==(const initiator_mark&, const initiator_mark&) = default;
};
struct machine_mark {
    std::string cpu_model;
    std::string modalias; ///< /sys/class/dmi/id/modalias without the BIOS version and date; or ""
    friend bool operator==(const machine_mark&, const machine_mark&) = default;
};

/// All that one store holds.
struct measurements {
    machine_mark machine;
    std::vector<initiator_mark> initiators;
    std::vector<target_mark> targets;
    std::vector<measured_cell> cells; ///< one for each initiator, target and metric
    std::vector<measured_curve> curves;
    std::vector<given_figure> given;
    std::vector<std::string> remarks;
    friend bool operator==(const measurements&, const measurements&) = default;
};

/// The documented JSON form. from_json throws malformed_file with the place; `name` is what the
/// error calls the text.
HETMEM_EXPORT std::string to_json(const measurements& all);
HETMEM_EXPORT measurements measurements_from_json(std::string_view text,
                                                  std::string_view name = "JSON");

/// /var/lib/hetmem/figures.json
HETMEM_EXPORT std::filesystem::path machine_store();
/// $XDG_STATE_HOME/hetmem/figures.json, or ~/.local/state/hetmem/figures.json by the password
/// database; empty for set-user-id programs and where there is no home.
HETMEM_EXPORT std::filesystem::path user_store();

/// Empty when there is no such file. Throws hetmem::error (not_permitted, malformed_file).
HETMEM_EXPORT measurements read_measurements(const std::filesystem::path& store);

/// Adds to a store, or replaces there, what is of the same initiator, target and metric (quantity,
/// for given figures; read_percent, for curves); marks come from `machine`, and so does `declared`
/// where it is empty. Written to a temporary name and renamed, under a lock. Throws hetmem::error
/// (EINVAL: `more` is of another machine; not_permitted; malformed_file: what is there is damaged,
/// and stays); no_such_target when a name is not of the machine.
HETMEM_EXPORT void keep_measurements(const std::filesystem::path& store, const topology& machine,
                                     const measurements& more);

/// Takes out what is of these memories (all when empty). How many figures that were. The file
/// stays, empty when nothing is left.
HETMEM_EXPORT std::size_t forget_measurements(const std::filesystem::path& store,
                                              const std::vector<std::string>& targets = {});

} // namespace hetmem
