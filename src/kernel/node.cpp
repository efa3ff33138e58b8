#include "kernel/node.hpp"

#include "kernel/text.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace hetmem::kernel {
namespace {

/// Which files a node has, from one listing: opening what is not there costs as much as reading.
struct contents {
    bool cpulist = false;
    bool cpumap = false;
    bool meminfo = false;
    bool distance = false;
    bool access0 = false;
    bool access1 = false;
    bool caches = false;
    bool huge_pages = false;
};

contents list(const directory& node_directory, std::vector<std::uint32_t>& memory_blocks) {
    contents found;
    node_directory.for_each([&](std::string_view name, entry_kind) {
        if (const std::optional<unsigned> block = number_after("memory", name)) {
            memory_blocks.push_back(*block);
        } else if (name == "cpulist") {
            found.cpulist = true;
        } else if (name == "cpumap") {
            found.cpumap = true;
        } else if (name == "meminfo") {
            found.meminfo = true;
        } else if (name == "distance") {
            found.distance = true;
        } else if (name == "access0") {
            found.access0 = true;
        } else if (name == "access1") {
            found.access1 = true;
        } else if (name == "memory_side_cache") {
            found.caches = true;
        } else if (name == "hugepages") {
            found.huge_pages = true;
        }
    });
    std::sort(memory_blocks.begin(), memory_blocks.end());
    return found;
}

id_set read_cpus(const directory& node_directory, const contents& has) {
    if (has.cpulist) {
        if (std::optional<id_set> cpus = node_directory.read_ids("cpulist")) {
            return *std::move(cpus);
        }
    }
    if (has.cpumap) {
        if (const read_result file = node_directory.read("cpumap")) {
            return parse_mask(file.text).value_or(id_set{});
        }
    }
    return {};
}

/// "MemTotal:  1024 kB", with "Node 0 " before it in a node's file.
memory_totals parse_meminfo(std::string_view text) {
    constexpr std::uint64_t kib = 1024;
    memory_totals totals;
    while (const std::optional<std::string_view> line = next_line(text)) {
        std::string_view rest = *line;
        std::string_view word = next_word(rest);
        if (word == "Node") {
            next_word(rest);
            word = next_word(rest);
        }
        std::optional<std::uint64_t>* const wanted = word == "MemTotal:"  ? &totals.total_bytes
                                                     : word == "MemFree:" ? &totals.free_bytes
                                                                          : nullptr;
        if (wanted == nullptr) {
            continue;
        }
        const std::optional<std::uint64_t> amount = parse_u64(next_word(rest));
        if (amount && *amount <= std::numeric_limits<std::uint64_t>::max() / kib) {
            *wanted = *amount * kib;
        }
        if (totals.total_bytes && totals.free_bytes) {
            break; // the two stand first; the rest is long
        }
    }
    return totals;
}

std::vector<std::uint8_t> parse_distances(std::string_view text) {
    std::vector<std::uint8_t> row;
    for (std::string_view word = next_word(text); !word.empty(); word = next_word(text)) {
        std::uint8_t distance = 0;
        const char* const end = word.data() + word.size();
        const auto [stopped, problem] = std::from_chars(word.data(), end, distance);
        if (problem != std::errc{} || stopped != end) {
            return {}; // one wrong value would shift all that follow
        }
        row.push_back(distance);
    }
    return row;
}

std::optional<access_class> read_access(const directory& node_directory, std::string_view name) {
    const directory initiators = node_directory.open(std::string(name) + "/initiators");
    if (!initiators) {
        return std::nullopt;
    }
    access_class access;
    std::vector<std::pair<std::string_view, std::optional<std::uint64_t>*>> wanted;
    initiators.for_each([&](std::string_view entry, entry_kind) {
        if (const std::optional<unsigned> number = number_after("node", entry)) {
            if (*number < node_limit) {
                access.initiators.push_back(*number);
            }
        } else if (entry == "read_latency") {
            wanted.emplace_back("read_latency", &access.read_latency_ns);
        } else if (entry == "write_latency") {
            wanted.emplace_back("write_latency", &access.write_latency_ns);
        } else if (entry == "read_bandwidth") {
            wanted.emplace_back("read_bandwidth", &access.read_bandwidth_mb);
        } else if (entry == "write_bandwidth") {
            wanted.emplace_back("write_bandwidth", &access.write_bandwidth_mb);
        }
    });
    for (const auto& [file, value] : wanted) {
        *value = initiators.read_u64(file);
    }
    std::sort(access.initiators.begin(), access.initiators.end());
    return access;
}

std::vector<side_cache> read_caches(const directory& node_directory) {
    std::vector<side_cache> caches;
    const directory all = node_directory.open("memory_side_cache");
    for (const unsigned level : all.numbered("index")) {
        const directory one = all.open("index" + std::to_string(level));
        if (!one) {
            continue;
        }
        side_cache cache;
        cache.level = level;
        cache.size_bytes = one.read_u64("size");
        cache.line_size_bytes = one.read_u64("line_size");
        cache.indexing = one.read_u64("indexing");
        cache.write_policy = one.read_u64("write_policy");
        cache.address_mode = one.read_u64("address_mode");
        caches.push_back(cache);
    }
    return caches;
}

/// "hugepages-2048kB"
std::optional<std::uint64_t> page_bytes(std::string_view name) {
    constexpr std::uint64_t kib = 1024;
    constexpr std::string_view before = "hugepages-";
    constexpr std::string_view after = "kB";
    if (!name.starts_with(before) || !name.ends_with(after) ||
        name.size() <= before.size() + after.size()) {
        return std::nullopt;
    }
    name.remove_prefix(before.size());
    name.remove_suffix(after.size());
    const std::optional<std::uint64_t> size = parse_u64(name);
    if (!size || *size > std::numeric_limits<std::uint64_t>::max() / kib) {
        return std::nullopt;
    }
    return *size * kib;
}

std::vector<huge_page_counts> read_huge_pages(const directory& node_directory) {
    std::vector<std::pair<std::uint64_t, std::string>> sizes;
    const directory pools = node_directory.open("hugepages");
    pools.for_each([&](std::string_view name, entry_kind) {
        if (const std::optional<std::uint64_t> bytes = page_bytes(name)) {
            sizes.emplace_back(*bytes, name);
        }
    });
    std::sort(sizes.begin(), sizes.end());
    std::vector<huge_page_counts> counts;
    for (const auto& [bytes, name] : sizes) {
        const std::optional<std::uint64_t> total = pools.read_u64(name + "/nr_hugepages");
        if (!total) {
            continue;
        }
        // An empty pool has no free pages: no need to ask.
        const std::uint64_t free =
            *total == 0 ? 0 : pools.read_u64(name + "/free_hugepages").value_or(0);
        counts.push_back({bytes, *total, free});
    }
    return counts;
}

node read_node(const directory& node_directory, unsigned number) {
    node one;
    one.number = number;
    const contents has = list(node_directory, one.memory_blocks);
    one.cpus = read_cpus(node_directory, has);
    if (has.meminfo) {
        if (const read_result file = node_directory.read("meminfo")) {
            const memory_totals totals = parse_meminfo(file.text);
            one.total_bytes = totals.total_bytes;
            one.free_bytes = totals.free_bytes;
        }
    }
    if (has.distance) {
        if (const read_result file = node_directory.read("distance")) {
            one.distances = parse_distances(file.text);
        }
    }
    if (has.access0) {
        one.access0 = read_access(node_directory, "access0");
    }
    if (has.access1) {
        one.access1 = read_access(node_directory, "access1");
    }
    if (has.caches) {
        one.caches = read_caches(node_directory);
    }
    if (has.huge_pages) {
        one.huge_pages = read_huge_pages(node_directory);
    }
    return one;
}

/// A row has a value for each online node. Which those were is told by `online`; a copy may lack
/// that, then by the directories.
void assign_distance_columns(node_list& list) {
    std::vector<unsigned> directories;
    for (const node& one : list.nodes) {
        directories.push_back(one.number);
    }
    const std::vector<unsigned> online = list.online ? list.online->to_vector() : directories;
    const auto rows_have = [&](std::size_t columns) {
        return std::any_of(list.nodes.begin(), list.nodes.end(),
                           [&](const node& one) { return one.distances.size() == columns; });
    };
    list.distance_columns = rows_have(online.size()) ? online : directories;
    for (node& one : list.nodes) {
        if (one.distances.size() != list.distance_columns.size()) {
            one.distances.clear();
        }
    }
}

} // namespace

const node* node_list::find(unsigned number) const {
    const auto at = std::lower_bound(nodes.begin(), nodes.end(), number,
                                     [](const node& one, unsigned n) { return one.number < n; });
    return at != nodes.end() && at->number == number ? &*at : nullptr;
}

std::optional<unsigned> node_list::distance(unsigned from, unsigned to) const {
    const node* const row = find(from);
    const auto column = std::lower_bound(distance_columns.begin(), distance_columns.end(), to);
    if (row == nullptr || column == distance_columns.end() || *column != to ||
        row->distances.empty()) {
        return std::nullopt;
    }
    return row->distances[static_cast<std::size_t>(column - distance_columns.begin())];
}

node_list read_nodes(const rooted_reader& reader) {
    node_list list;
    const directory all = reader.open("sys/devices/system/node");
    list.listed = all.opened();
    if (!all) {
        return list;
    }
    list.online = all.read_ids("online");
    list.possible = all.read_ids("possible");
    list.has_cpu = all.read_ids("has_cpu");
    list.has_memory = all.read_ids("has_memory");
    list.has_generic_initiator = all.read_ids("has_generic_initiator");
    for (const unsigned number : all.numbered("node")) {
        if (number >= node_limit) {
            continue;
        }
        // It may vanish between listing and opening: hotplug.
        if (const directory one = all.open("node" + std::to_string(number))) {
            list.nodes.push_back(read_node(one, number));
        }
    }
    assign_distance_columns(list);
    return list;
}

memory_totals read_memory_totals(const rooted_reader& reader) {
    const read_result file = reader.read("proc/meminfo");
    return file ? parse_meminfo(file.text) : memory_totals{};
}

memory_totals read_node_totals(const rooted_reader& reader, unsigned node) {
    const read_result file =
        reader.read(fmt::format("sys/devices/system/node/node{}/meminfo", node));
    return file ? parse_meminfo(file.text) : memory_totals{};
}

void read_again(const rooted_reader& reader, unsigned node, huge_page_counts& pool) {
    const auto count = [&](std::string_view what) {
        return reader.top().read_u64(
            fmt::format("sys/devices/system/node/node{}/hugepages/hugepages-{}kB/{}", node,
                        pool.page_bytes / 1024, what));
    };
    if (const std::optional<std::uint64_t> total = count("nr_hugepages")) {
        pool.total = *total;
        pool.free = pool.total == 0 ? 0 : count("free_hugepages").value_or(0);
    }
}

} // namespace hetmem::kernel
