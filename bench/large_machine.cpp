// Times reading a very large machine (bench/made_up_root.py) against bare reads of the same files.
//
//     bench_large_machine ROOT LIST [RUNS]
//
// One line of numbers: nodes, files, microseconds of bare reads and of discover(), their ratio,
// peak memory in MiB of a fresh process, microseconds of ranking one initiator's targets.
#include "bare_reads.hpp"
#include "stopwatch.hpp"

#include <hetmem/discover.hpp>
#include <hetmem/rank.hpp>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace hetmem;

/// VmHWM: the most memory that this process ever had resident.
double peak_mib() {
    std::ifstream status("/proc/self/status");
    std::string line;
    while (std::getline(status, line)) {
        if (line.starts_with("VmHWM:")) {
            return std::strtod(line.c_str() + std::strlen("VmHWM:"), nullptr) / 1024;
        }
    }
    return 0;
}

int describe_once(const char* root) {
    const topology machine = discover({.root = root});
    std::printf("%.1f\n", peak_mib());
    return machine.targets().empty() ? 1 : 0;
}

/// What describe_once() prints in a process that does nothing else.
std::string peak_of_fresh_process(const char* self, const char* root) {
    const std::string command = std::string("exec '") + self + "' --once '" + root + "'";
    FILE* output = ::popen(command.c_str(), "r");
    char text[32] = "";
    const bool read = output != nullptr && std::fgets(text, sizeof text, output) != nullptr;
    const int status = output != nullptr ? ::pclose(output) : -1;
    if (!read || status != 0) {
        return "failed";
    }
    text[std::strcspn(text, "\n")] = '\0';
    return text;
}

int measure(const char* self, const char* root, const char* list, int runs) {
    bench::bare_reads bare(root, list);
    bench::stopwatch bare_time;
    bench::stopwatch discover_time;
    bench::stopwatch rank_time;
    bare.run(); // both find warm caches
    topology machine = discover({.root = root});
    for (int i = 0; i < runs; ++i) {
        bare_time.time([&] { bare.run(); });
        discover_time.time([&] { machine = discover({.root = root}); });
    }
    const rank_options from_the_last = {.from = {machine.initiators().back().id},
                                        .nodes = std::nullopt};
    constexpr int rankings = 200;
    std::size_t places = 0;
    for (int i = 0; i < rankings; ++i) {
        rank_time.time(
            [&] { places += rank(machine, criterion::read_latency, from_the_last).places.size(); });
    }
    if (places != rankings * machine.targets().size()) {
        std::fputs("the ranking does not have all targets\n", stderr);
        return 1;
    }
    std::printf("%zu %zu %.0f %.0f %.2f %s %.1f\n", machine.targets().size(), bare.files(),
                bare_time.median(), discover_time.median(),
                discover_time.median() / bare_time.median(),
                peak_of_fresh_process(self, root).c_str(), rank_time.median());
    return 0;
}

} // namespace

int main(int count, char** values) {
    try {
        if (count == 3 && std::strcmp(values[1], "--once") == 0) {
            return describe_once(values[2]);
        }
        if (count == 3 || count == 4) {
            return measure(values[0], values[1], values[2], count == 4 ? std::atoi(values[3]) : 9);
        }
        std::fputs("usage: bench_large_machine ROOT LIST [RUNS]\n", stderr);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "bench_large_machine: %s\n", e.what());
    }
    return 1;
}
