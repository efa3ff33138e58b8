#include "topology/figure_layer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hetmem::detail {
namespace {

using testing::ElementsAre;

constexpr std::uint64_t unknown = topology::unknown_value;

class FigureLayer : public testing::TestWithParam<figure_layer::storage> {
protected:
    figure_layer layer{source::hmat, quantity::read_latency, 0, 2, 3, GetParam()};
};

TEST_P(FigureLayer, RemembersWhatWasSet) {
    layer.set(0, 2, 7);
    layer.set(1, 0, 5);
    layer.set(1, 1, topology::unreachable_value);
    layer.finish();
    EXPECT_EQ(layer.at(0, 2), 7U);
    EXPECT_EQ(layer.at(1, 0), 5U);
    EXPECT_EQ(layer.at(0, 0), unknown);
    std::vector<std::uint64_t> row(3);
    layer.row(1, row);
    EXPECT_THAT(row, ElementsAre(5U, topology::unreachable_value, unknown));
    EXPECT_FALSE(layer.empty());
}

TEST_P(FigureLayer, TheLastWordOnAPairCounts) {
    layer.set(0, 0, 1);
    layer.set(0, 0, 2);
    layer.set(0, 1, 3);
    layer.set(0, 1, unknown);
    layer.finish();
    EXPECT_EQ(layer.at(0, 0), 2U);
    EXPECT_EQ(layer.at(0, 1), unknown);
}

TEST_P(FigureLayer, WhatLiesOutsideIsUnknown) {
    layer.set(2, 0, 1);
    layer.set(0, 3, 1);
    layer.finish();
    EXPECT_TRUE(layer.empty());
    EXPECT_EQ(layer.at(2, 0), unknown);
    std::vector<std::uint64_t> row(3);
    layer.row(9, row);
    EXPECT_THAT(row, ElementsAre(unknown, unknown, unknown));
}

INSTANTIATE_TEST_SUITE_P(Storages, FigureLayer,
                         testing::Values(figure_layer::storage::dense,
                                         figure_layer::storage::sparse));

} // namespace
} // namespace hetmem::detail
