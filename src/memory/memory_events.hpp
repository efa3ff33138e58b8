// memory/memory_events.hpp: what a new generation means to the memory of a placement.
#pragma once

#include <hetmem/placement.hpp>
#include <hetmem/topology.hpp>
#include <hetmem/watch.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace hetmem::detail {

/// Reads one generation after the other. Not thread-safe.
class memory_history {
public:
    /// What became of the placement's memories between two generations: legs, overflow, and a
    /// better one. Where the bytes are is for the caller to count: `now` is empty.
    std::vector<memory_event> next(const placement& where, const topology& before,
                                   const topology& after);

private:
    void follow(const leg& node, const topology& before, const topology& after,
                std::vector<memory_event>& events);
    void forget_all_but(const placement& where);

    /// Of nodes that are not whole any more, the bytes that they had online when they were.
    std::map<int, std::uint64_t> whole_;
};

} // namespace hetmem::detail
