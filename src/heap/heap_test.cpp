// What an allocator owes its callers, over granules of several sizes.
#include "heap/heap.hpp"

#include "heap/test_memory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace hetmem::heap {
namespace {

constexpr std::size_t mib = std::size_t{1} << 20;

struct object {
    void* start;
    std::size_t bytes;
};

class Heap : public ::testing::TestWithParam<std::size_t> {
protected:
    test_memory memory_{GetParam()};
    int owner_ = 0;
};

TEST_P(Heap, GivesObjectsOfAllSizesThatDoNotOverlap) {
    heap of(memory_, &owner_);
    std::vector<object> objects;
    for (std::size_t bytes = 0; bytes <= 4 * mib; bytes += 1 + bytes / 9) {
        for (int twice = 0; twice < 2; ++twice) {
            void* const start = of.allocate(bytes, 16);
            ASSERT_NE(start, nullptr) << bytes;
            EXPECT_EQ(reinterpret_cast<std::uintptr_t>(start) % 16, 0U);
            EXPECT_GE(heap::usable_size(start), bytes);
            EXPECT_GE(heap::usable_size(start), 1U);
            fill(start, heap::usable_size(start));
            objects.push_back({start, heap::usable_size(start)});
        }
    }
    for (const object& each : objects) {
        ASSERT_TRUE(is_filled(each.start, each.bytes)) << each.bytes;
        EXPECT_EQ(heap::owner_of(each.start), &owner_);
        ASSERT_TRUE(heap::free(each.start)) << each.bytes;
    }
    EXPECT_EQ(of.counts().live, 0U);
    EXPECT_EQ(of.counts().in_use, 0U);
    EXPECT_EQ(of.counts().allocations, objects.size());
}

TEST_P(Heap, LosesAtMostAnEighthOfSmallObjects) {
    heap of(memory_, &owner_);
    for (std::size_t bytes = 128; bytes <= 128 * 1024; bytes += 1 + bytes / 50) {
        void* const start = of.allocate(bytes, 16);
        EXPECT_LE(heap::usable_size(start), bytes + (bytes + 7) / 8 + 16) << bytes;
        heap::free(start);
    }
}

TEST_P(Heap, AlignsUpToAGibibyte) {
    heap of(memory_, &owner_);
    std::vector<object> objects;
    for (std::size_t alignment = 1; alignment <= largest_alignment; alignment *= 2) {
        for (const std::size_t bytes : {std::size_t{1}, std::size_t{40}, std::size_t{3000},
                                        alignment < mib ? alignment + 1 : std::size_t{70'000}}) {
            void* const start = of.allocate(bytes, alignment);
            ASSERT_NE(start, nullptr) << bytes << " at " << alignment;
            EXPECT_EQ(reinterpret_cast<std::uintptr_t>(start) % alignment, 0U)
                << bytes << " at " << alignment;
            fill(start, bytes);
            objects.push_back({start, bytes});
        }
    }
    for (const object& each : objects) {
        EXPECT_TRUE(is_filled(each.start, each.bytes));
        EXPECT_TRUE(heap::free(each.start));
    }
}

TEST_P(Heap, RefusesWhatCannotBe) {
    heap of(memory_, &owner_);
    EXPECT_EQ(of.allocate(std::numeric_limits<std::size_t>::max(), 16), nullptr);
    EXPECT_EQ(of.allocate(std::numeric_limits<std::size_t>::max() - 4096, 16), nullptr);
    EXPECT_EQ(of.allocate(std::size_t{1} << 62, 1), nullptr);
    EXPECT_EQ(of.allocate_zeroed(std::numeric_limits<std::size_t>::max(), 16), nullptr);
    EXPECT_EQ(of.allocate(16, largest_alignment * 2), nullptr);
    EXPECT_EQ(of.allocate(16, 24), nullptr);
    EXPECT_EQ(of.allocate(16, 0), nullptr);
    void* const small = of.allocate(100, 16);
    fill(small, 100);
    EXPECT_EQ(of.reallocate(small, std::numeric_limits<std::size_t>::max(), 16), nullptr);
    EXPECT_TRUE(is_filled(small, 100));
    EXPECT_EQ(of.counts().live, 1U);
    EXPECT_TRUE(heap::free(small));
}

TEST_P(Heap, RefusesPointersThatAreNoObjects) {
    heap of(memory_, &owner_);
    int on_the_stack = 0;
    const auto refused = [](void* pointer) {
        EXPECT_EQ(heap::usable_size(pointer), 0U);
        EXPECT_EQ(heap::owner_of(pointer), nullptr);
        EXPECT_FALSE(heap::free(pointer));
    };
    refused(&on_the_stack);
    refused(reinterpret_cast<void*>(std::uintptr_t{16}));
    refused(reinterpret_cast<void*>(~std::uintptr_t{15}));
    for (const std::size_t bytes :
         {std::size_t{48}, std::size_t{5000}, std::size_t{100'000}, 3 * mib}) {
        auto* const start = static_cast<std::byte*>(of.allocate(bytes, 16));
        refused(start + 1);
        refused(start + 16);
        refused(start + bytes / 2);
        EXPECT_TRUE(heap::free(start));
        EXPECT_FALSE(heap::free(start)) << "freed twice: " << bytes;
    }
    EXPECT_TRUE(heap::free(nullptr));
    EXPECT_EQ(heap::usable_size(nullptr), 0U);
    EXPECT_EQ(heap::owner_of(nullptr), nullptr);
}

TEST_P(Heap, ZeroesWhatWasUsedBefore) {
    heap of(memory_, &owner_);
    for (int round = 0; round < 3; ++round) {
        std::vector<void*> objects;
        for (std::size_t bytes = 1; bytes < 3 * mib; bytes = bytes * 3 / 2 + 1) {
            for (int several = 0; several < 3; ++several) {
                auto* const start = static_cast<unsigned char*>(of.allocate_zeroed(bytes, 16));
                ASSERT_NE(start, nullptr);
                ASSERT_TRUE(std::all_of(start, start + bytes, [](auto b) { return b == 0; }))
                    << bytes << " in round " << round;
                std::memset(start, 0xff, bytes);
                objects.push_back(start);
            }
        }
        for (void* const each : objects) {
            heap::free(each);
        }
    }
}

TEST_P(Heap, KeepsContentsWhenItReallocates) {
    heap of(memory_, &owner_);
    std::vector<unsigned char> expected;
    std::mt19937 random(7);
    unsigned char* at = nullptr;
    for (const std::size_t bytes :
         {1UL, 17UL, 16UL, 500UL, 5000UL, 70'000UL, 200'000UL, 2'000'000UL, 5'000'000UL,
          1'500'000UL, 150'000UL, 90'000UL, 900UL, 3UL, 40'000UL}) {
        at = static_cast<unsigned char*>(of.reallocate(at, bytes, 16));
        ASSERT_NE(at, nullptr);
        ASSERT_GE(heap::usable_size(at), bytes);
        const std::size_t kept = std::min(bytes, expected.size());
        ASSERT_TRUE(std::equal(at, at + kept, expected.begin())) << bytes;
        expected.resize(bytes);
        for (std::size_t i = kept; i < bytes; ++i) {
            expected[i] = static_cast<unsigned char>(random());
        }
        std::copy(expected.begin(), expected.end(), at);
        EXPECT_EQ(of.counts().live, 1U);
    }
    heap::free(at);
}

TEST_P(Heap, GrowsLargeObjectsWhereTheyAre) {
    heap of(memory_, &owner_);
    void* const first = of.allocate(mib, 16);
    fill(first, mib);
    void* const grown = of.reallocate(first, mib + mib / 4, 16);
    EXPECT_EQ(grown, first);
    EXPECT_TRUE(is_filled(grown, mib));
    std::memset(grown, 1, heap::usable_size(grown));
    void* const behind = of.allocate(mib / 4, 16);
    fill(behind, mib / 4);
    void* const shrunk = of.reallocate(grown, mib / 2, 16);
    EXPECT_EQ(shrunk, first);
    EXPECT_LT(heap::usable_size(shrunk), mib);
    EXPECT_TRUE(is_filled(behind, mib / 4));
    EXPECT_TRUE(heap::free(shrunk));
    EXPECT_TRUE(heap::free(behind));
}

TEST_P(Heap, AlignsWhatItReallocates) {
    heap of(memory_, &owner_);
    void* at = of.allocate(100, 16);
    for (std::size_t alignment = 32; alignment <= 4 * mib; alignment *= 4) {
        at = of.reallocate(at, 100, alignment);
        ASSERT_NE(at, nullptr);
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(at) % alignment, 0U);
    }
    heap::free(at);
}

TEST_P(Heap, MovesObjectsOfAnotherHeapHere) {
    heap of(memory_, &owner_);
    int other_owner = 0;
    heap other(memory_, &other_owner);
    for (const std::size_t bytes : {std::size_t{100}, 2 * mib}) {
        void* const there = other.allocate(bytes, 16);
        fill(there, bytes);
        const std::byte value = pattern_of(there, bytes);
        void* const here = of.reallocate(there, bytes, 16);
        EXPECT_EQ(heap::owner_of(here), &owner_);
        EXPECT_EQ(static_cast<std::byte*>(here)[bytes - 1], value);
        EXPECT_EQ(other.counts().live, 0U);
        EXPECT_TRUE(heap::free(here));
    }
}

TEST_P(Heap, TakesNothingBeforeItIsAsked) {
    const heap of(memory_, &owner_);
    EXPECT_EQ(memory_.reserved(), 0U);
    EXPECT_EQ(of.counts().held, 0U);
    EXPECT_EQ(of.counts().allocations, 0U);
}

TEST_P(Heap, EndsWithItsObjects) {
    void* object = nullptr;
    {
        heap of(memory_, &owner_);
        object = of.allocate(10, 16);
        of.allocate(50'000, 16);
        of.allocate(5 * mib, 16);
        EXPECT_GT(memory_.committed(), 0U);
    }
    EXPECT_EQ(memory_.committed(), 0U);
    EXPECT_EQ(memory_.reserved(), 0U);
    EXPECT_EQ(heap::usable_size(object), 0U);
    EXPECT_FALSE(heap::free(object));
}

TEST_P(Heap, CountsWhatIsInUse) {
    heap of(memory_, &owner_);
    std::vector<void*> objects;
    std::uint64_t bytes = 0;
    for (const std::size_t size : {8UL, 100UL, 1024UL, 9000UL, 130'000UL, 3'000'000UL}) {
        for (int i = 0; i < 10; ++i) {
            objects.push_back(of.allocate(size, 16));
            bytes += heap::usable_size(objects.back());
        }
    }
    heap_counts now = of.counts();
    EXPECT_EQ(now.live, 60U);
    EXPECT_EQ(now.allocations, 60U);
    EXPECT_EQ(now.in_use, bytes);
    EXPECT_EQ(now.in_use_peak, bytes);
    EXPECT_EQ(now.held, memory_.committed());
    EXPECT_GE(now.held, now.in_use);
    for (void* const each : objects) {
        heap::free(each);
    }
    now = of.counts();
    EXPECT_EQ(now.live, 0U);
    EXPECT_EQ(now.in_use, 0U);
    EXPECT_EQ(now.in_use_peak, bytes);
    EXPECT_GE(now.held_peak, bytes);
    of.trim();
    EXPECT_EQ(of.counts().held, 0U);
    EXPECT_EQ(of.counts().allocations, 60U);
}

// Any operation on any object, beside a list of what must be there.
TEST_P(Heap, DoesWhatAModelDoes) {
    heap of(memory_, &owner_);
    std::mt19937_64 random(20'260'101);
    std::vector<object> live;
    std::size_t bytes_live = 0;
    const auto size = [&] {
        const std::uint64_t which = random() % 100;
        return static_cast<std::size_t>(which < 70   ? random() % 1500
                                        : which < 95 ? random() % 60'000
                                                     : random() % (3 * mib));
    };
    for (int step = 0; step < 30'000; ++step) {
        const std::uint64_t what = random() % 100;
        if (what < 48 && bytes_live < 200 * mib) {
            const std::size_t bytes = size();
            const std::size_t alignment = std::size_t{1} << (random() % 8 == 0 ? random() % 18 : 4);
            void* const start = random() % 4 == 0 ? of.allocate_zeroed(bytes, alignment)
                                                  : of.allocate(bytes, alignment);
            ASSERT_NE(start, nullptr);
            ASSERT_EQ(reinterpret_cast<std::uintptr_t>(start) % alignment, 0U);
            ASSERT_GE(heap::usable_size(start), bytes);
            fill(start, bytes);
            live.push_back({start, bytes});
            bytes_live += bytes;
        } else if (!live.empty()) {
            std::swap(live[random() % live.size()], live.back());
            object& last = live.back();
            ASSERT_TRUE(is_filled(last.start, last.bytes)) << step;
            bytes_live -= last.bytes;
            if (what < 60) {
                const std::size_t bytes = size();
                void* const moved = of.reallocate(last.start, bytes, 16);
                ASSERT_NE(moved, nullptr);
                last = {moved, bytes};
                fill(moved, bytes);
                bytes_live += bytes;
            } else {
                ASSERT_TRUE(heap::free(last.start));
                live.pop_back();
            }
        }
        if (step % 5000 == 4999) {
            of.trim();
            ASSERT_EQ(of.counts().live, live.size());
        }
    }
    for (const object& each : live) {
        ASSERT_TRUE(is_filled(each.start, each.bytes));
        ASSERT_TRUE(heap::free(each.start));
    }
    EXPECT_EQ(of.counts().live, 0U);
    of.trim();
    EXPECT_EQ(memory_.committed(), 0U);
    EXPECT_EQ(memory_.reserved(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Granules, Heap,
                         ::testing::Values(std::size_t{64} << 10, std::size_t{2} << 20,
                                           std::size_t{32} << 20),
                         [](const auto& granule) {
                             return std::to_string(granule.param >> 10) + "KiB";
                         });

} // namespace
} // namespace hetmem::heap
