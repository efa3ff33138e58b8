// publish/text_parts.hpp: the parts that a text drawing is put together from.
#pragma once

#include "publish/groups.hpp"
#include "publish/layout.hpp"

#include <hetmem/topology.hpp>

#include <cstddef>
#include <vector>

namespace hetmem::detail {

look look_of(memory_kind kind);

/// What counts for every memory of a machine alike.
struct card_options {
    bool show_weights = false;     ///< some interleave weight is not 1
    std::vector<bool> unreachable; ///< a target each: some source says that there is no path
};
card_options card_options_for(const topology& machine);

/// One memory as a box. `alike`: memories drawn with it, itself included; more than one on a large
/// machine only.
block draw_card(const topology& machine, const positions& alike, const card_options& options,
                std::size_t columns);

/// Many different memories, a line each, where boxes would be endless.
block draw_list(const topology& machine, const std::vector<positions>& folds, std::size_t columns);

/// The initiator x target matrix: a table for each quantity that anything is known of.
block draw_matrix(const topology& machine, std::size_t columns);

/// What a person should know besides: notices, table defects, disagreements, and the legend.
block draw_remarks(const topology& machine, std::size_t columns);

} // namespace hetmem::detail
