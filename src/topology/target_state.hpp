// target_state.hpp: questions about the state of a memory that several layers ask.
#pragma once

#include <hetmem/topology.hpp>

namespace hetmem::detail {

/// Whether some of it can be allocated from its node now.
inline bool is_online(const target& memory) {
    return memory.state == target_state::online || memory.state == target_state::partly_online;
}

/// Whether it is allocated from a node, now; else from a dax device, or not at all.
inline bool is_node(const target& memory) {
    return memory.node && is_online(memory);
}

} // namespace hetmem::detail
