// measure/disturbance.hpp: whether something else ran while something was measured.
//
//     disturbance_watch watch(reader, cpus);
//     take_samples();
//     quiet_verdict said = watch.verdict();    // {disturbed, "others took 40 % of CPU 3"}
#pragma once

#include "kernel/rooted.hpp"

#include <hetmem/id_set.hpp>
#include <hetmem/measured.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace hetmem::detail {

struct quiet_verdict {
    interference verdict = interference::unknown;
    std::string why;
};

/// Reads PSI, /proc/stat (time that other processes and the host took of these CPUs, and how busy
/// the others were) and the CPUs' throttle counters when it is made and when it is asked. The time
/// of this process' threads on these CPUs is its own; they must be there when it is made.
class disturbance_watch {
public:
    /// cpus: those that the measuring threads use.
    disturbance_watch(const kernel::rooted_reader& reader, const id_set& cpus);
    /// Of the time since it was made.
    quiet_verdict verdict() const;

private:
    /// Ticks of /proc/stat, summed over the CPUs that are used, or over the others.
    struct cpu_times {
        std::uint64_t busy = 0;
        std::uint64_t stolen = 0;
        std::uint64_t all = 0;
        unsigned cpus = 0;
    };
    struct own_thread {
        std::uint64_t ticks = 0;
        unsigned cpu = 0; ///< where it ran last
    };
    struct snapshot {
        cpu_times used;
        cpu_times others;
        std::map<unsigned, own_thread> own;        ///< by thread id
        std::optional<std::uint64_t> cpu_pressure; ///< microseconds since the start of the system
        std::optional<std::uint64_t> memory_pressure;
        std::uint64_t throttled = 0; ///< times
    };
    snapshot look() const;
    std::map<unsigned, own_thread> look_at_own_threads() const;
    /// Ticks that this process' threads had of the CPUs.
    double own_since_then(const snapshot& now) const;
    static void add(cpu_times& sum, std::string_view words);

    const kernel::rooted_reader& reader_;
    id_set cpus_;
    snapshot before_;
};

} // namespace hetmem::detail
