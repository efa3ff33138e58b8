#include "kernel/memory_map.hpp"

#include "kernel/iomem.hpp"

#include <algorithm>
#include <optional>

namespace hetmem::kernel {
namespace {

/// Far more than any firmware has; a copy may hold anything.
constexpr std::size_t most_ranges = 65536;

void add(memory_map& map, std::uint64_t first, std::uint64_t last, std::string_view type) {
    // A range of all addresses there are has no length that fits.
    if (last >= first && last - first != ~std::uint64_t{0} && map.ranges.size() < most_ranges) {
        map.ranges.push_back({first, last - first + 1, std::string(type)});
    }
}

void read_firmware_map(const directory& entries, memory_map& map) {
    for (const unsigned number : entries.numbered("")) {
        const directory entry = entries.open(std::to_string(number));
        const auto first = entry.read_any_base("start");
        const auto last = entry.read_any_base("end");
        const auto type = entry.read_line("type");
        if (first && last && type) {
            add(map, *first, *last, *type);
        }
    }
}

void read_kernel_map(const rooted_reader& reader, memory_map& map) {
    map.read = reader.for_each_line("proc/iomem", [&](std::string_view text) {
        const auto line = parse_iomem_line(text);
        if (!line || line->nested) {
            return true; // what is nested says who uses the memory
        }
        if (line->first == 0 && line->last == 0) {
            map.hidden = true;
        } else {
            add(map, line->first, line->last, line->what);
        }
        return true;
    });
}

} // namespace

memory_map read_memory_map(const rooted_reader& reader) {
    memory_map map;
    const directory entries = reader.open("sys/firmware/memmap");
    map.read = entries.opened();
    if (entries) {
        read_firmware_map(entries, map);
    }
    if (map.ranges.empty()) {
        read_kernel_map(reader, map);
    }
    std::ranges::stable_sort(map.ranges, {}, &memory_map_range::base);
    return map;
}

} // namespace hetmem::kernel
