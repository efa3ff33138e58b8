#include "kernel/block_zones.hpp"

#include "tests/support/tree.hpp"

#include <gtest/gtest.h>

namespace hetmem::kernel {
namespace {

TEST(BlockZones, AreThoseThatBlocksAreOnlineIn) {
    const std::string at = "sys/devices/system/memory/";
    const test::tree machine({
        {at + "memory8/state", "online\n"},
        {at + "memory8/valid_zones", "Movable\n"},
        {at + "memory9/state", "online\n"},
        {at + "memory9/valid_zones", "Normal\n"},
        {at + "memory10/state", "offline\n"},
        {at + "memory10/valid_zones", "Movable Normal\n"},
        {at + "memory11/state", "online\n"},
        {at + "memory11/valid_zones", "none\n"},
        {at + "memory12/state", "going-offline\n"},
    });
    const rooted_reader reader(machine.root());
    node one;
    one.memory_blocks = {8, 9, 10, 11, 12, 13};
    const block_zones found = read_block_zones(reader, one);
    EXPECT_EQ(found.movable, 1U);
    EXPECT_EQ(found.kernel, 1U);
    EXPECT_EQ(found.unknown, 1U);
    EXPECT_EQ(found.offline, 2U);
    EXPECT_EQ(found.unread, 1U);
}

} // namespace
} // namespace hetmem::kernel
