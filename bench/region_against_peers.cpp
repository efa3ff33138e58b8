// Times a region of this library, allocated, populated and verified, beside what others offer for
// the same memory on the same node, in turns within one run.
//
//     bench_region_against_peers [ROUNDS] [MIB]
//
// One line a page size and peer: "base libnuma 1.02 331000 324000": the ratio of speeds (ours over
// theirs, from the medians), our median and theirs in microseconds. Peers populate by touching each
// page, but for "mmap", which uses MADV_POPULATE_WRITE; none of them verifies. The line "threads"
// has our own speed with two threads over that with one. Unmapping is not timed.
#include "stopwatch.hpp"

#include <hetmem/discover.hpp>
#include <hetmem/region.hpp>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <hwloc.h>
#include <memkind.h>
#include <numa.h>
#include <sys/mman.h>

namespace {

using namespace hetmem;

constexpr int node = 0;
constexpr std::size_t base_page = 4096;

/// What a contender allocated, and how to be rid of it.
using held = std::unique_ptr<void, std::function<void(void*)>>;

held checked(void* start, std::function<void(void*)> release, const char* who) {
    if (start == nullptr || start == MAP_FAILED) {
        throw std::runtime_error(std::string(who) + " gave nothing");
    }
    return held(start, std::move(release));
}

/// Of the whole pages inside.
void advise(void* start, std::size_t length, bool huge) {
    const auto from = reinterpret_cast<std::uintptr_t>(start);
    const auto first = (from + base_page - 1) / base_page * base_page;
    const auto last = (from + length) / base_page * base_page;
    ::madvise(reinterpret_cast<void*>(first), last - first, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
}

void touch(void* start, std::size_t length) {
    auto* bytes = static_cast<volatile char*>(start);
    for (std::size_t i = 0; i < length; i += base_page) {
        bytes[i] = 1;
    }
}

struct contender {
    std::string name;
    std::function<held(std::size_t length, bool huge)> allocate;
    bench::stopwatch times;
};

std::vector<contender> contenders(const topology& machine, hwloc_topology_t hwloc) {
    const auto ours = [&machine](unsigned threads) {
        return [&machine, threads](std::size_t length, bool huge) {
            region_options options;
            options.pages = huge ? page_size::transparent : page_size::base;
            options.threads = threads;
            auto made = std::make_shared<region>(
                byte_size::from_bytes(length), hetmem::bind(machine, "node" + std::to_string(node)),
                options);
            return held(made->data(), [made](void*) mutable { made.reset(); });
        };
    };
    return {
        {"hetmem", ours(1), {}},
        {"hetmem-2-threads", ours(2), {}},
        {"mmap",
         [](std::size_t length, bool huge) {
             void* start = ::mmap(nullptr, length, PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
             held mapped = checked(
                 start, [length](void* p) { ::munmap(p, length); }, "mmap");
             advise(start, length, huge);
             if (::madvise(start, length, MADV_POPULATE_WRITE) != 0) {
                 throw std::runtime_error("MADV_POPULATE_WRITE failed");
             }
             return mapped;
         },
         {}},
        {"libnuma",
         [](std::size_t length, bool huge) {
             void* start = ::numa_alloc_onnode(length, node);
             held mapped = checked(
                 start, [length](void* p) { ::numa_free(p, length); }, "libnuma");
             advise(start, length, huge);
             touch(start, length);
             return mapped;
         },
         {}},
        {"hwloc",
         [hwloc](std::size_t length, bool huge) {
             const hwloc_obj_t memory = hwloc_get_obj_by_type(hwloc, HWLOC_OBJ_NUMANODE, node);
             void* start = hwloc_alloc_membind(hwloc, length, memory->nodeset, HWLOC_MEMBIND_BIND,
                                               HWLOC_MEMBIND_BYNODESET | HWLOC_MEMBIND_STRICT);
             held mapped = checked(
                 start, [hwloc, length](void* p) { hwloc_free(hwloc, p, length); }, "hwloc");
             advise(start, length, huge);
             touch(start, length);
             return mapped;
         },
         {}},
        {"memkind",
         [](std::size_t length, bool huge) {
             void* start = memkind_malloc(MEMKIND_REGULAR, length);
             // Its arena keeps what was freed: fresh pages are to be compared with fresh pages.
             held mapped = checked(
                 start,
                 [length](void* p) {
                     ::madvise(p, length / base_page * base_page, MADV_DONTNEED);
                     memkind_free(MEMKIND_REGULAR, p);
                 },
                 "memkind");
             advise(start, length, huge);
             touch(start, length);
             return mapped;
         },
         {}},
    };
}

void compare(const topology& machine, hwloc_topology_t hwloc, const char* pages, bool huge,
             std::size_t length, int rounds) {
    auto all = contenders(machine, hwloc);
    for (int round = 0; round < rounds; ++round) {
        for (std::size_t i = 0; i < all.size(); ++i) {
            // In another order each round: nobody always follows the same one.
            contender& one = all[(i + static_cast<std::size_t>(round)) % all.size()];
            held got;
            one.times.time([&] { got = one.allocate(length, huge); });
        }
    }
    const double ours = all[0].times.median();
    for (std::size_t i = 2; i < all.size(); ++i) {
        std::printf("%s %s %.2f %.0f %.0f\n", pages, all[i].name.c_str(),
                    all[i].times.median() / ours, ours, all[i].times.median());
    }
    std::printf("%s threads %.2f %.0f %.0f\n", pages, ours / all[1].times.median(), ours,
                all[1].times.median());
}

} // namespace

int main(int count, char** values) {
    const int rounds = count > 1 ? std::atoi(values[1]) : 7;
    const std::size_t length = (count > 2 ? std::strtoul(values[2], nullptr, 10) : 1024) << 20;
    try {
        const topology machine = discover();
        hwloc_topology_t hwloc = nullptr;
        if (hwloc_topology_init(&hwloc) != 0 || hwloc_topology_load(hwloc) != 0) {
            throw std::runtime_error("hwloc_topology_load failed");
        }
        compare(machine, hwloc, "base", false, length, rounds);
        compare(machine, hwloc, "transparent", true, length, rounds);
        hwloc_topology_destroy(hwloc);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "bench_region_against_peers: %s\n", e.what());
        return 1;
    }
}
