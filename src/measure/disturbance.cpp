#include "measure/disturbance.hpp"

#include "kernel/text.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include <unistd.h>

#include <fmt/format.h>

namespace hetmem::detail {
namespace {

// Below these it is what any machine does: its own ticks, a kernel thread now and then.
constexpr double tolerated_of_used_cpus = 0.05;
constexpr double tolerated_of_host = 0.02;
constexpr double tolerated_cpu_pressure = 0.10;
constexpr double tolerated_memory_pressure = 0.01;
// Elsewhere: they share the way to the memory, though not the CPU.
constexpr double tolerated_busy_elsewhere = 0.5; ///< CPUs
constexpr double tolerated_share_elsewhere = 0.05;
/// The kernel counts in ticks: one or two more or less say nothing.
constexpr double ticks_of_doubt = 3;
constexpr double fewest_ticks = 5;

double ticks_a_second() {
    return static_cast<double>(::sysconf(_SC_CLK_TCK));
}

/// total= of the first line, "some": microseconds in which at least one task waited.
std::optional<std::uint64_t> pressure(const kernel::rooted_reader& reader, std::string_view path) {
    constexpr std::string_view before = "total=";
    const kernel::read_result file = reader.read(path);
    if (!file) {
        return {};
    }
    std::string_view rest = file.text;
    std::string_view line = kernel::next_line(rest).value_or("");
    if (kernel::next_word(line) != "some") {
        return {};
    }
    while (!line.empty()) {
        const std::string_view word = kernel::next_word(line);
        if (word.starts_with(before)) {
            return kernel::parse_u64(word.substr(before.size()));
        }
    }
    return {};
}

/// How often heat or power slowed these CPUs down (Linux on x86; elsewhere nothing is counted).
std::uint64_t throttle_events(const kernel::rooted_reader& reader, const id_set& cpus) {
    std::uint64_t events = 0;
    for (const unsigned cpu : cpus.to_vector()) {
        for (const char* const counter : {"core_throttle_count", "package_throttle_count"}) {
            events += reader.top()
                          .read_u64(fmt::format("sys/devices/system/cpu/cpu{}/thermal_throttle/{}",
                                                cpu, counter))
                          .value_or(0);
        }
    }
    return events;
}

double since(std::uint64_t before, std::uint64_t after) {
    return static_cast<double>(after - std::min(before, after));
}

std::string percent(double share) {
    return fmt::format("{:.0f} %", std::min(share, 1.0) * 100);
}

std::string name_of(const id_set& cpus) {
    return fmt::format("CPU{} {}", cpus.size() == 1 ? "" : "s", cpus.to_string());
}

} // namespace

void disturbance_watch::add(cpu_times& sum, std::string_view words) {
    // proc(5), /proc/stat: user nice system idle iowait irq softirq steal; guests are in user.
    enum field : std::size_t { user, nice, system, idle, iowait, irq, softirq, steal, fields };
    std::array<std::uint64_t, fields> ticks{};
    for (std::uint64_t& one : ticks) {
        one = kernel::parse_u64(kernel::next_word(words)).value_or(0);
        sum.all += one;
    }
    sum.busy += ticks[user] + ticks[nice] + ticks[system] + ticks[irq] + ticks[softirq];
    sum.stolen += ticks[steal];
    ++sum.cpus;
}

std::map<unsigned, disturbance_watch::own_thread> disturbance_watch::look_at_own_threads() const {
    std::map<unsigned, own_thread> threads;
    const kernel::directory tasks = reader_.open("proc/self/task");
    for (const unsigned id : tasks.numbered("")) {
        const kernel::read_result file = tasks.read(fmt::format("{}/stat", id));
        if (!file) {
            continue; // it has ended
        }
        // proc(5), /proc/pid/stat. A name may hold anything, and ends with the last parenthesis.
        constexpr int first_behind_name = 3;
        constexpr int utime = 14;
        constexpr int stime = 15;
        constexpr int processor = 39;
        std::string_view words = file.text.substr(file.text.rfind(')') + 1);
        own_thread& thread = threads[id];
        for (int field = first_behind_name; field <= processor; ++field) {
            const auto value = kernel::parse_u64(kernel::next_word(words));
            if (field == utime || field == stime) {
                thread.ticks += value.value_or(0);
            } else if (field == processor) {
                thread.cpu = static_cast<unsigned>(value.value_or(0));
            }
        }
    }
    return threads;
}

double disturbance_watch::own_since_then(const snapshot& now) const {
    double ticks = 0;
    for (const auto& [id, thread] : now.own) {
        const auto then = before_.own.find(id);
        if (then != before_.own.end() && cpus_.contains(thread.cpu)) {
            ticks += since(then->second.ticks, thread.ticks);
        }
    }
    return ticks;
}

disturbance_watch::snapshot disturbance_watch::look() const {
    snapshot now;
    // The rest of the file is long, and costs the kernel time to print.
    reader_.for_each_line("proc/stat", [&](std::string_view line) {
        const std::string_view word = kernel::next_word(line);
        if (!word.starts_with("cpu")) {
            return false;
        }
        if (const auto cpu = kernel::number_after("cpu", word)) {
            add(cpus_.contains(*cpu) ? now.used : now.others, line);
        }
        return true;
    });
    now.own = look_at_own_threads();
    now.cpu_pressure = pressure(reader_, "proc/pressure/cpu");
    now.memory_pressure = pressure(reader_, "proc/pressure/memory");
    now.throttled = throttle_events(reader_, cpus_);
    return now;
}

disturbance_watch::disturbance_watch(const kernel::rooted_reader& reader, const id_set& cpus)
    : reader_(reader), cpus_(cpus), before_(look()) {}

quiet_verdict disturbance_watch::verdict() const {
    const snapshot now = look();
    const double passed = since(before_.used.all, now.used.all); // of all used CPUs together
    const unsigned cpus = std::min(before_.used.cpus, now.used.cpus);
    if (cpus == 0) {
        return {interference::unknown, "/proc/stat does not tell of these CPUs"};
    }
    const double window = passed / cpus;
    if (window < fewest_ticks) {
        return {interference::unknown, "too short to tell"};
    }
    std::vector<std::string> reasons;
    const double busy = since(before_.used.busy, now.used.busy);
    const double others = std::max(0.0, busy - own_since_then(now));
    if (others > ticks_of_doubt && others / passed > tolerated_of_used_cpus) {
        reasons.push_back(
            fmt::format("other programs took {} of {}", percent(others / passed), name_of(cpus_)));
    }
    const double stolen = since(before_.used.stolen, now.used.stolen);
    if (stolen > ticks_of_doubt && stolen / passed > tolerated_of_host) {
        reasons.push_back(
            fmt::format("the host took {} of {}", percent(stolen / passed), name_of(cpus_)));
    }
    const double elsewhere = since(before_.others.busy, now.others.busy) / window;
    if (elsewhere > std::max(tolerated_busy_elsewhere,
                             tolerated_share_elsewhere * static_cast<double>(now.others.cpus))) {
        reasons.push_back(fmt::format("{:.1f} other CPUs were busy", elsewhere));
    }
    const auto waited = [&](const auto& before, const auto& after) {
        constexpr double microseconds = 1e6;
        return before && after ? since(*before, *after) / (window / ticks_a_second() * microseconds)
                               : 0.0;
    };
    if (const double share = waited(before_.cpu_pressure, now.cpu_pressure);
        share > tolerated_cpu_pressure) {
        reasons.push_back(fmt::format("programs waited for a CPU {} of the time", percent(share)));
    }
    if (const double share = waited(before_.memory_pressure, now.memory_pressure);
        share > tolerated_memory_pressure) {
        reasons.push_back(fmt::format("programs waited for memory {} of the time", percent(share)));
    }
    if (now.throttled > before_.throttled) {
        reasons.emplace_back("heat or power slowed the CPUs down");
    }
    if (reasons.empty()) {
        return {interference::quiet, ""};
    }
    return {interference::disturbed, fmt::format("{}", fmt::join(reasons, "; "))};
}

} // namespace hetmem::detail
