#include "measure/curve.hpp"

#include "kernel/calls.hpp"

#include <hetmem/discover.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hetmem::detail {
namespace {

using ::testing::SizeIs;

TEST(Knee, IsTheFirstPointWithTwiceTheIdleLatency) {
    const std::vector<curve_point> points = {
        {10, 100'500}, {20, 130'000}, {30, 199'999}, {35, 200'000}, {36, 500'000}};
    EXPECT_EQ(knee_of(100'000, points), points[3]);
    EXPECT_EQ(knee_of(100'001, points), points[4]);
    EXPECT_EQ(knee_of(300'000, points), std::nullopt) << "not reached";
    EXPECT_EQ(knee_of(100'000, {}), std::nullopt);
}

/// On this machine; that what it says is true of it cannot be known here.
class CurveHere : public ::testing::Test {
protected:
    CurveHere() {
        if (threads_.all() < 2) {
            return;
        }
        place_.emplace(machine_, machine_.targets().front().id,
                       area_sizes{byte_size::from_mib(2), byte_size::from_mib(4)}, false);
    }
    void SetUp() override {
        if (!place_) {
            GTEST_SKIP() << "one CPU";
        }
    }
    scene where() { return {reader_, threads_, *place_, std::chrono::milliseconds(10)}; }

    const kernel::rooted_reader reader_{"/"};
    const topology machine_ = discover();
    crew threads_{reader_, kernel::thread_allowed_cpus()};
    std::optional<workplace> place_;
};

TEST_F(CurveHere, LoadGrowsAsTheDelayShrinks) {
    for (const unsigned reads : curve_ratios) {
        const measured_curve curve = take_curve(where(), reads, [] { return true; });
        EXPECT_EQ(curve.read_percent, reads);
        EXPECT_GT(curve.idle, 0U);
        ASSERT_GT(curve.points.size(), 5U);
        EXPECT_GT(curve.points.back().load, curve.points.front().load)
            << "32 times a chunk's delay against none";
        EXPECT_EQ(curve.knee, knee_of(curve.idle, curve.points));
    }
}

TEST_F(CurveHere, EndsWhenItIsToldTo) {
    int asked = 0;
    const measured_curve curve = take_curve(where(), 100, [&] { return ++asked < 3; });
    EXPECT_THAT(curve.points, SizeIs(2));
}

} // namespace
} // namespace hetmem::detail
