#include "measure/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace hetmem::detail {
namespace {

/// With fewer, even least and most bound the median with less than 95 %: 2 * 0.5^5 > 0.05.
constexpr std::size_t fewest_for_an_interval = 6;
constexpr double outside_on_one_side = 0.025;

/// How many samples at either end may be left out: the largest k for which at most k of n fair
/// coins fall on one side in no more than 2.5 % of all cases. In logarithms, since 0.5^n is nothing
/// from n = 1075 on.
std::size_t left_out_on_a_side(std::size_t n) {
    const auto count = static_cast<double>(n);
    double log_of_one = -count * std::log(2.0); // probability that exactly k of n fall so
    double together = std::exp(log_of_one);
    std::size_t k = 0;
    while (together <= outside_on_one_side) {
        log_of_one += std::log((count - static_cast<double>(k)) / (static_cast<double>(k) + 1.0));
        together += std::exp(log_of_one);
        ++k;
    }
    return k == 0 ? 0 : k - 1;
}

std::vector<std::uint64_t> sorted(std::span<const std::uint64_t> samples) {
    std::vector<std::uint64_t> in_order(samples.begin(), samples.end());
    std::sort(in_order.begin(), in_order.end());
    return in_order;
}

std::uint64_t width_of_the_middle(std::span<const std::uint64_t> in_order) {
    // Without the outermost tenth on both sides: one straggler is no wide group.
    const std::size_t tenth = in_order.size() / 10;
    return in_order[in_order.size() - 1 - tenth] - in_order[tenth];
}

} // namespace

sample_summary summarize(std::span<const std::uint64_t> samples) {
    sample_summary summary;
    if (samples.empty()) {
        return summary;
    }
    const std::vector<std::uint64_t> in_order = sorted(samples);
    const std::size_t n = in_order.size();
    const std::size_t out = n < fewest_for_an_interval ? 0 : left_out_on_a_side(n);
    summary.n = static_cast<unsigned>(n);
    summary.median = std::midpoint(in_order[(n - 1) / 2], in_order[n / 2]);
    summary.low = in_order[out];
    summary.high = in_order[n - 1 - out];
    summary.least = in_order.front();
    summary.most = in_order.back();
    return summary;
}

bool narrow_enough(const sample_summary& summary, double precision) {
    if (summary.n < fewest_for_an_interval) {
        return false;
    }
    const double allowed = precision * static_cast<double>(summary.median);
    return static_cast<double>(summary.median - summary.low) <= allowed &&
           static_cast<double>(summary.high - summary.median) <= allowed;
}

bool bimodal(std::span<const std::uint64_t> samples) {
    constexpr std::size_t fewest = 8;
    constexpr std::size_t fewest_in_a_group = 3;
    constexpr std::size_t share_of_a_group = 5; // a fifth: fewer are stragglers
    // What is nearer than this is one figure for whoever chooses memory by it.
    constexpr double least_gap = 0.04;
    if (samples.size() < fewest) {
        return false;
    }
    const std::vector<std::uint64_t> in_order = sorted(samples);
    const std::size_t group = std::max(fewest_in_a_group, in_order.size() / share_of_a_group);
    std::size_t cut = group;
    for (std::size_t i = group; i + group <= in_order.size(); ++i) {
        if (in_order[i] - in_order[i - 1] > in_order[cut] - in_order[cut - 1]) {
            cut = i;
        }
    }
    const std::uint64_t gap = in_order[cut] - in_order[cut - 1];
    const std::span<const std::uint64_t> all(in_order);
    const std::uint64_t widest =
        std::max(width_of_the_middle(all.first(cut)), width_of_the_middle(all.subspan(cut)));
    return static_cast<double>(gap) >
               least_gap * static_cast<double>(in_order[in_order.size() / 2]) &&
           gap > widest;
}

} // namespace hetmem::detail
