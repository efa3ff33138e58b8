// measure/curve.hpp: latency while all other CPUs of the initiator load the memory.
#pragma once

#include "measure/cell.hpp"

#include <hetmem/measured.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <span>

namespace hetmem::detail {

/// The mixtures of loads and stores that curves are taken with; percent of reads.
inline constexpr unsigned curve_ratios[] = {100, 50};

/// How long one takes, about.
inline constexpr std::chrono::milliseconds curve_time(1000);

/// The first point with at least twice the idle latency; nothing when there is none.
std::optional<curve_point> knee_of(std::uint64_t idle, std::span<const curve_point> points);

/// One CPU follows a chase local to the TLB, the others pass over the rest of the memory with
/// less and less delay in between. Needs two CPUs, and a workplace made for curves. Fills all but
/// names and time. `go_on` is asked between two points; after false the curve has fewer.
measured_curve take_curve(const scene& where, unsigned read_percent,
                          const std::function<bool()>& go_on);

} // namespace hetmem::detail
