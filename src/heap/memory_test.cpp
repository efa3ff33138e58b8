// How a heap takes memory and gives it back, and what it does when there is none.
#include "heap/heap.hpp"

#include "heap/test_memory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include <sys/resource.h>

namespace hetmem::heap {
namespace {

constexpr std::size_t kib = 1024;
constexpr std::size_t mib = 1024 * kib;

/// Until the heap has no more; the last of it is written to.
std::vector<void*> exhaust(heap& of, std::size_t bytes) {
    std::vector<void*> objects;
    while (void* const each = of.allocate(bytes, 16)) {
        fill(each, bytes);
        objects.push_back(each);
    }
    return objects;
}

void free_all(const std::vector<void*>& objects) {
    for (void* const each : objects) {
        ASSERT_TRUE(heap::free(each));
    }
}

TEST(HeapMemory, IsGivenBackByTrim) {
    test_memory memory(2 * mib);
    heap of(memory, nullptr);
    std::mt19937 random(3);
    std::vector<void*> objects;
    std::size_t bytes = 0;
    while (bytes < 500 * mib) {
        const std::size_t size = random() % 50 == 0   ? random() % mib
                                 : random() % 10 == 0 ? random() % (60 * kib)
                                                      : 16 + random() % 2000;
        objects.push_back(of.allocate(size, 16));
        ASSERT_NE(objects.back(), nullptr);
        bytes += heap::usable_size(objects.back());
    }
    std::shuffle(objects.begin(), objects.end(), random);
    const std::size_t before = memory.committed();
    ASSERT_GE(before, 500 * mib);
    free_all(objects);
    of.trim();
    EXPECT_EQ(memory.committed(), 0U);
    EXPECT_EQ(memory.reserved(), 0U);
    EXPECT_EQ(of.counts().held, 0U);
}

TEST(HeapMemory, OfAnObjectThatHasAReservationToItselfGoesWithIt) {
    test_memory memory(2 * mib);
    heap of(memory, nullptr);
    void* const small = of.allocate(100, 16);
    const std::size_t before = memory.reserved();
    for (const std::size_t bytes : {1025 * mib, 3000 * mib}) {
        void* const large = of.allocate(bytes, 16);
        ASSERT_NE(large, nullptr);
        EXPECT_GE(heap::usable_size(large), bytes);
        EXPECT_GE(of.counts().held, bytes);
        EXPECT_TRUE(heap::free(large));
        EXPECT_EQ(memory.reserved(), before);
        EXPECT_EQ(of.counts().held, memory.committed());
    }
    EXPECT_TRUE(heap::free(small));
}

TEST(HeapMemory, ThatIsFarTooMuchTakesNoRecords) {
    test_memory memory(2 * mib);
    memory.limit(100 * mib);
    heap of(memory, nullptr);
    void* const small = of.allocate(100, 16);
    rusage before{};
    rusage after{};
    ASSERT_EQ(::getrusage(RUSAGE_SELF, &before), 0);
    EXPECT_EQ(of.allocate(std::size_t{1} << 46, 16), nullptr);
    ASSERT_EQ(::getrusage(RUSAGE_SELF, &after), 0);
    EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 64L * 1024); // KiB
    EXPECT_TRUE(heap::free(small));
}

TEST(HeapMemory, IsGivenBackWhileSomeIsInUse) {
    test_memory memory(64 * kib);
    heap of(memory, nullptr);
    std::vector<void*> first;
    std::vector<void*> second;
    for (int i = 0; i < 50'000; ++i) {
        first.push_back(of.allocate(1000, 16));
    }
    for (int i = 0; i < 5000; ++i) {
        second.push_back(of.allocate(1000, 16));
        fill(second.back(), 1000);
    }
    const std::size_t before = memory.committed();
    free_all(first);
    const std::size_t told = of.trim();
    EXPECT_EQ(told, of.counts().held_peak - of.counts().held);
    EXPECT_LE(memory.committed(), before / 9);
    for (void* const each : second) {
        ASSERT_TRUE(is_filled(each, 1000));
    }
    free_all(second);
}

TEST(HeapMemory, OfOtherThreadsThatDoNothingIsGivenBack) {
    test_memory memory(64 * kib);
    heap of(memory, nullptr);
    std::vector<void*> objects;
    std::atomic<int> step = 0;
    std::thread idle([&] {
        for (std::size_t i = 0; i < 20'000; ++i) {
            objects.push_back(of.allocate(16 + i % 1000, 16));
        }
        // And some that it frees itself: pages that it keeps.
        std::vector<void*> own;
        for (int i = 0; i < 100; ++i) {
            own.push_back(of.allocate(5000, 16));
        }
        free_all(own);
        step = 1;
        step.notify_all();
        step.wait(1);
        // What is left to it works.
        for (std::size_t i = 0; i < 2000; ++i) {
            void* const each = of.allocate(16 + i % 1000, 16);
            fill(each, 16);
            heap::free(each);
        }
    });
    step.wait(0);
    const std::size_t before = memory.committed();
    free_all(objects);
    of.trim();
    // Of each size the page that it allocates from stays.
    EXPECT_LE(memory.committed(), 64 * 64 * kib);
    EXPECT_GE(before, 150 * 64 * kib);
    step = 2;
    step.notify_all();
    idle.join();
    of.trim();
    EXPECT_EQ(memory.committed(), 0U);
}

TEST(HeapMemory, OfLargeObjectsIsGivenBackWithoutBeingAsked) {
    test_memory memory(2 * mib);
    heap of(memory, nullptr);
    std::vector<void*> objects;
    for (int i = 0; i < 20; ++i) {
        objects.push_back(of.allocate(20 * mib, 16));
    }
    free_all(objects);
    EXPECT_LE(memory.committed(), 64 * mib);
}

TEST(HeapMemory, OfALargeObjectIsUsedAgain) {
    test_memory memory(2 * mib);
    heap of(memory, nullptr);
    heap::free(of.allocate(10 * mib, 16));
    const long commits = memory.commits();
    for (int i = 0; i < 100; ++i) {
        heap::free(of.allocate(10 * mib, 16));
    }
    EXPECT_EQ(memory.commits(), commits);
}

TEST(HeapMemory, ThatIsShortFailsAndNothingIsLost) {
    for (const std::size_t granule : {64 * kib, 2 * mib}) {
        test_memory memory(granule);
        memory.limit(16 * mib);
        heap of(memory, nullptr);
        for (const std::size_t bytes :
             {std::size_t{64}, 1000 * std::size_t{1}, 40 * kib, 300 * kib, 5 * mib}) {
            const std::vector<void*> objects = exhaust(of, bytes);
            EXPECT_GE(objects.size() * bytes, 10 * mib) << bytes;
            for (void* const each : objects) {
                ASSERT_TRUE(is_filled(each, bytes));
            }
            free_all(objects);
            EXPECT_EQ(of.counts().live, 0U);
        }
        of.trim();
        EXPECT_EQ(memory.committed(), 0U);
    }
}

TEST(HeapMemory, LeavesRoomForAnotherKindOfObject) {
    // What small objects held and freed must not keep a large one out, without anybody trimming.
    test_memory memory(64 * kib);
    memory.limit(32 * mib);
    heap of(memory, nullptr);
    free_all(exhaust(of, 200));
    void* const large = of.allocate(24 * mib, 16);
    EXPECT_NE(large, nullptr);
    heap::free(large);
    free_all(exhaust(of, 100 * kib));
    const std::vector<void*> small = exhaust(of, 48);
    EXPECT_GE(small.size() * 48, 20 * mib);
    free_all(small);
}

TEST(HeapMemory, FailsOnceAtAnyCommitAndGoesOn) {
    for (long fails = 0; fails < 12; ++fails) {
        test_memory memory(64 * kib);
        {
            heap of(memory, nullptr);
            memory.fail_after(fails);
            std::vector<void*> objects;
            int failed = 0;
            for (int i = 0; i < 300; ++i) {
                const std::size_t bytes = i % 3 == 0 ? 40 * kib : i % 3 == 1 ? 2000 : 500 * kib;
                void* const each = of.allocate(bytes, 16);
                failed += each == nullptr ? 1 : 0;
                if (each != nullptr) {
                    fill(each, bytes);
                    objects.push_back(each);
                }
            }
            EXPECT_LE(failed, 1) << fails;
            EXPECT_EQ(of.counts().live, objects.size());
            free_all(objects);
            of.trim();
            EXPECT_EQ(memory.committed(), 0U);
            EXPECT_EQ(memory.reserved(), 0U);
        }
    }
}

TEST(HeapMemory, FailingToGrowKeepsTheObject) {
    test_memory memory(64 * kib);
    memory.limit(4 * mib);
    heap of(memory, nullptr);
    void* const object = of.allocate(3 * mib, 16);
    fill(object, 3 * mib);
    EXPECT_EQ(of.reallocate(object, 8 * mib, 16), nullptr);
    EXPECT_TRUE(is_filled(object, 3 * mib));
    EXPECT_EQ(memory.committed(), 3 * mib);
    EXPECT_EQ(of.reallocate(object, 2 * mib, 16), object);
    heap::free(object);
}

TEST(HeapMemory, SmallHeapsAreSmall) {
    test_memory memory(64 * kib);
    heap of(memory, nullptr);
    void* const object = of.allocate(100, 16);
    EXPECT_EQ(memory.committed(), 64 * kib);
    heap::free(object);
}

TEST(HeapMemory, AThousandHeapsLeaveNothing) {
    test_memory memory(64 * kib);
    const auto use = [](heap& of) {
        std::vector<void*> objects;
        for (std::size_t bytes = 1; bytes < 300 * kib; bytes = bytes * 2 + 1) {
            objects.push_back(of.allocate(bytes, 16));
        }
        free_all({objects.begin(), objects.begin() + 5});
    };
    for (int i = 0; i < 1000; ++i) {
        heap of(memory, nullptr);
        use(of);
    }
    EXPECT_EQ(memory.committed(), 0U);
    EXPECT_EQ(memory.reserved(), 0U);
    // And at the same time.
    std::vector<std::unique_ptr<heap>> all;
    for (int i = 0; i < 1000; ++i) {
        all.push_back(std::make_unique<heap>(memory, nullptr));
        void* const object = all.back()->allocate(100, 16);
        ASSERT_NE(object, nullptr);
        fill(object, 100);
    }
    EXPECT_EQ(memory.committed(), 1000 * 64 * kib);
    all.clear();
    EXPECT_EQ(memory.committed(), 0U);
}

TEST(HeapMemory, ObjectsOfANewHeapAreNotTakenForThoseOfAnOldOne) {
    test_memory memory(64 * kib);
    int owners[2] = {};
    for (int i = 0; i < 100; ++i) {
        heap of(memory, &owners[i % 2]);
        void* const object = of.allocate(64, 16);
        ASSERT_EQ(heap::owner_of(object), &owners[i % 2]);
        ASSERT_EQ(of.counts().live, 1U);
    }
}

} // namespace
} // namespace hetmem::heap
