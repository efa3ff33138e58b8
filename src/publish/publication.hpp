// publication.hpp: the files of one generation in the run directory.
#pragma once

#include "publish/file_tree.hpp"

#include "kernel/cpu_tree.hpp"
#include "topology/adopted.hpp"

#include <hetmem/topology.hpp>

#include <optional>
#include <string>

namespace hetmem::detail {

/// What is published beside the topology.
struct publication_extras {
    std::string boot_id;
    /// What the topology was made with; without bytes: the firmware's own, because somebody wanted
    /// it back.
    std::optional<adopted_table> adopted;
    kernel::cpu_tree processors;
    std::string history; ///< with the line of this generation
};

/// What everybody may read has no physical address in it; what has is for its owner alone. Each
/// part is gone before the next is made: together they are much larger than the topology. Throws
/// only what `take` throws.
void publication(const topology& machine, const publication_extras& extras, const tree_sink& take);

} // namespace hetmem::detail
