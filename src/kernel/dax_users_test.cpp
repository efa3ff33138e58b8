#include "kernel/dax_users.hpp"

#include "tests/support/tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hetmem::kernel {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(DaxUsers, AreFoundByWhatTheyMapped) {
    test::tree machine({
        {"proc/1/maps", "7f0000000000-7f0000001000 rw-p 00000000 00:00 0 \n"},
        {"proc/23/maps", "7f0000000000-7f0000200000 rw-s 00000000 00:06 87 /dev/dax1.0\n"
                         "7f0000400000-7f0000600000 rw-s 00000000 00:06 87 /dev/dax1.0\n"},
        {"proc/24/maps", "7f0000000000-7f0000200000 r--s 00000000 00:06 88 /dev/dax\n"},
        {"proc/version", "Linux\n"},
    });
    const rooted_reader reader(machine.root());
    const dax_users found = read_dax_users(reader);
    EXPECT_TRUE(found.complete);
    EXPECT_THAT(found.mapped, ElementsAre("dax1.0"));
    EXPECT_THAT(found.processes, ElementsAre(Pair("dax1.0", ElementsAre(23U))));
}

TEST(DaxUsers, OfOthersAreNotSeenByEverybody) {
    test::tree machine({{"proc/1/maps", ""}});
    machine.forbid("proc/1/maps");
    const rooted_reader reader(machine.root());
    const test::ordinary_user somebody;
    const dax_users found = read_dax_users(reader);
    EXPECT_FALSE(found.complete);
    EXPECT_THAT(found.mapped, IsEmpty());
}

} // namespace
} // namespace hetmem::kernel
