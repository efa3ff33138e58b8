// kernel/block_zones.hpp: in which zones the memory blocks of a node are
// (/sys/devices/system/memory/memory*/{state,valid_zones}).
#pragma once

#include "kernel/node.hpp"
#include "kernel/rooted.hpp"

#include <cstdint>

namespace hetmem::kernel {

/// Of an online block valid_zones names the zone that it is in: ZONE_MOVABLE takes what programs
/// map and the page cache, the others also what the kernel itself allocates
/// (Documentation/admin-guide/mm/memory-hotplug.rst).
struct block_zones {
    std::uint64_t movable = 0; ///< online blocks
    std::uint64_t kernel = 0;  ///< online blocks in other zones
    std::uint64_t unknown = 0; ///< online, and no zone is told
    std::uint64_t offline = 0;
    std::uint64_t unread = 0; ///< blocks that do not even tell their state
};

block_zones read_block_zones(const rooted_reader& reader, const node& of);

} // namespace hetmem::kernel
