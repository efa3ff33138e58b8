// kernel/tier.hpp: what the kernel makes of different memories by itself: tiers, demotion and the
// weights of weighted interleaving.
#pragma once

#include "kernel/rooted.hpp"

#include <map>
#include <optional>

namespace hetmem::kernel {

struct tiers {
    /// node -> N of /sys/devices/virtual/memory_tiering/memory_tierN; smaller is faster.
    std::map<unsigned, int> tier_of_node;
    /// node -> /sys/kernel/mm/mempolicy/weighted_interleave/nodeN
    std::map<unsigned, unsigned> interleave_weight_of_node;
    std::optional<bool> demotion; ///< /sys/kernel/mm/numa/demotion_enabled
};

tiers read_tiers(const rooted_reader& reader);

} // namespace hetmem::kernel
