#include "kernel/tier.hpp"

#include "tests/support/tree.hpp"

#include <gmock/gmock.h>

namespace hetmem::kernel {
namespace {

using test::tree;
using testing::Eq;
using testing::IsEmpty;
using testing::Optional;
using testing::Pair;
using testing::UnorderedElementsAre;

tiers tiers_of(const tree& files) {
    return read_tiers(rooted_reader(files.root()));
}

TEST(tier, each_node_has_its_tier_and_weight) {
    const tree files({
        {"sys/devices/virtual/memory_tiering/memory_tier4/nodelist", "0-1\n"},
        {"sys/devices/virtual/memory_tiering/memory_tier37/nodelist", "5\n"},
        {"sys/devices/virtual/memory_tiering/memory_tier961/nodelist", "\n"},
        {"sys/kernel/mm/numa/demotion_enabled", "true\n"},
        {"sys/kernel/mm/mempolicy/weighted_interleave/node0", "200\n"},
        {"sys/kernel/mm/mempolicy/weighted_interleave/node5", "1\n"},
        {"sys/kernel/mm/mempolicy/weighted_interleave/auto", "true\n"},
    });
    const tiers found = tiers_of(files);
    EXPECT_THAT(found.tier_of_node, UnorderedElementsAre(Pair(0, 4), Pair(1, 4), Pair(5, 37)));
    EXPECT_THAT(found.interleave_weight_of_node, UnorderedElementsAre(Pair(0, 200), Pair(5, 1)));
    EXPECT_THAT(found.demotion, Optional(true));
}

TEST(tier, unknown_is_not_disabled) {
    const tiers found = tiers_of(tree());
    EXPECT_THAT(found.tier_of_node, IsEmpty());
    EXPECT_THAT(found.interleave_weight_of_node, IsEmpty());
    EXPECT_THAT(found.demotion, Eq(std::nullopt));
    EXPECT_THAT(tiers_of({{"sys/kernel/mm/numa/demotion_enabled", "false\n"}}).demotion,
                Optional(false));
    EXPECT_THAT(tiers_of({{"sys/kernel/mm/numa/demotion_enabled", "perhaps\n"}}).demotion,
                Eq(std::nullopt));
}

TEST(tier, garbage_is_skipped) {
    const tiers found = tiers_of({
        {"sys/devices/virtual/memory_tiering/memory_tier4/nodelist", "x\n"},
        {"sys/devices/virtual/memory_tiering/memory_tier4294967295/nodelist", "0\n"},
        {"sys/devices/virtual/memory_tiering/memory_tier/nodelist", "0\n"},
        {"sys/kernel/mm/mempolicy/weighted_interleave/node0", "-1\n"},
        {"sys/kernel/mm/mempolicy/weighted_interleave/node1", "4294967296\n"},
    });
    EXPECT_THAT(found.tier_of_node, IsEmpty());
    EXPECT_THAT(found.interleave_weight_of_node, IsEmpty());
}

} // namespace
} // namespace hetmem::kernel
