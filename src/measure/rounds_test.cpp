#include "measure/rounds.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

namespace hetmem::detail {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

/// Time that passes only when somebody does something.
struct made_up_clock {
    measuring_clock::time_point time{};
    std::vector<std::string> diary;
};

/// Its values come in turn, again and again; a sample takes 10 ms and what a burst needs before it
/// 5 ms.
class made_up_cell : public sampled {
public:
    made_up_cell(std::string name, made_up_clock& clock, std::vector<std::uint64_t> values)
        : name_(std::move(name)), clock_(&clock), values_(std::move(values)) {}

    void begin_burst() override {
        clock_->time += 5ms;
        clock_->diary.push_back(name_);
        first_ = true;
    }
    std::uint64_t sample() override {
        clock_->time += 10ms;
        if (std::exchange(first_, false)) {
            return cold;
        }
        return values_[next_++ % values_.size()];
    }
    burst_end end_burst() override {
        if (ends.empty()) {
            return {{interference::quiet, ""}, ""};
        }
        burst_end end = ends.front();
        ends.pop_front();
        return end;
    }

    static constexpr std::uint64_t cold = 1;
    std::deque<burst_end> ends;

private:
    std::string name_;
    made_up_clock* clock_;
    std::vector<std::uint64_t> values_;
    std::size_t next_ = 0;
    bool first_ = false;
};

const burst_end disturbed = {{interference::disturbed, "somebody ran"}, ""};
const burst_end quiet = {{interference::quiet, ""}, ""};
const burst_end unknown = {{interference::unknown, "too short to tell"}, ""};

class Rounds : public ::testing::Test {
protected:
    sampling& add(const std::string& name, std::vector<std::uint64_t> values) {
        made_.push_back(std::make_unique<made_up_cell>(name, clock_, std::move(values)));
        cells_.emplace_back().of = made_.back().get();
        return cells_.back();
    }
    /// All over the place.
    static std::vector<std::uint64_t> restless() {
        std::vector<std::uint64_t> values;
        for (std::uint64_t i = 0; i < 97; ++i) {
            values.push_back(700 + i * 37 % 97 * 6);
        }
        return values;
    }
    bool take(const sampling_rules& rules) {
        return take_rounds(
            cells_, rules,
            [&](std::vector<sampling>&, const sampling* ended) {
                ended_ += ended != nullptr ? 1 : 0;
                return clock_.time < stop_at_;
            },
            [&] { return clock_.time; });
    }

    made_up_clock clock_;
    std::vector<std::unique_ptr<made_up_cell>> made_;
    std::vector<sampling> cells_;
    measuring_clock::time_point stop_at_ = measuring_clock::time_point::max();
    int ended_ = 0;
};

constexpr sampling_rules two_seconds = {2s, 4, 0.01};

TEST_F(Rounds, SteadyOnesEndEarlyAfterTwoRounds) {
    add("a", {1000, 1001, 999});
    add("b", {500});
    EXPECT_TRUE(take(two_seconds));
    EXPECT_THAT(clock_.diary, ElementsAre("a", "b", "a", "b")) << "in turn";
    EXPECT_EQ(ended_, 2);
    for (const sampling& one : cells_) {
        EXPECT_TRUE(one.converged);
        EXPECT_LT(one.spent, 500ms);
        EXPECT_EQ(one.book.verdict().verdict, interference::quiet);
    }
    const sample_summary found = summarize(cells_[0].book.counted());
    EXPECT_EQ(found.median, 1000U);
    EXPECT_EQ(found.least, 999U) << "the first of a burst, which is cold, does not count";
}

TEST_F(Rounds, RestlessOnesEndAtTheBudgetAndNotAfterIt) {
    add("steady", {1000});
    add("restless", restless());
    EXPECT_TRUE(take(two_seconds));
    EXPECT_FALSE(cells_[1].converged);
    EXPECT_TRUE(cells_[1].ended);
    EXPECT_LE(cells_[1].spent, 2s);
    EXPECT_GT(cells_[1].spent, 1900ms);
    EXPECT_EQ(cells_[1].book.bursts(), 4U);
    EXPECT_TRUE(cells_[0].converged);
}

// 10 % of drift within each burst's reach would pass for a narrow interval if one burst were all.
TEST_F(Rounds, DriftIsInTheInterval) {
    std::vector<std::uint64_t> drifting;
    for (std::uint64_t i = 0; i < 200; ++i) {
        drifting.push_back(1000 + i / 6 * 50); // a burst of a steady one has six
    }
    add("drifting", drifting);
    take(two_seconds);
    EXPECT_FALSE(cells_[0].converged);
}

TEST_F(Rounds, DisturbedBurstsDoNotCountWhereThereAreQuietOnes) {
    add("a", {1000});
    made_[0]->ends = {disturbed, quiet, quiet};
    EXPECT_TRUE(take(two_seconds));
    EXPECT_EQ(cells_[0].book.verdict().verdict, interference::quiet);
    EXPECT_TRUE(cells_[0].converged);
}

TEST_F(Rounds, ADisturbedOneHasAllItsTimeToBecomeQuiet) {
    add("a", {1000});
    made_[0]->ends.assign(1000, disturbed);
    EXPECT_TRUE(take(two_seconds));
    EXPECT_GT(cells_[0].spent, 1800ms);
    EXPECT_LE(cells_[0].spent, 2s);
    EXPECT_GT(cells_[0].book.bursts(), 4U);
    const quiet_verdict said = cells_[0].book.verdict();
    EXPECT_EQ(said.verdict, interference::disturbed);
    EXPECT_EQ(said.why, "somebody ran");
    EXPECT_GE(summarize(cells_[0].book.counted()).n, 6U) << "the figure is there all the same";
}

TEST_F(Rounds, SlowSamplesTakeTheFewestThereMustBe) {
    add("slow", {1000});
    EXPECT_TRUE(take({1ms, 4, 0.01}));
    EXPECT_THAT(clock_.diary, ElementsAre("slow"));
    EXPECT_EQ(summarize(cells_[0].book.counted()).n, 3U);
    EXPECT_FALSE(cells_[0].converged);
}

TEST_F(Rounds, StoppedByTheWatcherItKeepsWhatItHas) {
    add("a", restless());
    add("b", restless());
    stop_at_ = clock_.time + 200ms;
    EXPECT_FALSE(take(two_seconds));
    EXPECT_LE(clock_.time, stop_at_ + 20ms) << "at once";
    EXPECT_GT(summarize(cells_[0].book.counted()).n, 10U);
    EXPECT_FALSE(cells_[0].ended);
    EXPECT_EQ(cells_[1].book.bursts(), 0U);
}

TEST_F(Rounds, WhatIsNotWhereItShouldBeIsOverAndCountsForNothing) {
    add("a", {1000});
    add("b", {1000});
    made_[0]->ends = {{{interference::quiet, ""}, "its pages are on node1"}};
    EXPECT_TRUE(take(two_seconds));
    EXPECT_TRUE(cells_[0].ended);
    EXPECT_FALSE(cells_[0].converged);
    EXPECT_EQ(cells_[0].failure, "its pages are on node1");
    EXPECT_EQ(cells_[0].book.bursts(), 0U);
    EXPECT_TRUE(cells_[1].converged);
}

TEST_F(Rounds, TwoModesAreFlagged) {
    add("a", {1000, 1500});
    EXPECT_TRUE(take(two_seconds));
    const quiet_verdict said = cells_[0].book.verdict();
    EXPECT_EQ(said.verdict, interference::disturbed);
    EXPECT_THAT(said.why, HasSubstr("two groups"));
    sample_book book;
    book.add({{1000, 1001, 1002, 1003, 1500, 1501, 1502, 1503}, unknown.said});
    EXPECT_EQ(book.verdict().verdict, interference::disturbed);
    EXPECT_THAT(book.verdict().why, Not(HasSubstr("too short")));
}

TEST_F(Rounds, UnknownIsSaidOnlyWhenNothingElseIs) {
    sample_book book;
    EXPECT_EQ(book.verdict().verdict, interference::unknown);
    book.add({{10, 10, 10}, unknown.said});
    EXPECT_EQ(book.verdict().why, "too short to tell");
    book.add({{10, 10, 10}, quiet.said});
    EXPECT_EQ(book.verdict().verdict, interference::quiet);
}

} // namespace
} // namespace hetmem::detail
