// kernel/memory_map.hpp: which physical addresses are memory, and of what sort, as firmware said it
// when the machine started (/sys/firmware/memmap), else as the kernel shows it (/proc/iomem).
//
//     memory_map map = read_memory_map(reader);
//     for (const memory_map_range& r : map.ranges) { use(r.base, r.length, r.type); }
//
// Memory that was plugged in later is in both.
#pragma once

#include "kernel/rooted.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace hetmem::kernel {

struct memory_map_range {
    std::uint64_t base = 0;
    std::uint64_t length = 0; ///< bytes, above 0
    std::string type; ///< "System RAM", "Soft Reserved", "Persistent Memory", "Reserved", ...
    friend bool operator==(const memory_map_range&, const memory_map_range&) = default;
};

struct memory_map {
    outcome read;
    /// There is a map, but ordinary users see zeros instead of addresses.
    bool hidden = false;
    std::vector<memory_map_range> ranges; ///< ascending
};

memory_map read_memory_map(const rooted_reader& reader);

} // namespace hetmem::kernel
