#include "kernel/iomem.hpp"

#include "tests/support/tree.hpp"

#include <gmock/gmock.h>

namespace hetmem::kernel {
namespace {

using test::tree;
using testing::IsEmpty;
using testing::SizeIs;

TEST(iomem, soft_reserved_ranges) {
    const tree files({{"proc/iomem", "00000000-00000fff : Reserved\n"
                                     "140000000-15fffffff : Soft Reserved\n"
                                     "  140000000-15fffffff : dax1.0\n"
                                     "40000000-5fffffff : hmem.0\n"
                                     "  40000000-5fffffff : Soft Reserved\n"}});
    const soft_reserved found = read_soft_reserved(rooted_reader(files.root()));
    EXPECT_TRUE(found.read);
    EXPECT_FALSE(found.hidden);
    ASSERT_THAT(found.ranges, SizeIs(2));
    EXPECT_EQ(found.ranges[0].base, 0x40000000U);
    EXPECT_EQ(found.ranges[0].length, 0x20000000U);
    EXPECT_EQ(found.ranges[1].base, 0x140000000U);
}

TEST(iomem, zeros_hide_addresses_from_ordinary_users) {
    const tree files({{"proc/iomem", "00000000-00000000 : System RAM\n"
                                     "00000000-00000000 : Soft Reserved\n"}});
    const soft_reserved found = read_soft_reserved(rooted_reader(files.root()));
    EXPECT_TRUE(found.hidden);
    EXPECT_THAT(found.ranges, IsEmpty());
    const tree none({{"proc/iomem", "00000000-00000000 : System RAM\n"}});
    EXPECT_FALSE(read_soft_reserved(rooted_reader(none.root())).hidden);
}

TEST(iomem, absent_and_garbage) {
    EXPECT_TRUE(read_soft_reserved(rooted_reader(tree().root())).read.absent());
    const tree files({{"proc/iomem", "Soft Reserved\n : Soft Reserved\n- : Soft Reserved\n"
                                     "5-1 : Soft Reserved\nx-y : Soft Reserved\n"
                                     "0-ffffffffffffffff : Soft Reserved\n"
                                     "0-10000000000000000 : Soft Reserved\n"}});
    const soft_reserved found = read_soft_reserved(rooted_reader(files.root()));
    EXPECT_THAT(found.ranges, IsEmpty());
    EXPECT_FALSE(found.hidden);
}

} // namespace
} // namespace hetmem::kernel
