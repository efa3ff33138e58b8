// kernel/tier.hpp: what the kernel makes of different memories by itself: tiers, demotion and the
// weights of weighted interleaving.
#pragma once

#include "kernel/memory_block.hpp"
#include "kernel/node.hpp"
#include "kernel/rooted.hpp"

#include <map>
#include <optional>

namespace hetmem::kernel {

struct tiers {
    /// node -> N of /sys/devices/virtual/memory_tiering/memory_tierN; smaller is faster.
    std::map<unsigned, int> tier_of_node;
    /// The tiers were not read: see last_block_is_leaving().
    bool tiers_unread = false;
    /// node -> /sys/kernel/mm/mempolicy/weighted_interleave/nodeN
    std::map<unsigned, unsigned> interleave_weight_of_node;
    std::optional<bool> demotion; ///< /sys/kernel/mm/numa/demotion_enabled
};

/// Of this machine, the tiers are not read while last_block_is_leaving().
tiers read_tiers(const rooted_reader& reader, const node_list& nodes, const memory_blocks& blocks);

/// Whether the last memory block of a node is being taken offline. Linux then removes the node's
/// tier while it holds the very lock that reading `nodelist` waits for, and waits in turn for
/// whoever reads that file: both for ever, and all hotplug with them (mm/memory-tiers.c,
/// memtier_hotplug_callback() and nodelist_show(); seen on 6.12). The state of a block says so some
/// milliseconds before.
bool last_block_is_leaving(const rooted_reader& reader, const node_list& nodes,
                           const memory_blocks& blocks);

/// One of each, for who knows that they are there.
std::optional<bool> read_demotion(const rooted_reader& reader);
std::optional<unsigned> read_interleave_weight(const rooted_reader& reader, unsigned node);

} // namespace hetmem::kernel
