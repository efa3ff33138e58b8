#include "kernel/memory_block.hpp"

#include "tests/support/tree.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace hetmem::kernel {
namespace {

using test::tree;
using testing::ElementsAre;
using testing::Eq;
using testing::Optional;

constexpr std::uint64_t block_bytes = 128ULL << 20;
constexpr std::uint64_t pages_per_block = block_bytes / 4096;

/// A node of blocks first..first+count-1 with `total` bytes for ordinary use.
node made_up_node(unsigned number, unsigned first, unsigned count,
                  std::optional<std::uint64_t> total) {
    node one;
    one.number = number;
    one.total_bytes = total;
    for (unsigned i = 0; i < count; ++i) {
        one.memory_blocks.push_back(first + i);
    }
    return one;
}

class memory_block : public testing::Test {
protected:
    memory_block() {
        files_.write("sys/devices/system/memory/block_size_bytes", "8000000\n");
        files_.write("sys/devices/system/memory/auto_online_blocks", "online_movable\n");
    }
    void state(unsigned block, const std::string& text) {
        files_.write("sys/devices/system/memory/memory" + std::to_string(block) + "/state",
                     text + "\n");
    }
    memory_blocks read(const std::vector<node>& nodes) const {
        return read_memory_blocks(rooted_reader(files_.root()), nodes);
    }
    tree files_;
};

TEST_F(memory_block, size_and_policy) {
    const memory_blocks blocks = read({});
    EXPECT_THAT(blocks.block_size_bytes, Optional(block_bytes));
    EXPECT_EQ(blocks.auto_online, "online_movable");
}

TEST_F(memory_block, more_memory_than_all_but_one_block_hold_needs_no_file) {
    // The states contradict on purpose: reading them would show.
    state(0, "offline");
    state(1, "offline");
    EXPECT_THAT(read({made_up_node(0, 0, 2, block_bytes + 4096)}).online,
                ElementsAre(Optional(2U)));
}

TEST_F(memory_block, exactly_all_but_one_block_proves_nothing) {
    state(0, "online");
    state(1, "offline");
    EXPECT_THAT(read({made_up_node(0, 0, 2, block_bytes)}).online, ElementsAre(Optional(1U)));
}

TEST_F(memory_block, present_pages_decide_when_the_kernel_took_much_at_boot) {
    state(0, "offline"); // would show
    state(10, "offline");
    const std::uint64_t pages = 10 * pages_per_block - 96;
    files_.write("proc/zoneinfo",
                 "Node 0, zone      DMA\n  per-node stats\n      nr_inactive_anon 12\n"
                 "  pages free     1\n        spanned  4095\n        present  " +
                     std::to_string(3998) +
                     "\n        managed  3840\nNode 0, zone   Normal\n  pages free     5\n"
                     "        present  " +
                     std::to_string(pages - 3998) + "\nNode 1, zone   Normal\n        present  " +
                     std::to_string(2 * pages_per_block) + "\n");
    const std::vector<node> nodes = {made_up_node(0, 0, 10, 8 * block_bytes),
                                     made_up_node(1, 10, 2, block_bytes / 2)};
    EXPECT_THAT(read(nodes).online, ElementsAre(Optional(10U), Optional(2U)));
}

TEST_F(memory_block, device_memory_is_in_no_block) {
    state(0, "online");
    state(1, "offline");
    files_.write("proc/zoneinfo", "Node 0, zone   Normal\n        present  32768\n"
                                  "Node 0, zone   Device\n        present  32768\n");
    EXPECT_THAT(read({made_up_node(0, 0, 2, block_bytes / 2)}).online, ElementsAre(Optional(1U)));
}

TEST_F(memory_block, states_are_read_of_the_node_that_lacks_some) {
    for (unsigned block = 0; block < 4; ++block) {
        state(block, block == 2 ? "offline" : "online");
    }
    files_.write("proc/zoneinfo", "Node 0, zone   Normal\n        present  " +
                                      std::to_string(3 * pages_per_block) + "\n");
    EXPECT_THAT(read({made_up_node(0, 0, 4, 2 * block_bytes)}).online, ElementsAre(Optional(3U)));
}

TEST_F(memory_block, a_node_whose_blocks_are_all_offline) {
    state(7, "offline");
    state(8, "going-offline");
    EXPECT_THAT(read({made_up_node(1, 7, 2, 0)}).online, ElementsAre(Optional(0U)));
}

TEST_F(memory_block, without_states_nothing_is_claimed) {
    EXPECT_THAT(read({made_up_node(0, 0, 4, block_bytes)}).online, ElementsAre(Eq(std::nullopt)));
    EXPECT_THAT(read({made_up_node(0, 0, 4, std::nullopt)}).online, ElementsAre(Eq(std::nullopt)));
}

TEST_F(memory_block, a_node_without_blocks_has_none_online) {
    EXPECT_THAT(read({made_up_node(0, 0, 0, std::nullopt)}).online, ElementsAre(Optional(0U)));
}

TEST_F(memory_block, without_a_block_size_only_states_decide) {
    files_.write("sys/devices/system/memory/block_size_bytes", "large\n");
    EXPECT_THAT(read({made_up_node(0, 0, 2, ~0ULL)}).online, ElementsAre(Eq(std::nullopt)));
    state(0, "online");
    state(1, "online");
    EXPECT_THAT(read({made_up_node(0, 0, 2, ~0ULL)}).online, ElementsAre(Optional(2U)));
}

TEST_F(memory_block, hostile_numbers_decide_nothing) {
    files_.write("sys/devices/system/memory/block_size_bytes", "ffffffffffffffff\n");
    files_.write("proc/zoneinfo", "Node 0, zone   Normal\n        present  18446744073709551615\n"
                                  "Node 0, zone   Normal\n        present  4503599627370495\n"
                                  "Node 0, zone   Normal\n        present  4503599627370495\n"
                                  "Node 99999999999, zone x\n        present  1\n"
                                  "Node , zone\n        present  \n        present -1\n");
    EXPECT_THAT(read({made_up_node(0, 0, 3, ~0ULL)}).online, ElementsAre(Eq(std::nullopt)));
}

TEST(memory_block_here, this_machine_agrees_with_its_states) {
    const rooted_reader reader("/");
    const node_list nodes = read_nodes(reader);
    const memory_blocks blocks = read_memory_blocks(reader, nodes.nodes);
    if (!blocks.block_size_bytes) {
        GTEST_SKIP() << "this kernel has no memory blocks";
    }
    ASSERT_EQ(blocks.online.size(), nodes.nodes.size());
    for (std::size_t i = 0; i < nodes.nodes.size(); ++i) {
        std::uint64_t online = 0;
        for (const std::uint32_t block : nodes.nodes[i].memory_blocks) {
            const std::string path =
                "sys/devices/system/memory/memory" + std::to_string(block) + "/state";
            online += reader.top().read_line(path) == "online" ? 1U : 0U;
        }
        EXPECT_THAT(blocks.online[i], Optional(online)) << "node " << nodes.nodes[i].number;
    }
}

} // namespace
} // namespace hetmem::kernel
