#include "check/parts.hpp"
#include "check/test_machine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace hetmem::detail {
namespace {

using test_machine::found;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::uint64_t ns = 1000;
constexpr std::uint64_t gb = 1'000'000'000;

measured_cell cell(const std::string& target, metric what, std::uint64_t median,
                   std::uint64_t spread = 0) {
    measured_cell made;
    made.initiator = "node0";
    made.target = target;
    made.what = what;
    made.figure.median = median;
    made.figure.low = median - spread;
    made.figure.high = median + spread;
    made.verdict = interference::quiet;
    return made;
}

/// Of a machine whose tables say 100, 120 and 300 ns, 100, 400 and 20 GB/s.
check_result look(std::vector<measured_cell> cells, std::vector<given_figure> given = {}) {
    static const test::tree machine = test_machine::machine();
    const kernel::rooted_reader reader(machine.root());
    check_subject subject = read_check_subject(reader);
    subject.stored.emplace();
    subject.stored->cells = std::move(cells);
    subject.stored->given = std::move(given);
    check_result result;
    check_measured(subject, result);
    return result;
}

TEST(MeasuredChecks, ClaimsWithinAFifthArePlausible) {
    const check_result result = look({cell("node0", metric::local_latency, 84 * ns),
                                      cell("node1", metric::local_latency, 125 * ns),
                                      cell("node1", metric::read_bandwidth, 480 * gb)});
    EXPECT_THAT(result.findings, IsEmpty());
    EXPECT_TRUE(test_machine::ran(result, "claim-far-off"));
}

TEST(MeasuredChecks, OneThatIsFarOffNamesBoth) {
    const check_result result = look({cell("node1", metric::local_latency, 200 * ns, 5 * ns)});
    ASSERT_THAT(found(result, "claim-far-off"), SizeIs(1));
    const finding told = found(result, "claim-far-off")[0];
    EXPECT_EQ(told.about, "node0 -> node1");
    EXPECT_EQ(told.what,
              "read latency: hmat says 120 ns, measured were 200 ns (195 ns to 205 ns).");
    EXPECT_EQ(told.level, severity::warning);
}

TEST(MeasuredChecks, AClaimWithinTheIntervalIsNotFarOff) {
    EXPECT_THAT(look({cell("node1", metric::local_latency, 200 * ns, 90 * ns)}).findings,
                IsEmpty());
}

TEST(MeasuredChecks, OnlyWhatAnHmatSpeaksOfIsHeldAgainstIt) {
    // Fully random latency has page walks in it; copies count twice.
    EXPECT_THAT(look({cell("node1", metric::random_latency, 500 * ns),
                      cell("node1", metric::copy_bandwidth, 50 * gb)})
                    .findings,
                IsEmpty());
}

TEST(MeasuredChecks, WhatWasMeasuredInACacheIsNotTheMedium) {
    measured_cell in_cache = cell("node1", metric::local_latency, 20 * ns);
    in_cache.in = measured_in::side_cache;
    EXPECT_THAT(look({in_cache}).findings, IsEmpty());
}

TEST(MeasuredChecks, DisturbedFiguresAreToldAndNotCompared) {
    measured_cell noise = cell("node1", metric::local_latency, 900 * ns);
    noise.verdict = interference::disturbed;
    const check_result result = look({noise});
    EXPECT_THAT(found(result, "claim-far-off"), IsEmpty());
    EXPECT_THAT(found(result, "measured-disturbed"),
                ElementsAre(Field("what", &finding::what, HasSubstr("1 figure"))));
}

TEST(MeasuredChecks, AReversedOrderIsAnError) {
    // By the HMAT node 0 is the nearer one.
    const check_result result = look({cell("node0", metric::local_latency, 115 * ns, 2 * ns),
                                      cell("node1", metric::local_latency, 105 * ns, 2 * ns)});
    EXPECT_THAT(found(result, "claim-far-off"), IsEmpty());
    ASSERT_THAT(found(result, "claim-order"), SizeIs(1));
    EXPECT_EQ(found(result, "claim-order")[0].level, severity::error);
    EXPECT_THAT(found(result, "claim-order")[0].what,
                HasSubstr("by hmat node0 is better (100 ns) than node1 (120 ns)"));
    // Not beyond doubt.
    EXPECT_THAT(look({cell("node0", metric::local_latency, 115 * ns, 8 * ns),
                      cell("node1", metric::local_latency, 105 * ns, 8 * ns)})
                    .findings,
                IsEmpty());
}

TEST(MeasuredChecks, ImportedMeasurementsCountTooAndWishesDoNot) {
    const given_figure imported{
        "node0", "node1", quantity::read_latency, 200 * ns, source::measured, "mlc", {}};
    EXPECT_THAT(found(look({}, {imported}), "claim-far-off"), SizeIs(1));
    given_figure wish = imported;
    wish.from = source::override_;
    EXPECT_THAT(look({}, {wish}).findings, IsEmpty());
}

TEST(MeasuredChecks, MemoriesThatAreGoneAreLeftOut) {
    EXPECT_THAT(look({cell("node9", metric::local_latency, 200 * ns)}).findings, IsEmpty());
}

} // namespace
} // namespace hetmem::detail
