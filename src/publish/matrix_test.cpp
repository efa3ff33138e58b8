#include "publish/matrix.hpp"

#include "publish/figures.hpp"
#include "publish/test_machines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hetmem::detail {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

constexpr std::size_t read_latency_layer = index_of(quantity::read_latency);
constexpr std::size_t write_latency_layer = index_of(quantity::write_latency);

std::string text_of(const matrix& m, std::size_t layer, std::size_t row, std::size_t column) {
    return cell_text(m.cell(layer, row, column), style_of(m, layer));
}

TEST(Matrix, HasARowForEachInitiatorAndAColumnForEachMemory) {
    const matrix m = make_matrix(test::odd_memories());
    EXPECT_FALSE(m.grouped);
    ASSERT_THAT(m.rows, SizeIs(2));
    EXPECT_EQ(m.rows[1].name, "gi2");
    ASSERT_THAT(m.columns, SizeIs(4));
    EXPECT_EQ(m.columns[1].name, "dax0.0");
    EXPECT_EQ(text_of(m, read_latency_layer, 0, 1), "120");
    EXPECT_EQ(text_of(m, read_latency_layer, 1, 1), "90");
}

TEST(Matrix, UnknownAndUnreachableAreMarked) {
    const matrix m = make_matrix(test::odd_memories());
    EXPECT_EQ(text_of(m, read_latency_layer, 0, 2), "?");
    EXPECT_EQ(text_of(m, read_latency_layer, 0, 3), "×");
    EXPECT_TRUE(m.blank(index_of(quantity::read_bandwidth)));
}

TEST(Matrix, TheStrongestSourceThatKnowsIsShownAndMarkedWhereSourcesDiffer) {
    const matrix m = make_matrix(test::odd_memories());
    EXPECT_EQ(text_of(m, write_latency_layer, 0, 0), "81.0s");
    EXPECT_EQ(text_of(m, write_latency_layer, 0, 1), "130.7m");
}

TEST(Matrix, TheSameFiguresAsPairByPair) {
    const topology machine = test::odd_memories();
    const matrix m = make_matrix(machine);
    for (std::size_t i = 0; i < 2; ++i) {
        for (std::size_t t = 0; t < 4; ++t) {
            const figure<latency> pair =
                machine.access({static_cast<std::uint32_t>(i)}, {static_cast<std::uint32_t>(t)})
                    .read_latency;
            const spread& cell = m.cell(read_latency_layer, i, t).others;
            EXPECT_EQ(cell.known, pair.known());
            EXPECT_EQ(cell.unreachable, pair.state == knowledge::unreachable);
            EXPECT_EQ(cell.unknown, pair.state == knowledge::unknown);
            EXPECT_TRUE(!pair.known() || cell.low == pair.value.picoseconds());
        }
    }
}

TEST(Matrix, ALargeRegularMachineIsAFewCells) {
    const matrix m = make_matrix(test::many_nodes(64));
    EXPECT_TRUE(m.grouped);
    ASSERT_THAT(m.rows, SizeIs(2));
    ASSERT_THAT(m.columns, SizeIs(2));
    EXPECT_EQ(m.columns[0].name, "node0-node31");
    EXPECT_EQ(m.columns[1].name, "node32-node63");
    EXPECT_EQ(text_of(m, read_latency_layer, 0, 0), "80/120") << "own memory / others'";
    EXPECT_EQ(text_of(m, read_latency_layer, 0, 1), "200");
    EXPECT_EQ(text_of(m, matrix::distance_layer, 0, 0), "10/20");
}

TEST(Matrix, ALargeIrregularMachineShowsLowestAndHighest) {
    const matrix m =
        make_matrix(test::many_nodes(64, [](std::size_t i, std::size_t t) -> std::size_t {
            return 100 + (i * 31 + t * t) % 97;
        }));
    EXPECT_TRUE(m.grouped);
    ASSERT_THAT(m.columns, SizeIs(2)) << "a group a package";
    EXPECT_EQ(m.all[read_latency_layer].low, 100'000U);
    EXPECT_THAT(text_of(m, read_latency_layer, 0, 1), testing::HasSubstr("-"));
}

TEST(Matrix, AMediumMachineIsGroupedOnlyWhenNothingIsLost) {
    EXPECT_TRUE(make_matrix(test::many_nodes(24)).grouped);
    EXPECT_FALSE(make_matrix(test::many_nodes(24, [](std::size_t i, std::size_t t) {
                     return 80 + i + t;
                 })).grouped);
    EXPECT_FALSE(make_matrix(test::many_nodes(8)).grouped);
}

} // namespace
} // namespace hetmem::detail
