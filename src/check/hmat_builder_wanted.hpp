// check/hmat_builder_wanted.hpp: from what is known to what is put into an HMAT.
#pragma once

#include "check/hmat_builder.hpp"

#include <string>
#include <vector>

namespace hetmem::detail {

/// Of several figures of one cell the one of the strongest source; ordered by quantity, initiator
/// and target.
void keep_strongest(std::vector<wanted_figure>& wanted);

/// Says in `remarks` which figures were measured while disturbed.
void tell_disturbed(const std::vector<wanted_figure>& wanted, std::vector<std::string>& remarks);

/// Cells of one quantity whose intervals have a value in common are not reliably different: they
/// get one figure, the median of theirs. Never merges two that do not overlap, however many others
/// lie between. Says in `remarks` what it did.
void merge_overlapping(std::vector<wanted_figure>& wanted, std::vector<std::string>& remarks);

} // namespace hetmem::detail
