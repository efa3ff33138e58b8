#include "memory/residency.hpp"

#include "kernel/dax.hpp"
#include "kernel/numa_maps.hpp"
#include "kernel/rooted.hpp"
#include "kernel/text.hpp"
#include "memory/address_range.hpp"
#include "memory/page_places.hpp"
#include "memory/uncancellable.hpp"

#include <hetmem/error.hpp>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <map>
#include <set>
#include <utility>

#include <unistd.h>

#include <fmt/format.h>

namespace hetmem {
namespace detail {
namespace {

/// Up to this much is asked page by page, without reading numa_maps: 15-25 us for 2 MiB whatever
/// else is mapped, where numa_maps counts all mappings that lie before the range too.
constexpr std::uint64_t few_bytes = std::uint64_t{8} << 20U;

struct naturally {
    bool operator()(const std::string& a, const std::string& b) const {
        return kernel::natural_less(a, b);
    }
};

/// What is counted, before it has names.
struct tally {
    std::map<unsigned, std::uint64_t> nodes;
    std::map<std::string, std::uint64_t, naturally> devices;
    std::uint64_t absent = 0;
    std::uint64_t unknown = 0;

    /// What devices have lost is there no more.
    void take_lost() {
        std::erase_if(devices, [this](const auto& mapped) {
            const bool lost = !kernel::maps_its_pages(kernel::rooted_reader("/"), mapped.first);
            absent += lost ? mapped.second : 0;
            return lost;
        });
    }

    residency named() const {
        residency out;
        for (const auto& [node, bytes] : nodes) {
            if (bytes != 0) {
                out.shares.push_back({fmt::format("node{}", node), static_cast<int>(node),
                                      byte_size::from_bytes(bytes)});
            }
        }
        for (const auto& [name, bytes] : devices) {
            out.shares.push_back({name, -1, byte_size::from_bytes(bytes)});
        }
        out.absent = byte_size::from_bytes(absent);
        out.unknown = byte_size::from_bytes(unknown);
        return out;
    }
};

/// "dax0.0" for a mapping of the device /dev/dax0.0: neither numa_maps nor the page query tell of
/// its pages.
std::optional<std::string> dax_device(const kernel::process_map& map) {
    constexpr std::string_view devices = "/dev/";
    std::string_view path = map.path;
    if (!map.shared || !path.starts_with(devices)) {
        return std::nullopt;
    }
    const std::string_view name = path.substr(path.rfind('/') + 1);
    const std::size_t dot = name.find('.');
    if (dot == std::string_view::npos || !kernel::number_after("dax", name.substr(0, dot)) ||
        !kernel::number_after("", name.substr(dot + 1))) {
        return std::nullopt;
    }
    return std::string(name);
}

std::uint64_t present_bytes(const kernel::numa_map& map) {
    std::uint64_t bytes = 0;
    for (const auto& [node, pages] : map.pages) {
        bytes += pages * map.page_bytes;
    }
    return bytes;
}

[[noreturn]] void refuse(pid_t pid, int errno_value, std::string_view file) {
    const std::string whose = pid == 0 ? "self" : std::to_string(pid);
    const std::string path = fmt::format("/proc/{}/{}", whose, file);
    if (errno_value == EACCES || errno_value == EPERM) {
        throw not_permitted(fmt::format("cannot read {}: only the same user (of a program that is "
                                        "not set-uid) or who has CAP_SYS_PTRACE may",
                                        path));
    }
    if (errno_value == ESRCH ||
        (errno_value == ENOENT && ::access(fmt::format("/proc/{}", whose).c_str(), F_OK) != 0)) {
        throw error(ESRCH, fmt::format("there is no process {}", whose));
    }
    throw error(errno_value, fmt::format("cannot read {}", path));
}

/// A part of a mapping.
struct part {
    kernel::process_map map;
    std::uint64_t start = 0;
    std::uint64_t length = 0;

    bool whole() const { return start == map.start && length == map.end - map.start; }
};

/// The parts of mappings that the runs are.
std::vector<part> find_parts(pid_t pid, std::span<const address_run> runs, gaps unmapped) {
    std::vector<part> parts;
    auto run = runs.begin();
    std::uint64_t at = run->start; // what of the run has been found mapped ends here
    const kernel::maps_read got = kernel::read_maps(pid, [&](const kernel::process_map& map) {
        while (run != runs.end() && at < map.end) {
            const std::uint64_t run_end = run->start + run->length;
            const std::uint64_t start = std::max(at, map.start);
            if (start != at && unmapped == gaps::refused) {
                return false;
            }
            const std::uint64_t end = std::min(map.end, run_end);
            if (start < end) {
                parts.push_back({map, start, end - start});
            }
            at = std::max(start, end);
            if (at < run_end) {
                break;
            }
            ++run;
            at = run == runs.end() ? 0 : run->start;
        }
        return run != runs.end();
    });
    if (!got.read) {
        refuse(pid, got.read.errno_value, "maps");
    }
    if (run != runs.end() && unmapped == gaps::refused) {
        throw error(EINVAL, fmt::format("nothing is mapped at {:#x}", at));
    }
    return parts;
}

class counter {
public:
    counter(pid_t pid, std::vector<part> parts)
        : pid_(pid), parts_(std::move(parts)), places_(pid) {}

    residency count() {
        std::uint64_t bytes = 0;
        for (const part& p : parts_) {
            bytes += dax_device(p.map) ? 0 : p.length;
        }
        const bool few = bytes <= few_bytes;
        if (!few) {
            read_numa_maps();
        }
        for (const part& p : parts_) {
            if (const std::optional<std::string> device = dax_device(p.map)) {
                tally_.devices[*device] += p.length;
            } else if (few || !by_mapping(p)) {
                by_page(p);
            }
        }
        tally_.take_lost();
        return tally_.named();
    }

private:
    void read_numa_maps() {
        maps_were_read_ = true;
        std::set<std::uint64_t> starts{0};
        for (const part& p : parts_) {
            starts.insert(p.map.start);
        }
        // A kernel without NUMA has no such file, and pages are asked one by one.
        kernel::read_numa_maps(pid_, [&](const kernel::numa_map& map) {
            if (starts.contains(map.start)) {
                numa_.emplace(map.start, map);
            }
            return map.start < *starts.rbegin();
        });
    }
    const kernel::numa_map* mapping(const part& p) {
        if (!maps_were_read_) {
            read_numa_maps();
        }
        const auto found = numa_.find(p.map.start);
        return found == numa_.end() ? nullptr : &found->second;
    }

    /// False when the mapping's sums do not tell enough.
    bool by_mapping(const part& p) {
        const kernel::numa_map* const map = mapping(p);
        if (map == nullptr) {
            return false;
        }
        const std::uint64_t present = present_bytes(*map);
        if (p.whole() && present <= p.length) { // more: it has grown since maps was read
            for (const auto& [node, pages] : map->pages) {
                tally_.nodes[node] += pages * map->page_bytes;
            }
            tally_.absent += p.length - present;
            return true;
        }
        if (present == 0) {
            tally_.absent += p.length;
            return true;
        }
        if (map->pages.size() == 1 && present == p.map.end - p.map.start) {
            tally_.nodes[map->pages.front().first] += p.length;
            return true;
        }
        return false;
    }

    void by_page(const part& p) {
        constexpr std::uint64_t batch = 4096;
        std::vector<void*> pages;
        std::vector<int> places;
        std::uint64_t unknown = 0;
        for (std::uint64_t at = 0; at < p.length;) {
            const std::uint64_t count = std::min(batch, (p.length - at) / base_page);
            pages.resize(count);
            places.resize(count);
            for (std::uint64_t i = 0; i < count; ++i, at += base_page) {
                pages[i] = std::bit_cast<void*>(static_cast<std::uintptr_t>(p.start + at));
            }
            if (pid_ == 0) {
                places_.ask_firmly(pages, places);
            } else {
                places_.ask(pages, places);
            }
            for (const int place : places) {
                if (place >= 0) {
                    tally_.nodes[static_cast<unsigned>(place)] += base_page;
                } else if (place == absent_page) {
                    tally_.absent += base_page;
                } else {
                    unknown += base_page;
                }
            }
        }
        if (unknown == 0) {
            return;
        }
        // The page query is forbidden or kept something back, but if the mapping as a whole has
        // pages on one node only, they are there.
        const kernel::numa_map* const map = mapping(p);
        if (map != nullptr && map->pages.empty()) {
            tally_.absent += unknown;
        } else if (map != nullptr && map->pages.size() == 1) {
            const std::uint64_t there = std::min(unknown, present_bytes(*map));
            tally_.nodes[map->pages.front().first] += there;
            tally_.absent += unknown - there;
        } else {
            tally_.unknown += unknown;
        }
    }

    pid_t pid_;
    std::vector<part> parts_;
    page_places places_;
    bool maps_were_read_ = false;
    std::map<std::uint64_t, kernel::numa_map> numa_;
    tally tally_;
};

/// Mappings of the kernel's own pages, which are no memory of the process.
bool kernels_own(std::string_view name) {
    return name == "[vdso]" || name == "[vsyscall]" || name.starts_with("[vvar");
}

bool comes_before(const resident_share& a, const resident_share& b) {
    if (a.node < 0 && b.node < 0) {
        return kernel::natural_less(a.target, b.target);
    }
    return b.node < 0 || (a.node >= 0 && a.node < b.node);
}

} // namespace

residency count_pages(pid_t pid, std::span<const address_run> runs, gaps unmapped) {
    if (runs.empty()) {
        return {};
    }
    return counter(pid, find_parts(pid, runs, unmapped)).count();
}

void add_share(std::vector<resident_share>& shares, const resident_share& more) {
    const auto same = std::ranges::find_if(shares, [&](const resident_share& s) {
        return s.node == more.node && s.target == more.target;
    });
    if (same != shares.end()) {
        same->bytes += more.bytes;
    } else if (more.bytes != byte_size{}) {
        shares.insert(std::ranges::upper_bound(shares, more, comes_before), more);
    }
}

} // namespace detail

byte_size residency::on_node(int node) const {
    byte_size sum;
    for (const resident_share& share : shares) {
        if (share.node == node && node >= 0) {
            sum += share.bytes;
        }
    }
    return sum;
}

byte_size residency::on(std::string_view target) const {
    byte_size sum;
    for (const resident_share& share : shares) {
        if (share.target == target) {
            sum += share.bytes;
        }
    }
    return sum;
}

byte_size residency::present() const {
    byte_size sum;
    for (const resident_share& share : shares) {
        sum += share.bytes;
    }
    return sum;
}

residency& residency::operator+=(const residency& more) {
    for (const resident_share& share : more.shares) {
        detail::add_share(shares, share);
    }
    absent += more.absent;
    unknown += more.unknown;
    return *this;
}

residency where(const void* start, std::size_t length) {
    if (length == 0) {
        return {};
    }
    const detail::uncancellable whole;
    const std::uint64_t from = detail::number(start);
    const std::uint64_t last = from + length - 1;
    const std::uint64_t end = detail::round_down(last, detail::base_page) + detail::base_page;
    if (last < from || end == 0) {
        throw error(EINVAL, "a range beyond the end of the address space");
    }
    const std::uint64_t first = detail::round_down(from, detail::base_page);
    const detail::address_run run{first, end - first};
    return detail::count_pages(0, std::span(&run, 1));
}

std::vector<mapping_residency> where_mappings(pid_t pid) {
    const detail::uncancellable whole;
    std::vector<kernel::process_map> maps;
    kernel::maps_read got = kernel::read_maps(pid, [&](const kernel::process_map& map) {
        maps.push_back(map);
        return true;
    });
    if (!got.read) {
        detail::refuse(pid, got.read.errno_value, "maps");
    }
    std::map<std::uint64_t, kernel::numa_map> numa;
    got = kernel::read_numa_maps(pid, [&](const kernel::numa_map& map) {
        numa.emplace(map.start, map);
        return true;
    });
    if (!got.read) {
        detail::refuse(pid, got.read.errno_value, "numa_maps");
    }
    std::vector<mapping_residency> out;
    for (kernel::process_map& map : maps) {
        const auto found = numa.find(map.start);
        if (found == numa.end() || detail::kernels_own(map.path)) {
            continue;
        }
        const kernel::numa_map& pages = found->second;
        const bool usable = map.readable || map.writable;
        mapping_residency one;
        one.start = map.start;
        one.length = map.end - map.start;
        one.policy = pages.policy;
        one.page = byte_size::from_bytes(pages.page_bytes);
        detail::tally counted;
        if (const std::optional<std::string> device = detail::dax_device(map)) {
            counted.devices[*device] = one.length;
            counted.take_lost();
        } else {
            std::uint64_t present = 0;
            for (const auto& [node, count] : pages.pages) {
                counted.nodes[node] += count * pages.page_bytes;
                present += count * pages.page_bytes;
            }
            if (present == 0 && !usable) {
                continue; // address space that is held free
            }
            counted.absent = one.length > present ? one.length - present : 0;
        }
        one.name = std::move(map.path);
        one.where = counted.named();
        out.push_back(std::move(one));
    }
    return out;
}

residency where_process(pid_t pid) {
    const detail::uncancellable whole;
    residency sum;
    for (const mapping_residency& one : where_mappings(pid)) {
        sum += one.where;
    }
    return sum;
}

std::optional<std::string> target_of(const void* address) {
    const residency there = where(address, 1);
    return there.shares.empty() ? std::nullopt : std::optional(there.shares.front().target);
}

} // namespace hetmem
