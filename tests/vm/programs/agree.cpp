// agree PLACEMENT MIB [--until-it-lies]: a region, and where it is as hwloc, libnuma and hetmem
// say. Held while others (numastat) look at it from outside.
#include "tests/vm/programs/arguments.hpp"
#include "tests/vm/programs/count.hpp"
#include "tests/vm/programs/hold.hpp"
#include "tests/vm/programs/report.hpp"
#include "tests/vm/programs/request.hpp"

#include <hetmem/region.hpp>

#include <fmt/core.h>

#include <hwloc.h>
#include <numa.h>
#include <numaif.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using nlohmann::json;

constexpr std::size_t page = 4096;

/// The nodes of a range as hwloc_get_area_memlocation names them, and bytes by node asked page by
/// page with numa_move_pages (negative: an errno).
json seen_by_hwloc(std::span<const std::byte> range) {
    hwloc_topology_t machine = nullptr;
    if (hwloc_topology_init(&machine) != 0 || hwloc_topology_load(machine) != 0) {
        throw std::runtime_error("hwloc: no topology");
    }
    const hwloc_nodeset_t nodes = hwloc_bitmap_alloc();
    const int answer = hwloc_get_area_memlocation(machine, range.data(), range.size(), nodes,
                                                  HWLOC_MEMBIND_BYNODESET);
    json seen = json::array();
    for (int node = hwloc_bitmap_first(nodes); answer == 0 && node >= 0;
         node = hwloc_bitmap_next(nodes, node)) {
        seen.push_back(node);
    }
    hwloc_bitmap_free(nodes);
    hwloc_topology_destroy(machine);
    return seen;
}

json seen_by_libnuma(std::span<const std::byte> range) {
    std::vector<void*> pages;
    for (std::size_t at = 0; at < range.size(); at += page) {
        pages.push_back(const_cast<std::byte*>(range.data() + at));
    }
    std::vector<int> status(pages.size(), -1000);
    numa_move_pages(0, pages.size(), pages.data(), nullptr, status.data(), 0);
    std::map<int, std::uint64_t> bytes;
    for (const int node : status) {
        bytes[node] += page;
    }
    return vm::json_of(bytes);
}

/// Linux 6.1 says ENOENT of pages that NUMA balancing has marked, and EFAULT of huge ones. It marks
/// those of a program that runs, and a touch takes the mark away: so this runs, and leaves the
/// memory alone.
bool run_until_the_query_lies(std::span<const std::byte> range) {
    using clock_type = std::chrono::steady_clock;
    const auto end = clock_type::now() + std::chrono::seconds{20};
    while (clock_type::now() < end) {
        const auto soon = clock_type::now() + std::chrono::milliseconds{20};
        while (clock_type::now() < soon) {
        }
        const auto found = vm::count_by_query(range.data(), range.size());
        if (found.contains(-ENOENT) || found.contains(-EFAULT)) {
            return true;
        }
    }
    return false;
}

} // namespace

int main(int count, char** words) {
    try {
        const vm::arguments asked(count, words);
        json said;
        vm::attempt(said, [&] {
            const std::size_t length = vm::size_of(asked, 1).bytes();
            const bool ordinary = asked.word(0) == "ordinary";
            std::optional<hetmem::region> region;
            std::vector<std::byte> plain(ordinary ? length : 0);
            if (!ordinary) {
                region.emplace(vm::size_of(asked, 1), vm::placement_of(asked.word(0), asked),
                               vm::options_of(asked));
            }
            const std::span<std::byte> range = ordinary ? std::span(plain) : region->bytes();
            std::memset(range.data(), 1, range.size());
            if (asked.has("until-it-lies")) {
                said["page_query_lies"] = run_until_the_query_lies(range);
            }
            vm::wait_until_released();
            said["size"] = range.size();
            said["state"] = ordinary ? vm::state_of(range) : vm::state_of(*region);
            said["hwloc"] = seen_by_hwloc(range);
            said["libnuma"] = seen_by_libnuma(range);
        });
        vm::print(said);
        return 0;
    } catch (const std::exception& why) {
        fmt::print(stderr, "agree: {}\n", why.what());
        return 2;
    }
}
