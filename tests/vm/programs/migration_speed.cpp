// migration_speed MIB ROUNDS FROM TO [--pages=base]: how long it takes to move a buffer between two
// nodes, by hetmem and by its peers, in turn, there and back; bytes per second and ratios. Every
// move is checked. Speed under emulation is that of the emulator: only ratios within a run mean
// anything.
#include "tests/vm/programs/arguments.hpp"
#include "tests/vm/programs/count.hpp"
#include "tests/vm/programs/report.hpp"
#include "tests/vm/programs/request.hpp"

#include <hetmem/placement.hpp>
#include <hetmem/region.hpp>

#include <fmt/core.h>

#include <hwloc.h>
#include <numa.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <exception>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using nlohmann::json;
using clock_type = std::chrono::steady_clock;

constexpr std::size_t page = 4096;

struct buffer {
    std::byte* start = nullptr;
    std::size_t length = 0;
};

using move = std::function<void(const buffer&, int from, int to)>;

void by_numa_move_pages(const buffer& what, int, int to) {
    std::vector<void*> pages;
    pages.reserve(what.length / page);
    for (std::size_t at = 0; at < what.length; at += page) {
        pages.push_back(what.start + at);
    }
    const std::vector<int> nodes(pages.size(), to);
    std::vector<int> status(pages.size(), -1000);
    if (numa_move_pages(0, pages.size(), pages.data(), nodes.data(), status.data(), 2) != 0) {
        throw std::runtime_error("numa_move_pages");
    }
}

/// Moves all of this process, and starts a program for it: that is how it is used.
void by_migratepages(const buffer&, int from, int to) {
    std::array<std::string, 4> words{"migratepages", std::to_string(getpid()), std::to_string(from),
                                     std::to_string(to)};
    std::array<char*, 5> called{words[0].data(), words[1].data(), words[2].data(), words[3].data(),
                                nullptr};
    pid_t child = 0;
    int status = 1;
    if (posix_spawnp(&child, called[0], nullptr, nullptr, called.data(), environ) != 0 ||
        waitpid(child, &status, 0) != child || status != 0) {
        throw std::runtime_error("migratepages");
    }
}

class hwloc_mover {
public:
    hwloc_mover() {
        if (hwloc_topology_init(&machine_) != 0 || hwloc_topology_load(machine_) != 0) {
            throw std::runtime_error("hwloc: no topology");
        }
    }
    ~hwloc_mover() { hwloc_topology_destroy(machine_); }
    hwloc_mover(const hwloc_mover&) = delete;
    hwloc_mover& operator=(const hwloc_mover&) = delete;

    void operator()(const buffer& what, int to) const {
        const hwloc_nodeset_t nodes = hwloc_bitmap_alloc();
        hwloc_bitmap_only(nodes, static_cast<unsigned>(to));
        const int answer = hwloc_set_area_membind(
            machine_, what.start, what.length, nodes, HWLOC_MEMBIND_BIND,
            HWLOC_MEMBIND_STRICT | HWLOC_MEMBIND_MIGRATE | HWLOC_MEMBIND_BYNODESET);
        hwloc_bitmap_free(nodes);
        if (answer != 0) {
            throw std::runtime_error("hwloc_set_area_membind");
        }
    }

private:
    hwloc_topology_t machine_ = nullptr;
};

buffer fresh(std::size_t length, int node, bool huge) {
    constexpr std::size_t alignment = std::size_t{2} << 20U;
    void* const memory = mmap(nullptr, length + alignment, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        throw std::runtime_error("mmap");
    }
    const auto place = reinterpret_cast<std::uintptr_t>(memory);
    buffer made{reinterpret_cast<std::byte*>((place + alignment - 1) / alignment * alignment),
                length};
    madvise(made.start, length, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
    numa_tonode_memory(made.start, length, node);
    std::memset(made.start, 1, length);
    return made;
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const std::size_t half = values.size() / 2;
    return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

void must_be_on(const buffer& what, int node, const std::string& who) {
    if (vm::count_by_maps(what.start, what.length).bytes[node] != what.length) {
        throw std::runtime_error(who + " did not move all of it");
    }
}

} // namespace

int main(int count, char** words) {
    try {
        const vm::arguments asked(count, words);
        const std::size_t length = asked.number(std::size_t{0}) << 20U;
        const std::uint64_t rounds = asked.number(std::size_t{1});
        const std::array<int, 2> nodes{static_cast<int>(asked.number(std::size_t{2})),
                                       static_cast<int>(asked.number(std::size_t{3}))};
        const bool huge = vm::pages_of(asked) != hetmem::page_size::base;
        const hwloc_mover hwloc;

        std::array<hetmem::placement, 2> places{
            vm::placement_of("bind:node" + std::to_string(nodes[0]), asked),
            vm::placement_of("bind:node" + std::to_string(nodes[1]), asked)};
        hetmem::region region(hetmem::byte_size::from_bytes(length), places[0],
                              vm::options_of(asked));
        std::memset(region.data(), 1, region.size());
        const buffer ours{static_cast<std::byte*>(region.data()), region.size()};
        const buffer theirs = fresh(length, nodes[0], huge);

        std::map<std::string, std::vector<double>> seconds;
        const auto time = [&seconds](const std::string& who, const buffer& what, int to,
                                     const std::function<void()>& moves) {
            const auto begin = clock_type::now();
            moves();
            const std::chrono::duration<double> took = clock_type::now() - begin;
            must_be_on(what, to, who);
            seconds[who].push_back(took.count());
        };
        for (std::uint64_t round = 0; round < 2 * rounds; ++round) {
            const int from = nodes[round % 2];
            const int to = nodes[1 - round % 2];
            hetmem::migrate_options one_thread;
            one_thread.threads = 1;
            time("hetmem", ours, to, [&] { region.migrate(places[1 - round % 2], one_thread); });
            time("numa_move_pages", theirs, to, [&] { by_numa_move_pages(theirs, from, to); });
            by_numa_move_pages(theirs, to, from);
            time("hwloc", theirs, to, [&] { hwloc(theirs, to); });
            by_numa_move_pages(theirs, to, from);
            // It moves all that this process has on `from`: ours is on `to` by now.
            time("migratepages", theirs, to, [&] { by_migratepages(theirs, from, to); });
        }
        json said{{"outcome", "done"}, {"mib", length >> 20U}};
        double best = 0;
        for (const auto& [who, times] : seconds) {
            const double speed = static_cast<double>(length) / median(times);
            said["bytes_per_second"][who] = speed;
            best = who == "hetmem" ? best : std::max(best, speed);
        }
        said["ratio"] = said["bytes_per_second"]["hetmem"].get<double>() / best;
        said["seconds"] = seconds;
        vm::print(said);
        return 0;
    } catch (const std::exception& why) {
        fmt::print(stderr, "migration_speed: {}\n", why.what());
        return 2;
    }
}
