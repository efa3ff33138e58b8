#include "memory/stripes.hpp"

#include <algorithm>
#include <numeric>

namespace hetmem::detail {

stripe_sequence::stripe_sequence(std::vector<unsigned> weights) {
    const std::int64_t all = std::accumulate(weights.begin(), weights.end(), std::int64_t{0});
    std::vector<std::int64_t> owed(weights.size());
    for (std::int64_t turn = 0; turn < all; ++turn) {
        for (std::size_t i = 0; i < owed.size(); ++i) {
            owed[i] += weights[i];
        }
        const auto next = std::max_element(owed.begin(), owed.end());
        *next -= all;
        turns_.push_back(static_cast<std::uint32_t>(next - owed.begin()));
    }
}

std::vector<std::uint32_t> stripe_sequence::take(std::size_t count) {
    const std::size_t first = next_.fetch_add(count, std::memory_order_relaxed);
    std::vector<std::uint32_t> out;
    out.reserve(count);
    for (std::size_t n = 0; n < count; ++n) {
        out.push_back(turns_[(first + n) % turns_.size()]);
    }
    return out;
}

} // namespace hetmem::detail
