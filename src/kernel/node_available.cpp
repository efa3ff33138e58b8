#include "kernel/available.hpp"

#include "kernel/kept_file.hpp"
#include "kernel/text.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include <unistd.h>

#include <fmt/format.h>

namespace hetmem::kernel {
namespace {

std::uint64_t less(std::uint64_t a, std::uint64_t b) {
    return a > b ? a - b : 0;
}

/// Pages of a node that are not for us.
struct watermarks {
    std::uint64_t reserve = 0; ///< high watermarks and what lower zones keep for their own
    std::uint64_t low = 0;
};

/// The numbers in "(0, 2991, 15051)", the largest.
std::uint64_t largest_in(std::string_view list) {
    std::uint64_t largest = 0;
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(','), list.size());
        std::string_view number = list.substr(0, end);
        list.remove_prefix(std::min(end + 1, list.size()));
        number.remove_prefix(std::min(number.find_first_not_of(" ("), number.size()));
        number = number.substr(0, number.find(')'));
        largest = std::max(largest, parse_u64(number).value_or(0));
    }
    return largest;
}

/// All nodes of /proc/zoneinfo (Documentation/filesystems/proc.rst, zoneinfo_show_print() in
/// mm/vmstat.c): "Node 0, zone   Normal", then its lines until the next zone.
std::map<unsigned, watermarks> read_watermarks(const std::filesystem::path& root) {
    struct zone {
        std::uint64_t low = 0;
        std::uint64_t high = 0;
        std::uint64_t managed = 0;
        std::uint64_t protection = 0;
    };
    std::map<unsigned, watermarks> nodes;
    std::optional<unsigned> node;
    zone current;
    const auto finish_zone = [&] {
        if (node) {
            watermarks& sums = nodes[*node];
            sums.reserve += std::min(current.managed, current.high + current.protection);
            sums.low += std::min(current.managed, current.low);
        }
        current = {};
    };
    const rooted_reader machine(root);
    machine.for_each_line("proc/zoneinfo", [&](std::string_view line) {
        if (line.starts_with("Node ")) {
            finish_zone();
            line.remove_prefix(std::string_view("Node ").size());
            const std::optional<std::uint64_t> number = parse_u64(line.substr(0, line.find(',')));
            node = number && *number < node_limit ? std::optional(static_cast<unsigned>(*number))
                                                  : std::nullopt;
            return true;
        }
        const std::string_view key = next_word(line);
        if (key == "low") {
            current.low = parse_u64(line).value_or(0);
        } else if (key == "high") {
            current.high = parse_u64(line).value_or(0);
        } else if (key == "managed") {
            current.managed = parse_u64(line).value_or(0);
        } else if (key == "protection:") {
            current.protection = largest_in(line);
        }
        // The lists of each CPU ("high:" among them) end in a colon, but for "high_min" and its
        // kind, which are words of their own.
        return true;
    });
    finish_zone();
    return nodes;
}

/// Counters of a vmstat file, pages.
struct node_counters {
    std::uint64_t free = 0;
    std::uint64_t active_file = 0;
    std::uint64_t inactive_file = 0;
    std::uint64_t mapped = 0;
    std::uint64_t dirty = 0;
    std::uint64_t writeback = 0;
};

std::optional<node_counters> parse_node_counters(std::string_view text) {
    node_counters found;
    const std::array<std::pair<std::string_view, std::uint64_t*>, 6> wanted{{
        {"nr_free_pages ", &found.free},
        {"nr_inactive_file ", &found.inactive_file},
        {"nr_active_file ", &found.active_file},
        {"nr_mapped ", &found.mapped},
        {"nr_dirty ", &found.dirty},
        {"nr_writeback ", &found.writeback},
    }};
    std::size_t seen = 0;
    while (const std::optional<std::string_view> line = next_line(text)) {
        for (const auto& [key, value] : wanted) {
            if (line->starts_with(key)) {
                const std::optional<std::uint64_t> number = parse_u64(line->substr(key.size()));
                if (!number) {
                    return std::nullopt;
                }
                *value = *number;
                ++seen;
            }
        }
        if (seen == wanted.size()) {
            return found;
        }
    }
    return std::nullopt;
}

} // namespace

struct node_reader::state {
    struct one {
        kept_file vmstat;
        watermarks marks;
    };
    std::map<unsigned, one> nodes;
    std::uint64_t page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    std::array<char, 16384> buffer; // vmstat of a node: 1.5 KiB (Linux 6.1) to 2 KiB (6.18)
};

node_reader::node_reader(const id_set& nodes, const std::filesystem::path& root)
    : state_(std::make_unique<state>()) {
    const std::map<unsigned, watermarks> marks = read_watermarks(root);
    for (const unsigned node : nodes.to_vector()) {
        const auto mark = marks.find(node);
        state_->nodes.emplace(
            node,
            state::one{kept_file(root / fmt::format("sys/devices/system/node/node{}/vmstat", node)),
                       mark == marks.end() ? watermarks{} : mark->second});
    }
}

node_reader::~node_reader() = default;

std::optional<node_available> node_reader::read(unsigned node) {
    const auto found = state_->nodes.find(node);
    if (found == state_->nodes.end()) {
        return std::nullopt;
    }
    const std::optional<std::string_view> text = found->second.vmstat.read(state_->buffer);
    const std::optional<node_counters> pages =
        text ? parse_node_counters(*text) : std::optional<node_counters>();
    if (!pages) {
        return std::nullopt;
    }
    const watermarks& marks = found->second.marks;
    const std::uint64_t free = less(pages->free, marks.reserve);
    std::uint64_t cache = pages->active_file + pages->inactive_file;
    cache = less(less(less(cache, pages->mapped), pages->dirty), pages->writeback);
    cache -= std::min(cache / 2, marks.low);
    // A deficit of free pages has to be made up from the cache first.
    const std::uint64_t deficit = less(marks.reserve, pages->free);
    return node_available{node, (free + less(cache, deficit)) * state_->page_bytes,
                          free * state_->page_bytes};
}

std::uint64_t node_reader::read_all() {
    std::uint64_t sum = 0;
    for (const auto& [node, unused] : state_->nodes) {
        if (const std::optional<node_available> one = read(node)) {
            sum += one->available;
        }
    }
    return sum;
}

std::optional<huge_pool> read_huge_pool(unsigned node, std::uint64_t page_bytes,
                                        const std::filesystem::path& root) {
    const rooted_reader machine(root);
    const directory pool = machine.open(fmt::format(
        "sys/devices/system/node/node{}/hugepages/hugepages-{}kB", node, page_bytes >> 10U));
    const std::optional<std::uint64_t> total = pool.read_u64("nr_hugepages");
    const std::optional<std::uint64_t> free = pool.read_u64("free_hugepages");
    if (!total || !free) {
        return std::nullopt;
    }
    return huge_pool{*total, *free};
}

} // namespace hetmem::kernel
