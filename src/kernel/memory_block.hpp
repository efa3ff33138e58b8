// kernel/memory_block.hpp: /sys/devices/system/memory: the pieces that memory is onlined in, and
// how many of each node's pieces are online.
//
// There may be 100,000 of them, so a file is read for a block only when nothing cheaper decides:
// more memory than all but one block can hold means that all are online.
#pragma once

#include "kernel/node.hpp"
#include "kernel/rooted.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace hetmem::kernel {

struct memory_blocks {
    std::optional<std::uint64_t> block_size_bytes;
    std::string auto_online; ///< "online", "offline", "online_movable", ...; "" when unknown
    /// For each node of the list it was read for: how many of its blocks are online. Nothing when
    /// that could not be found out.
    std::vector<std::optional<std::uint64_t>> online;
};

memory_blocks read_memory_blocks(const rooted_reader& reader, std::span<const node> nodes);

} // namespace hetmem::kernel
