// Where pages are, counted without the library: the kernel's page query and /proc/self/numa_maps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace vm {

/// Bytes by node as move_pages(2) answers for each 4 KiB; a negative errno stands for the pages
/// that it tells nothing of.
std::map<int, std::uint64_t> count_by_query(const void* start, std::size_t length);

/// The mappings that begin in a range, as /proc/self/numa_maps has them.
struct counted_maps {
    std::map<int, std::uint64_t> bytes; ///< by node
    std::vector<std::string> policies;  ///< each once, in the order of the addresses
    std::size_t mappings = 0;
};
counted_maps count_by_maps(const void* start, std::size_t length);

/// Pieces of files that are mapped in a range, from /proc/self/maps.
struct mapped_piece {
    std::string file;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
};
std::vector<mapped_piece> mapped_files(const void* start, std::size_t length);

/// A figure of /sys/devices/system/node/nodeN/meminfo in bytes ("MemFree"); 0 when it is not there.
std::uint64_t node_figure(int node, const std::string& name);

} // namespace vm
