// memory/stripes.hpp: which leg of an interleave gets which stripe.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace hetmem::detail {

/// Weights in turn, as evenly as they can be: after any number of stripes each leg is less than two
/// stripes away from its share (the smooth weighted round robin of nginx). Who takes some gets the
/// next of one sequence; thread-safe, without a lock, which a forked child could find locked.
class stripe_sequence {
public:
    explicit stripe_sequence(std::vector<unsigned> weights);
    /// Indices of weights.
    std::vector<std::uint32_t> take(std::size_t count);

private:
    std::vector<std::uint32_t> turns_; // after all of them it begins again
    std::atomic<std::size_t> next_ = 0;
};

} // namespace hetmem::detail
