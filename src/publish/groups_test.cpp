#include "publish/groups.hpp"
#include "publish/test_machines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hetmem::detail {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(Groups, EveryMemoryAndInitiatorHasOnePlace) {
    const topology machine = test::odd_memories();
    const std::vector<place> places = places_of(machine);
    ASSERT_THAT(places, SizeIs(2));
    ASSERT_NE(places[0].where, nullptr);
    EXPECT_EQ(places[0].where->id, 0);
    EXPECT_THAT(places[0].initiators, ElementsAre(0U));
    EXPECT_THAT(places[0].targets, ElementsAre(0U));
    EXPECT_EQ(places[1].where, nullptr);
    EXPECT_THAT(places[1].initiators, ElementsAre(1U));
    EXPECT_THAT(places[1].targets, ElementsAre(1U, 2U, 3U));
}

TEST(Groups, MemoriesThatLookTheSameAreFolded) {
    const topology machine = test::many_nodes(16);
    const std::vector<place> places = places_of(machine);
    ASSERT_THAT(places, SizeIs(2));
    EXPECT_THAT(folds_of(machine, places[0].targets),
                ElementsAre(ElementsAre(0U, 1U, 2U, 3U, 4U, 5U, 6U, 7U)));
}

TEST(Groups, MemoriesWithOtherFiguresAreNotFolded) {
    const topology machine = test::many_nodes(
        16, [](std::size_t i, std::size_t t) -> std::size_t { return i == t ? 80 + t % 2 : 200; });
    EXPECT_THAT(folds_of(machine, places_of(machine)[0].targets),
                ElementsAre(ElementsAre(0U, 2U, 4U, 6U), ElementsAre(1U, 3U, 5U, 7U)));
}

TEST(Groups, OrdinaryMachinesAreNotFolded) {
    const topology machine = test::many_nodes(4);
    EXPECT_THAT(folds_of(machine, places_of(machine)[1].targets),
                ElementsAre(ElementsAre(2U), ElementsAre(3U)));
}

TEST(Groups, ConsecutiveNamesBecomeRanges) {
    const std::vector<std::string_view> names{"node0", "node1", "node2",  "node8",
                                              "gi3",   "gi4",   "node01", "dax0.0"};
    EXPECT_EQ(join_names(names, 9), "node0-node2, node8, gi3, gi4, node01, dax0.0");
    EXPECT_EQ(join_names(names, 1), "node0-node2 and 5 more");
    EXPECT_EQ(join_names({}, 1), "");
}

TEST(Groups, UnreachableIsToldOfMemoriesWithoutAnyPathOnly) {
    EXPECT_THAT(unreachable_targets(test::odd_memories()), ElementsAre(false, false, false, true));
}

} // namespace
} // namespace hetmem::detail
