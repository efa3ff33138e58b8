#include "kernel/lockdown.hpp"

#include "tests/support/tree.hpp"

#include <gtest/gtest.h>

namespace hetmem::kernel {
namespace {

lockdown lockdown_of(const test::tree& files) {
    return read_lockdown(rooted_reader(files.root()));
}

TEST(lockdown, is_what_the_kernel_says) {
    const auto locked =
        lockdown_of({{"sys/kernel/security/lockdown", "none [integrity] confidentiality\n"}});
    EXPECT_EQ(locked.level, "integrity");
    EXPECT_TRUE(locked.on());
    const auto open = lockdown_of({
        {"sys/kernel/security/lockdown", "[none] integrity confidentiality\n"},
        {"proc/cmdline", "quiet lockdown=integrity\n"},
    });
    EXPECT_EQ(open.level, "none");
    EXPECT_FALSE(open.on());
}

TEST(lockdown, is_what_was_asked_for_where_securityfs_is_not_mounted) {
    const auto asked = lockdown_of({{"proc/cmdline", "ro lockdown=confidentiality quiet\n"}});
    EXPECT_TRUE(asked.read.absent());
    EXPECT_EQ(asked.level, "confidentiality");
    EXPECT_TRUE(asked.on());
}

TEST(lockdown, of_which_nobody_tells_is_not_on) {
    EXPECT_EQ(lockdown_of({{"proc/cmdline", "quiet\n"}}).level, "");
    EXPECT_FALSE(lockdown_of({}).on());
    EXPECT_EQ(chosen_level("nonsense"), "");
    EXPECT_EQ(chosen_level("]["), "");
}

} // namespace
} // namespace hetmem::kernel
