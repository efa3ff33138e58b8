// Times this machine, hetmem beside hwloc, in turns within one run.
//
//     bench_against_hwloc HETMEM HWLOC-INFO LIST [RUNS]
//
// Lines of microseconds, three medians and then the three least: "process" (hetmem show,
// hwloc-info, a program that does nothing), "library" (discover(), hwloc_topology_load(), bare
// reads of the files that discover() reads) and, when root runs it, "published" (what an ordinary
// user's discover() takes where hetmemd publishes, hwloc_topology_load(), the same without reading
// afresh what changes without events).
#include "bare_reads.hpp"
#include "published_here.hpp"
#include "stopwatch.hpp"

#include <hetmem/discover.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>
#include <hwloc.h>
#include <spawn.h>
#include <sys/wait.h>

extern char** environ;

namespace {

using namespace hetmem;

/// Starts a program, its output to nowhere, and waits for its end.
void run_program(std::vector<std::string> words) {
    std::vector<char*> pointers;
    for (std::string& word : words) {
        pointers.push_back(word.data());
    }
    pointers.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    pid_t child = 0;
    const int failed =
        posix_spawn(&child, words.front().c_str(), &actions, nullptr, pointers.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    int status = 0;
    if (failed != 0 || ::waitpid(child, &status, 0) < 0 || status != 0) {
        throw std::runtime_error(words.front() + " failed");
    }
}

void load_hwloc() {
    hwloc_topology_t machine = nullptr;
    if (hwloc_topology_init(&machine) != 0 || hwloc_topology_load(machine) != 0) {
        throw std::runtime_error("hwloc_topology_load failed");
    }
    hwloc_topology_destroy(machine);
}

void print(const char* what, bench::stopwatch& a, bench::stopwatch& b, bench::stopwatch& c) {
    std::printf("%s %.0f %.0f %.0f %.0f %.0f %.0f\n", what, a.median(), b.median(), c.median(),
                a.least(), b.least(), c.least());
}

void time_processes(const char* hetmem, const char* hwloc_info, int runs) {
    bench::stopwatch ours;
    bench::stopwatch theirs;
    bench::stopwatch nothing;
    for (int i = 0; i < runs; ++i) {
        ours.time([&] { run_program({hetmem, "show"}); });
        theirs.time([&] { run_program({hwloc_info}); });
        nothing.time([] { run_program({"/bin/true"}); });
    }
    print("process", ours, theirs, nothing);
}

void time_libraries(const char* list, int runs) {
    bench::bare_reads bare("/", list);
    bench::stopwatch ours;
    bench::stopwatch theirs;
    bench::stopwatch reads;
    for (int i = 0; i < runs; ++i) {
        ours.time([] { discover(); });
        theirs.time([] { load_hwloc(); });
        reads.time([&] { bare.run(); });
    }
    print("library", ours, theirs, reads);
}

/// An ordinary user's: hwloc reads fewer files then, too.
void time_published(int runs) {
    if (!bench::published_here::can_be_made()) {
        return;
    }
    const bench::published_here published;
    published.as_ordinary_user([&] {
        bench::stopwatch ours;
        bench::stopwatch theirs;
        bench::stopwatch parsed;
        for (int i = 0; i < runs; ++i) {
            ours.time([&] { published.load(); });
            theirs.time([] { load_hwloc(); });
            parsed.time([&] { published.load_as_it_is(); });
        }
        print("published", ours, theirs, parsed);
    });
}

} // namespace

int main(int count, char** values) {
    if (count != 4 && count != 5) {
        std::fputs("usage: bench_against_hwloc HETMEM HWLOC-INFO LIST [RUNS]\n", stderr);
        return 1;
    }
    try {
        const int runs = count == 5 ? std::atoi(values[4]) : 31;
        time_processes(values[1], values[2], runs);
        time_libraries(values[3], runs);
        time_published(runs);
        return 0;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "bench_against_hwloc: %s\n", e.what());
        return 1;
    }
}
