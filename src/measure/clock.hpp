// measure/clock.hpp: the clock that everything here is timed by.
#pragma once

#include <chrono>
#include <cstdint>

namespace hetmem::detail {

/// CLOCK_MONOTONIC, read without a system call.
using measuring_clock = std::chrono::steady_clock;

inline std::uint64_t picoseconds(measuring_clock::duration time) {
    constexpr std::uint64_t in_a_nanosecond = 1000;
    return static_cast<std::uint64_t>(
               std::chrono::duration_cast<std::chrono::nanoseconds>(time).count()) *
           in_a_nanosecond;
}

} // namespace hetmem::detail
