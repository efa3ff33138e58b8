#include "kernel/root_owned.hpp"

#include "tests/support/tree.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hetmem::kernel {
namespace {

constexpr std::size_t limit = 100;

/// Files of root need root.
class RootOwned : public testing::Test {
protected:
    void SetUp() override {
        if (::geteuid() != 0) {
            GTEST_SKIP() << "only root can make files of root";
        }
        files_.write("kept", "content");
    }
    std::string place(const char* name) const { return (files_.root() / name).string(); }

    test::tree files_;
};

TEST_F(RootOwned, IsRead) {
    const auto content = read_root_owned(AT_FDCWD, place("kept").c_str(), limit);
    ASSERT_TRUE(content);
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(content->bytes.get()), content->size),
              "content");
    EXPECT_TRUE(open_root_owned(AT_FDCWD, files_.root().c_str(), O_PATH | O_DIRECTORY));
}

TEST_F(RootOwned, WhatOthersMayWriteIsNotTrusted) {
    for (const mode_t mode : {mode_t{0664}, mode_t{0646}}) {
        ASSERT_EQ(::chmod(place("kept").c_str(), mode), 0);
        errno = 0;
        EXPECT_FALSE(read_root_owned(AT_FDCWD, place("kept").c_str(), limit)) << mode;
        EXPECT_EQ(errno, EPERM);
    }
    ASSERT_EQ(::chmod(files_.root().c_str(), 0777), 0);
    EXPECT_FALSE(open_root_owned(AT_FDCWD, files_.root().c_str(), O_PATH | O_DIRECTORY));
}

TEST_F(RootOwned, WhatSomebodyElseOwnsIsNotTrusted) {
    constexpr uid_t somebody = 1000;
    ASSERT_EQ(::chown(place("kept").c_str(), somebody, somebody), 0);
    EXPECT_FALSE(read_root_owned(AT_FDCWD, place("kept").c_str(), limit));
    EXPECT_EQ(errno, EPERM);
}

TEST_F(RootOwned, OnlyOrdinaryFilesBelowTheLimitAreRead) {
    EXPECT_FALSE(read_root_owned(AT_FDCWD, place("kept").c_str(), 3));
    EXPECT_EQ(errno, EFBIG);
    ASSERT_EQ(::mkfifo(place("pipe").c_str(), 0600), 0);
    EXPECT_FALSE(read_root_owned(AT_FDCWD, place("pipe").c_str(), limit));
    EXPECT_EQ(errno, EINVAL);
    EXPECT_FALSE(read_root_owned(AT_FDCWD, place("missing").c_str(), limit));
    EXPECT_EQ(errno, ENOENT);
}

TEST(UnmappedRoot, IsTheOverflowUidWhereRootIsNobodyHere) {
    // A namespace of one user.
    EXPECT_TRUE(is_unmapped_root(65534, "65534\n", "         0       1000          1\n"));
    EXPECT_TRUE(is_unmapped_root(65534, "65534\n", "1000 1000 1\n"));
}

TEST(UnmappedRoot, IsNobodyElse) {
    const char* const one_user = "0 1000 1\n";
    EXPECT_FALSE(is_unmapped_root(1000, "65534\n", one_user));
    EXPECT_FALSE(is_unmapped_root(65534, "", one_user));
    EXPECT_FALSE(is_unmapped_root(65534, "65534\n", "what is this\n"));
}

TEST(UnmappedRoot, WhereRootIsMappedTheOverflowUidIsSomebodyElse) {
    EXPECT_FALSE(is_unmapped_root(65534, "65534\n", "0 0 4294967295\n"));
    EXPECT_FALSE(is_unmapped_root(65534, "65534\n", "0 1000 1\n5 0 1\n"));
}

TEST(UnmappedRoot, ANumberThatSomebodyHasHereTellsNothing) {
    EXPECT_FALSE(is_unmapped_root(65534, "65534\n", "0 1000 1\n1 100000 65536\n"));
}

} // namespace
} // namespace hetmem::kernel
