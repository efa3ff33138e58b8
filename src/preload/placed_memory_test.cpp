#include "preload/placed_memory.hpp"

#include "preload/plain_memory.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace hetmem::preload {
namespace {

constexpr std::size_t unit = 2 * mebibyte;

bool is_all(const char* start, std::size_t length, char value) {
    return std::all_of(start, start + length, [value](char one) { return one == value; });
}

/// The line of numa_maps of the mapping that has an address.
std::string line_of(const void* address) {
    std::ifstream maps("/proc/self/numa_maps");
    std::string found;
    for (std::string line;
         std::getline(maps, line) &&
         std::stoull(line, nullptr, 16) <= reinterpret_cast<std::uintptr_t>(address);) {
        found = line;
    }
    return found;
}

/// A placement and its memory, with a reservation.
struct placed_space {
    explicit placed_space(const std::string& text, std::size_t length = 32 * unit) {
        EXPECT_TRUE(where.parse(text)) << where.error();
        memory = std::make_unique<placed_memory>(where);
        size = length;
        start = static_cast<char*>(memory->reserve(size, memory->granule()));
        EXPECT_NE(start, nullptr);
    }
    ~placed_space() { memory->release(start, size); }
    placed_space(const placed_space&) = delete;
    placed_space& operator=(const placed_space&) = delete;

    bool commit(std::size_t at, std::size_t length) {
        zeroed = false;
        return memory->commit(start + at * unit, length * unit, zeroed);
    }
    void decommit(std::size_t at, std::size_t length) {
        memory->decommit(start + at * unit, length * unit);
    }

    placement where;
    std::unique_ptr<placed_memory> memory;
    char* start = nullptr;
    std::size_t size = 0;
    bool zeroed = false;
};

class PlacedMemory : public testing::TestWithParam<const char*> {};

TEST_P(PlacedMemory, IsZeroUsableAndOfThePolicy) {
    placed_space space(GetParam());
    EXPECT_EQ(space.memory->granule(), unit);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(space.start) % unit, 0U);
    ASSERT_TRUE(space.commit(3, 5));
    EXPECT_TRUE(space.zeroed);
    EXPECT_TRUE(is_all(space.start + 3 * unit, 5 * unit, 0));
    std::memset(space.start + 3 * unit, 'x', 5 * unit);
    EXPECT_NE(line_of(space.start + 4 * unit).find(" prefer:0 "), std::string::npos);
    space.decommit(4, 2);
    EXPECT_TRUE(is_all(space.start + 3 * unit, unit, 'x'));
    EXPECT_TRUE(is_all(space.start + 6 * unit, 2 * unit, 'x'));
    ASSERT_TRUE(space.commit(4, 2));
    EXPECT_TRUE(is_all(space.start + 4 * unit, 2 * unit, 0));
}

INSTANTIATE_TEST_SUITE_P(Kinds, PlacedMemory,
                         testing::Values("bind:0", "prefer:0", "chain:0", "interleave:0*3"));

TEST(PlacedChain, FailsWithNothingHeldWhenAllAreFull) {
    placed_space space("chain:0;headroom=1152921504606846976"); // 2^60: there is no room
    EXPECT_FALSE(space.commit(0, 2));
    EXPECT_EQ(space.memory->assigned(0), 0U);
}

TEST(PlacedChain, CountsWhatIsAssigned) {
    placed_space space("bind:0");
    ASSERT_TRUE(space.commit(0, 8));
    EXPECT_EQ(space.memory->assigned(0), 8 * unit);
    space.decommit(2, 3);
    EXPECT_EQ(space.memory->assigned(0), 5 * unit);
}

/// A file stands for a device of 8 units.
class PlacedOnDevice : public testing::Test {
protected:
    void SetUp() override {
        const int made = ::mkstemp(path_.data());
        ASSERT_GE(made, 0);
        const std::string old(8 * unit, 'o');
        ASSERT_EQ(::write(made, old.data(), old.size()), static_cast<ssize_t>(old.size()));
        ::close(made);
    }
    void TearDown() override { ::unlink(path_.c_str()); }
    std::string leg() const { return path_ + ";size=" + std::to_string(8 * unit); }

    std::string path_ = testing::TempDir() + "hetmem-device-XXXXXX";
};

TEST_F(PlacedOnDevice, FillsItAndThenTheNextOfTheChain) {
    placed_space space("chain:" + leg() + ",0");
    ASSERT_TRUE(space.commit(0, 6));
    EXPECT_EQ(space.memory->assigned(0), 6 * unit);
    ASSERT_TRUE(space.commit(6, 6)); // two units there, the rest on the node
    EXPECT_TRUE(space.zeroed);
    EXPECT_EQ(space.memory->assigned(0), 8 * unit);
    EXPECT_EQ(space.memory->assigned(1), 4 * unit);
    EXPECT_TRUE(is_all(space.start, 12 * unit, 0));
    EXPECT_NE(line_of(space.start + 7 * unit).find(path_), std::string::npos);
    EXPECT_EQ(line_of(space.start + 8 * unit).find(path_), std::string::npos);
}

TEST_F(PlacedOnDevice, AnExtentIsGivenBackWhenAllOfItIsUnused) {
    placed_space space("bind:" + leg());
    ASSERT_TRUE(space.commit(0, 8));
    std::memset(space.start, 'x', 8 * unit);
    space.decommit(0, 4);
    EXPECT_EQ(space.memory->assigned(0), 8 * unit);
    // What waits is used again where it is, and said to be dirty.
    ASSERT_TRUE(space.commit(1, 1));
    EXPECT_FALSE(space.zeroed);
    space.decommit(1, 1);
    space.decommit(4, 4);
    EXPECT_EQ(space.memory->assigned(0), 0U);
    ASSERT_TRUE(space.commit(10, 8));
    EXPECT_TRUE(space.zeroed);
    EXPECT_TRUE(is_all(space.start + 10 * unit, 8 * unit, 0));
    EXPECT_FALSE(space.commit(0, 1));
}

TEST_F(PlacedOnDevice, NothingIsKeptOfWhatDoesNotFit) {
    placed_space space("bind:" + leg());
    ASSERT_TRUE(space.commit(0, 3));
    EXPECT_FALSE(space.commit(4, 6));
    EXPECT_EQ(space.memory->assigned(0), 3 * unit);
    EXPECT_TRUE(space.commit(4, 5));
}

} // namespace
} // namespace hetmem::preload
