#include "memory/stripes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace hetmem::detail {
namespace {

using testing::ElementsAre;

TEST(Stripes, TurnsAreSpreadEvenly) {
    stripe_sequence threes({3, 1});
    EXPECT_THAT(threes.take(8), ElementsAre(0, 0, 1, 0, 0, 0, 1, 0));
}

TEST(Stripes, OneSequenceHoweverItIsTaken) {
    stripe_sequence whole({5, 2, 1});
    stripe_sequence parts({5, 2, 1});
    const auto all = whole.take(40);
    for (std::size_t i = 0; i < all.size(); ++i) {
        EXPECT_THAT(parts.take(1), ElementsAre(all[i]));
    }
}

TEST(Stripes, NobodyIsMoreThanAStripeFromItsShare) {
    const std::vector<unsigned> weights{255, 17, 1, 99};
    stripe_sequence sequence(weights);
    std::vector<double> got(weights.size());
    for (int n = 1; n <= 2000; ++n) {
        got[sequence.take(1).front()] += 1;
        for (std::size_t i = 0; i < weights.size(); ++i) {
            EXPECT_LT(std::abs(got[i] - n * static_cast<double>(weights[i]) / 372), 2);
        }
    }
}

} // namespace
} // namespace hetmem::detail
