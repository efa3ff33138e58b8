#include "memory/address_range.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>

namespace hetmem::detail {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

byte_range at(std::uintptr_t start, std::size_t length) {
    return {std::bit_cast<std::byte*>(start), length};
}

TEST(AddressRange, RangesThatTouchAreOne) {
    EXPECT_THAT(joined({at(300, 10), at(100, 50), at(150, 50), at(500, 0)}),
                ElementsAre(at(100, 100), at(300, 10)));
}

TEST(AddressRange, WhatWasTakenLeavesHoles) {
    const byte_ranges from{at(0x1000, 0x1000), at(0x4000, 0x1000)};
    EXPECT_THAT(without(from, byte_ranges{at(0x1400, 0x100), at(0x1800, 0x2a00)}),
                ElementsAre(at(0x1000, 0x400), at(0x1500, 0x300), at(0x4200, 0xe00)));
    EXPECT_THAT(without(from, from), IsEmpty());
    EXPECT_THAT(without(from, {}), ElementsAre(from[0], from[1]));
}

TEST(AddressRange, UnitsAreCountedFromTheBase) {
    const byte_ranges some{at(0x1800, 0x100), at(0x3900, 0x100)};
    EXPECT_THAT(widened(some, 0x1000, at(0x1800, 0).start),
                ElementsAre(at(0x1800, 0x1000), at(0x3800, 0x1000)));
}

TEST(AddressRange, OnlyWholeUnitsAreLeftWhenNarrowed) {
    EXPECT_THAT(narrowed(byte_ranges{at(0x1800, 0x2900), at(0x5001, 0x1000)}, 0x1000),
                ElementsAre(at(0x2000, 0x2000)));
}

TEST(AddressRange, TheFirstBytesOfAList) {
    const byte_ranges some{at(0x1000, 0x1000), at(0x4000, 0x1000)};
    EXPECT_THAT(first_bytes(some, 0x1800), ElementsAre(at(0x1000, 0x1000), at(0x4000, 0x800)));
    EXPECT_EQ(total(first_bytes(some, 0x9000)), 0x2000U);
}

} // namespace
} // namespace hetmem::detail
