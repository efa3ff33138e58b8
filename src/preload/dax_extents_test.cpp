#include "preload/dax_extents.hpp"

#include "preload/plain_memory.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>

#include <gtest/gtest.h>

namespace hetmem::preload {
namespace {

constexpr std::size_t unit = 2 * mebibyte;

bool is_all(const char* start, std::size_t length, char value) {
    return std::all_of(start, start + length, [value](char one) { return one == value; });
}

/// A file stands for the device: locks and shared mappings work alike.
class DaxExtents : public testing::Test {
protected:
    void SetUp() override {
        const int made = ::mkstemp(path_.data());
        ASSERT_GE(made, 0);
        const std::string old(unit, 'o');
        for (int i = 0; i < 8; ++i) {
            ASSERT_EQ(::write(made, old.data(), old.size()), static_cast<ssize_t>(old.size()));
        }
        ::close(made);
        device_.device = path_.c_str();
        device_.device_align = unit;
        device_.device_size = 8 * unit;
        space_ = static_cast<char*>(reserve_space(space_bytes, unit));
        ASSERT_NE(space_, nullptr);
    }
    void TearDown() override {
        release_space(space_, space_bytes);
        ::unlink(path_.c_str());
    }

    static constexpr std::size_t space_bytes = 32 * unit;
    std::string path_ = testing::TempDir() + "hetmem-device-XXXXXX";
    leg device_;
    char* space_ = nullptr;
    dax_extents extents_;
};

TEST_F(DaxExtents, AreZeroedAndDoNotOverlap) {
    ASSERT_EQ(extents_.map(device_, unit, space_, 3 * unit), 3 * unit);
    EXPECT_TRUE(is_all(space_, 3 * unit, 0));
    std::memset(space_, 'a', 3 * unit);
    ASSERT_EQ(extents_.map(device_, unit, space_ + 3 * unit, 9 * unit), 5 * unit);
    EXPECT_TRUE(is_all(space_ + 3 * unit, 5 * unit, 0));
    std::memset(space_ + 3 * unit, 'b', 5 * unit);
    EXPECT_TRUE(is_all(space_, 3 * unit, 'a'));
    EXPECT_EQ(extents_.map(device_, unit, space_ + 8 * unit, unit), 0U);
}

TEST_F(DaxExtents, WhatIsGivenBackIsFreeAgain) {
    for (std::size_t i = 0; i < 8; ++i) {
        ASSERT_EQ(extents_.map(device_, unit, space_ + i * unit, unit), unit);
    }
    dax_extent* const one = extents_.find(space_ + 3 * unit + 5);
    ASSERT_NE(one, nullptr);
    EXPECT_EQ(one->length, unit);
    std::memset(space_ + 3 * unit, 'x', unit);
    extents_.unmap(one);
    EXPECT_EQ(extents_.find(space_ + 3 * unit), nullptr);
    EXPECT_EQ(extents_.all().size(), 7U);
    // A hole of one unit is what there is.
    ASSERT_EQ(extents_.map(device_, unit, space_ + 20 * unit, 2 * unit), unit);
    EXPECT_TRUE(is_all(space_ + 20 * unit, unit, 0));
}

TEST_F(DaxExtents, OthersAreNotDisturbed) {
    dax_extents other; // as another program: locks belong to descriptions
    ASSERT_EQ(other.map(device_, unit, space_ + 16 * unit, 2 * unit), 2 * unit);
    std::memset(space_ + 16 * unit, 'y', 2 * unit);
    EXPECT_EQ(extents_.map(device_, unit, space_, 8 * unit), 6 * unit);
    EXPECT_TRUE(is_all(space_ + 16 * unit, 2 * unit, 'y'));
}

TEST_F(DaxExtents, AChildHasCopiesAndTheParentKeepsItsExtents) {
    ASSERT_EQ(extents_.map(device_, unit, space_, 2 * unit), 2 * unit);
    std::memset(space_, 'p', 2 * unit);
    extents_.before_fork();
    const pid_t child = ::fork();
    if (child == 0) {
        extents_.in_child();
        const bool is_copied = is_all(space_, 2 * unit, 'p') && extents_.all().empty();
        std::memset(space_, 'c', 2 * unit);
        ::_exit(is_copied ? 0 : 1);
    }
    extents_.in_parent();
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    EXPECT_TRUE(is_all(space_, 2 * unit, 'p'));
    dax_extents other;
    EXPECT_EQ(other.map(device_, unit, space_ + 16 * unit, 8 * unit), 6 * unit);
}

TEST_F(DaxExtents, NothingFromADeviceThatIsNotThere) {
    device_.device = "/nonexistent/dax0.0";
    EXPECT_EQ(extents_.map(device_, unit, space_, unit), 0U);
}

} // namespace
} // namespace hetmem::preload
