// publish/groups.hpp: which memories and initiators are drawn together.
#pragma once

#include <hetmem/topology.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hetmem::detail {

/// Positions in topology::targets() or topology::initiators().
using positions = std::vector<std::uint32_t>;

/// What belongs to one package, or (`where` is nullptr) to none.
struct place {
    const package* where = nullptr;
    positions initiators;
    positions targets;
};

/// Every initiator and every target in exactly one place: the packages in their order, then the
/// rest; places that would be empty are left out. Points into the topology.
std::vector<place> places_of(const topology& machine);

/// Memories that look the same but for their names, CPUs, free memory and addresses, each list in
/// its order. Sizes count as the same within an eighth, since nodes lose varying amounts to the
/// kernel. Takes time linear in the number of targets.
std::vector<positions> fold_equal(const topology& machine, std::span<const std::uint32_t> targets);

/// Machines with more targets than this are drawn with equal memories folded.
inline constexpr std::size_t fold_above = 12;

/// fold_equal on a large machine, every target by itself on an ordinary one.
std::vector<positions> folds_of(const topology& machine, std::span<const std::uint32_t> targets);

/// "node0-node3, node8": consecutive numbers become ranges; after `most` ranges "and 17 more".
std::string join_names(std::span<const std::string_view> names, std::size_t most);
std::string target_names(const topology& machine, std::span<const std::uint32_t> targets,
                         std::size_t most = 4);
std::string initiator_names(const topology& machine, std::span<const std::uint32_t> initiators,
                            std::size_t most = 4);

/// The figures of a memory from its best initiator; all unknown when it has none.
access best_access(const topology& machine, const target& memory);

/// Of each target: it has no best initiator, and some source says that there is no path to it.
std::vector<bool> unreachable_targets(const topology& machine);

/// The memory's own node is its best initiator: "local" in the sense of a folded drawing.
bool same_node(const initiator& from, const target& to);

} // namespace hetmem::detail
