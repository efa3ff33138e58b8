// measure/statistics.hpp: what samples say, whatever their distribution.
#pragma once

#include <hetmem/measured.hpp>

#include <cstdint>
#include <span>

namespace hetmem::detail {

/// Median, and the order statistics that bound it with 95 % confidence (binomial; fewer than six
/// samples: least and most). converged is left false.
sample_summary summarize(std::span<const std::uint64_t> samples);

/// Whether the interval lies within `precision` (a share of the median) on both sides; never with
/// fewer than six samples.
bool narrow_enough(const sample_summary& summary, double precision);

/// Whether the samples lie in two groups with a gap between them: two modes, of which the median
/// tells neither.
bool bimodal(std::span<const std::uint64_t> samples);

} // namespace hetmem::detail
