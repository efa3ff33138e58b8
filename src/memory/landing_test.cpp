#include "memory/landing.hpp"

#include "kernel/policy.hpp"
#include "memory/address_space.hpp"

#include <hetmem/rank.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>

#include <sys/mman.h>

namespace hetmem::detail {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::size_t mib = std::size_t{1} << 20;

/// Populated pages, of which the test may claim that they belong elsewhere.
class Landing : public testing::TestWithParam<std::size_t> {
protected:
    Landing() : space(reserve_space(GetParam(), huge_page)) {
        ::mprotect(space.start, space.length, PROT_READ | PROT_WRITE);
        populated = kernel::populate(space.start, space.length) == 0;
    }
    ~Landing() override { release_space(space); }

    const unsigned here = allowed_nodes().first().value_or(0);
    /// No machine of the tests has it: nothing can be moved there either.
    static constexpr unsigned nowhere = 1000;
    byte_range space;
    bool populated = false;
};

TEST_P(Landing, PagesThatAreThereAreNoStrays) {
    ASSERT_TRUE(populated);
    if (allowed_nodes().size() != 1) {
        GTEST_SKIP() << "with several nodes it is the kernel's choice where these pages are";
    }
    const placed_range placed{space, here};
    EXPECT_THAT(still_strayed(std::span(&placed, 1), huge_page, false), IsEmpty());
    EXPECT_TRUE(ends_landed(space, here));
}

TEST_P(Landing, BlocksWithStraysAreToldWhole) {
    ASSERT_TRUE(populated);
    EXPECT_FALSE(ends_landed(space, nowhere));
    const placed_range all{space, nowhere};
    EXPECT_THAT(still_strayed(std::span(&all, 1), huge_page, false), ElementsAre(space));
    // Never more than the range that was asked for.
    const byte_range middle{space.start + base_page, 2 * base_page};
    const placed_range some{middle, nowhere};
    EXPECT_THAT(still_strayed(std::span(&some, 1), huge_page, false), ElementsAre(middle));
}

// Asked page by page, and by numa_maps first.
INSTANTIATE_TEST_SUITE_P(Sizes, Landing, testing::Values(4 * mib, few_bytes + 2 * mib));

TEST(AddressSpace, IsAlignedAndApartFromItsNeighbours) {
    const byte_range a = reserve_space(mib, 64 * mib);
    const byte_range b = reserve_space(mib, 0);
    ASSERT_NE(a.start, nullptr);
    EXPECT_EQ(std::bit_cast<std::uintptr_t>(a.start) % (64 * mib), 0U);
    EXPECT_NE(a.end(), b.start);
    EXPECT_NE(b.end(), a.start);
    release_space(a);
    release_space(b);
    EXPECT_EQ(reserve_space(~std::size_t{0} / 2, 0).start, nullptr);
}

} // namespace
} // namespace hetmem::detail
