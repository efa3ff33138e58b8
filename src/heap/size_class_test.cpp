#include "heap/size_class.hpp"

#include <gtest/gtest.h>

namespace hetmem::heap {
namespace {

TEST(SizeClass, IsTheSmallestThatHolds) {
    for (std::size_t bytes = 1; bytes <= largest_small_bytes; ++bytes) {
        const unsigned found = class_of(bytes);
        ASSERT_GE(classes[found].bytes, bytes);
        ASSERT_TRUE(found == 0 || classes[found - 1].bytes < bytes) << bytes;
    }
}

TEST(SizeClass, FindsWhatIsNoBlock) {
    for (const class_facts& each : classes) {
        for (std::uint64_t offset = 0; offset < each.slices * slice_bytes; ++offset) {
            ASSERT_EQ(offset * each.inverse < each.inverse, offset % each.bytes == 0)
                << offset << " of " << each.bytes;
            if (offset % each.bytes > 2 && offset % each.bytes + 20 < each.bytes) {
                offset += 16; // the middle of a block is as its other parts
            }
        }
    }
}

TEST(SizeClass, KeepsAlignment) {
    for (std::size_t alignment = 1; alignment <= slice_bytes; alignment *= 2) {
        for (std::size_t bytes = 1; bytes <= largest_small_bytes; bytes += 1 + bytes / 40) {
            const unsigned found = aligned_class_of(bytes, alignment);
            ASSERT_LT(found, class_count);
            ASSERT_GE(classes[found].bytes, bytes);
            ASSERT_EQ(classes[found].bytes % alignment, 0U);
        }
    }
}

} // namespace
} // namespace hetmem::heap
