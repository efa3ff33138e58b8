// measure/chase.hpp: latency, by loads of which each needs the one before.
//
// One element for each 256 B (the prefetcher of adjacent lines brings a neighbour for nothing), all
// of them in a single cycle. `window` is what makes the two latencies different: the order is
// random inside of one window of the buffer after the other, so that a small window stays within
// reach of the TLB; a window as large as the buffer is fully random.
#pragma once

#include <hetmem/units.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

namespace hetmem::detail {

inline constexpr std::size_t chase_stride = 256;
/// 64 pages of 4 KiB: less than what the first-level TLBs of today hold.
inline constexpr std::size_t tlb_window = std::size_t{256} << 10;

/// When the elements are pushed out of the caches: before each round, so that the size of the
/// buffer matters little (x86 only, others have no such instruction for programs); or never, which
/// shows what caches hold.
enum class flushing : std::uint8_t { each_round, never };

class chase {
public:
    /// Writes the cycle into the memory, which must be a multiple of the stride and aligned to it:
    /// std::invalid_argument otherwise. The same seed gives the same cycle.
    chase(std::span<std::byte> memory, std::size_t window, std::uint64_t seed,
          flushing when = flushing::each_round);

    std::size_t elements() const { return elements_; }
    /// Follows `steps` links from where the last call ended; picoseconds a link by CLOCK_MONOTONIC.
    /// Before a new round it pushes the elements out of the caches again, which is not in the time.
    /// std::invalid_argument for no steps.
    std::uint64_t run(std::size_t steps);

    /// The same until `stop` is set (looked at every few microseconds), for latency under load.
    struct stretch {
        std::size_t steps = 0;
        std::uint64_t picoseconds = 0; ///< all of them together
    };
    stretch run_until(const std::atomic<bool>& stop);

private:
    std::uint64_t follow(std::size_t steps);
    void flush();
    std::size_t left_of_round();

    std::span<std::byte> memory_;
    const std::byte* at_;
    std::size_t elements_;
    std::size_t left_; ///< of this round
    flushing when_;
};

} // namespace hetmem::detail
