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
    return read_tiers(rooted_reader(files.root()), {}, {});
}

bool leaves(const tree& files) {
    const rooted_reader reader(files.root());
    const node_list nodes = read_nodes(reader);
    return last_block_is_leaving(reader, nodes, read_memory_blocks(reader, nodes.nodes));
}

/// Node 1 with two blocks in these states.
tree two_blocks(const std::string& first, const std::string& second) {
    const std::string system = "sys/devices/system/";
    tree files({
        {system + "node/online", "0-1\n"},
        {system + "node/node1/meminfo", "Node 1 MemTotal: 1024 kB\nNode 1 MemFree: 1024 kB\n"},
        {system + "memory/block_size_bytes", "8000000\n"},
        {system + "memory/memory8/state", first + "\n"},
        {system + "memory/memory9/state", second + "\n"},
    });
    files.link(system + "node/node1/memory8", "../../memory/memory8");
    files.link(system + "node/node1/memory9", "../../memory/memory9");
    return files;
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

TEST(tier, a_tier_may_be_going_with_the_last_block_of_a_node) {
    EXPECT_TRUE(leaves(two_blocks("offline", "going-offline")));
    EXPECT_TRUE(leaves(two_blocks("online", "going-offline"))); // it may be the other one next
    EXPECT_FALSE(leaves(two_blocks("online", "online")));
    EXPECT_FALSE(leaves(two_blocks("offline", "online")));
    EXPECT_FALSE(leaves(two_blocks("offline", "offline")));
    EXPECT_FALSE(leaves(tree()));
}

TEST(tier, nobody_waits_for_a_lock_in_a_copy) {
    tree files = two_blocks("offline", "going-offline");
    files.write({{"sys/devices/virtual/memory_tiering/memory_tier4/nodelist", "1\n"}});
    const rooted_reader reader(files.root());
    const node_list nodes = read_nodes(reader);
    const tiers found = read_tiers(reader, nodes, read_memory_blocks(reader, nodes.nodes));
    EXPECT_FALSE(found.tiers_unread);
    EXPECT_THAT(found.tier_of_node, UnorderedElementsAre(Pair(1, 4)));
}

} // namespace
} // namespace hetmem::kernel
