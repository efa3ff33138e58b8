#include "measure/statistics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

namespace hetmem::detail {
namespace {

using samples = std::vector<std::uint64_t>;

samples one_to(std::uint64_t last) {
    samples all(last);
    std::iota(all.begin(), all.end(), std::uint64_t{1});
    std::shuffle(all.begin(), all.end(), std::mt19937_64(1));
    return all;
}

TEST(Statistics, NothingIsSaidOfNothing) {
    EXPECT_EQ(summarize({}), sample_summary{});
    EXPECT_FALSE(narrow_enough(summarize({}), 1.0));
    EXPECT_FALSE(bimodal({}));
}

TEST(Statistics, TheMedianLiesInTheMiddle) {
    EXPECT_EQ(summarize(samples{7, 1, 9}).median, 7U);
    EXPECT_EQ(summarize(samples{4, 2, 8, 6}).median, 5U);
    const std::uint64_t large = ~std::uint64_t{0};
    EXPECT_EQ(summarize(samples{large, large}).median, large) << "the sum of two does not fit";
}

TEST(Statistics, FewerThanSixAreBoundedByLeastAndMost) {
    const sample_summary five = summarize(samples{50, 10, 30, 20, 40});
    EXPECT_EQ(five.low, 10U);
    EXPECT_EQ(five.high, 50U);
    EXPECT_FALSE(narrow_enough(five, 10.0)) << "five samples never are enough";
}

// Ranks of the table "95 % confidence intervals of the median" that textbooks of nonparametric
// statistics have (sign test): n, rank of the lower bound.
TEST(Statistics, TheIntervalIsThatOfTheSignTest) {
    const std::vector<std::pair<std::uint64_t, std::uint64_t>> ranks = {
        {6, 1},  {7, 1},  {8, 1},   {9, 2},   {10, 2},   {11, 2},    {12, 3},
        {15, 4}, {20, 6}, {30, 10}, {50, 18}, {100, 40}, {2000, 956}};
    for (const auto& [n, rank] : ranks) {
        const sample_summary found = summarize(one_to(n));
        EXPECT_EQ(found.low, rank) << n;
        EXPECT_EQ(found.high, n + 1 - rank) << n;
        EXPECT_EQ(found.least, 1U);
        EXPECT_EQ(found.most, n);
        EXPECT_EQ(found.n, n);
        EXPECT_FALSE(found.converged);
    }
}

// What the interval promises: in 95 of 100 cases at least, whatever the distribution.
TEST(Statistics, TheIntervalHoldsTheTrueMedianAsOftenAsItSays) {
    std::mt19937_64 engine(42);
    std::exponential_distribution<double> skewed(1.0 / 100'000);
    const double true_median = 100'000 * std::log(2.0);
    constexpr int repetitions = 2000;
    int held = 0;
    for (int i = 0; i < repetitions; ++i) {
        samples some(15);
        for (std::uint64_t& one : some) {
            one = static_cast<std::uint64_t>(skewed(engine));
        }
        const sample_summary found = summarize(some);
        held += static_cast<double>(found.low) <= true_median &&
                        true_median <= static_cast<double>(found.high)
                    ? 1
                    : 0;
    }
    EXPECT_GT(held, repetitions * 95 / 100);
    EXPECT_LT(held, repetitions * 99 / 100) << "wider than needed";
}

TEST(Statistics, NarrowIsNarrowOnBothSides) {
    const samples around = {990, 995, 1000, 1000, 1000, 1005, 1010};
    EXPECT_TRUE(narrow_enough(summarize(around), 0.01));
    EXPECT_FALSE(narrow_enough(summarize(around), 0.009));
    const samples tail = {1000, 1000, 1000, 1000, 1001, 1100};
    EXPECT_FALSE(narrow_enough(summarize(tail), 0.01)) << "one side is wide";
}

TEST(Statistics, TwoGroupsAreTwoModes) {
    EXPECT_TRUE(bimodal(samples{366, 520, 367, 365, 522, 519, 366, 521, 520, 364}));
    EXPECT_TRUE(bimodal(samples{100, 101, 102, 100, 101, 100, 101, 150, 151, 150}))
        << "groups of different size";
}

TEST(Statistics, OneGroupIsNot) {
    EXPECT_FALSE(bimodal(samples{100, 101, 99, 100, 102, 98, 100, 101, 99, 100}));
    EXPECT_FALSE(bimodal(samples{100, 100, 100, 100, 100, 100, 100, 100, 100, 160}))
        << "one straggler is no group";
    EXPECT_FALSE(bimodal(samples{100, 100, 100, 160, 160, 160})) << "too few to tell";
    EXPECT_FALSE(bimodal(samples{1000, 1000, 1000, 1000, 1000, 1010, 1010, 1010, 1010, 1010}))
        << "1 % apart";
    EXPECT_FALSE(bimodal(one_to(100))) << "spread evenly";
    std::mt19937_64 engine(7);
    std::normal_distribution<double> noise(150'000, 15'000);
    for (int i = 0; i < 200; ++i) {
        samples some(40);
        for (std::uint64_t& one : some) {
            one = static_cast<std::uint64_t>(noise(engine));
        }
        EXPECT_FALSE(bimodal(some));
    }
}

} // namespace
} // namespace hetmem::detail
