// memory/resolve.hpp: from a caller's word for a memory to the legs of a placement.
#pragma once

#include <hetmem/id_set.hpp>
#include <hetmem/placement.hpp>
#include <hetmem/rank.hpp>
#include <hetmem/topology.hpp>

#include <optional>
#include <vector>

namespace hetmem::detail {

/// Resolves names as seen by the calling thread: its cpuset and the CPUs that it may run on. On a
/// topology that is not live() no node is forbidden.
class resolver {
public:
    explicit resolver(const topology& machine);

    /// The one memory that is meant; of a kind the nearest.
    leg one(const memory_name& name) const;
    /// Of a kind all, nearest first; otherwise the one.
    std::vector<leg> all(const memory_name& name) const;
    /// A target of the topology. Throws what <hetmem/placement.hpp> says.
    leg of(const target& memory) const;

private:
    std::optional<leg> named(const memory_name& name) const;
    std::vector<leg> of_kind(memory_kind kind) const;
    leg directory(const std::string& path) const;

    const topology& machine_;
    std::optional<id_set> nodes_;
};

/// Of the ranking that best() made.
best_choice choice_of(const topology& machine, const ranking& made, const rank_options& options);
/// For the same ranking of another topology. Throws no_such_target when it has none of the
/// initiators.
rank_options options_of(const topology& machine, const best_choice& choice);

/// Whether two legs are of one memory, whatever weight and headroom they have.
bool same_memory(const leg& a, const leg& b);

} // namespace hetmem::detail
