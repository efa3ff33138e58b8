// Many threads on one heap, threads that end, heaps that end before their threads.
#include "heap/heap.hpp"

#include "heap/test_memory.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <barrier>
#include <cstdlib>
#include <memory>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include <pthread.h>

namespace hetmem::heap {
namespace {

constexpr std::size_t kib = 1024;
constexpr std::size_t mib = 1024 * kib;

template <class Work> void in_threads(unsigned count, Work&& work) {
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < count; ++i) {
        threads.emplace_back([&work, i] { work(i); });
    }
    for (std::thread& each : threads) {
        each.join();
    }
}

struct object {
    void* start;
    std::size_t bytes;
};

TEST(HeapThreads, TwoHundredFiftySixUseOneHeap) {
    test_memory memory(2 * mib);
    heap of(memory, nullptr);
    std::barrier together(256);
    std::atomic<int> wrong = 0;
    in_threads(256, [&](unsigned number) {
        std::mt19937 random(number);
        std::vector<object> mine;
        together.arrive_and_wait();
        for (int i = 0; i < 150; ++i) {
            const std::size_t bytes = random() % 20 == 0 ? random() % (200 * kib) : random() % 2000;
            void* const start = of.allocate(bytes, 16);
            if (start == nullptr) {
                ++wrong;
                continue;
            }
            fill(start, bytes);
            mine.push_back({start, bytes});
            if (i % 3 == 0) {
                std::swap(mine[random() % mine.size()], mine.back());
                wrong += is_filled(mine.back().start, mine.back().bytes) ? 0 : 1;
                wrong += heap::free(mine.back().start) ? 0 : 1;
                mine.pop_back();
            }
        }
        for (const object& each : mine) {
            wrong += is_filled(each.start, each.bytes) ? 0 : 1;
            wrong += heap::free(each.start) ? 0 : 1;
        }
    });
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(of.counts().live, 0U);
    EXPECT_EQ(of.counts().allocations, 256U * 150);
    of.trim();
    EXPECT_EQ(memory.committed(), 0U);
}

TEST(HeapThreads, FreeWhatOthersAllocated) {
    test_memory memory(64 * kib);
    heap of(memory, nullptr);
    constexpr unsigned threads = 4;
    constexpr std::size_t each_round = 2000;
    std::vector<std::vector<object>> made(threads);
    std::barrier together(threads);
    std::atomic<int> wrong = 0;
    in_threads(threads, [&](unsigned number) {
        std::mt19937 random(number);
        for (int round = 0; round < 6; ++round) {
            for (std::size_t i = 0; i < each_round; ++i) {
                const std::size_t bytes = 16 + random() % 700;
                void* const start = of.allocate(bytes, 16);
                fill(start, bytes);
                made[number].push_back({start, bytes});
            }
            together.arrive_and_wait();
            // A neighbour's, while that one frees another's and allocates again.
            std::vector<object>& theirs = made[(number + 1) % threads];
            for (const object& each : theirs) {
                wrong += is_filled(each.start, each.bytes) ? 0 : 1;
                wrong += heap::free(each.start) ? 0 : 1;
            }
            theirs.clear();
            together.arrive_and_wait();
        }
    });
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(of.counts().live, 0U);
    EXPECT_EQ(of.counts().allocations, threads * each_round * 6);
    // What came back from other threads was used again, round by round.
    EXPECT_LE(of.counts().held_peak, 3 * threads * each_round * 720);
    of.trim();
    EXPECT_EQ(memory.committed(), 0U);
}

TEST(HeapThreads, ThatEndLeaveTheirMemoryToOthers) {
    test_memory memory(64 * kib);
    heap of(memory, nullptr);
    std::size_t after_first = 0;
    for (int i = 0; i < 100; ++i) {
        std::thread([&] {
            std::vector<void*> objects;
            for (int n = 0; n < 2000; ++n) {
                objects.push_back(of.allocate(16 + static_cast<std::size_t>(n) % 1000, 16));
            }
            for (void* const each : objects) {
                heap::free(each);
            }
        }).join();
        after_first = i == 0 ? memory.committed() : after_first;
    }
    EXPECT_LE(memory.committed(), after_first * 5 / 4);
}

TEST(HeapThreads, ThatEndLeaveTheirObjects) {
    test_memory memory(64 * kib);
    heap of(memory, nullptr);
    std::vector<object> objects;
    in_threads(1, [&](unsigned) {
        for (std::size_t n = 0; n < 20'000; ++n) {
            const std::size_t bytes = 16 + n % 1000;
            objects.push_back({of.allocate(bytes, 16), bytes});
            fill(objects.back().start, bytes);
        }
    });
    EXPECT_EQ(of.counts().live, objects.size());
    for (const object& each : objects) {
        ASSERT_TRUE(is_filled(each.start, each.bytes));
        ASSERT_TRUE(heap::free(each.start));
    }
    EXPECT_EQ(of.counts().live, 0U);
    of.trim();
    EXPECT_EQ(memory.committed(), 0U);
}

TEST(HeapThreads, UseTheHolesInPagesOfThreadsThatEnded) {
    test_memory memory(64 * kib);
    heap of(memory, nullptr);
    std::vector<void*> objects;
    in_threads(1, [&](unsigned) {
        for (int n = 0; n < 20'000; ++n) {
            objects.push_back(of.allocate(100, 16));
        }
    });
    const std::size_t before = memory.committed();
    for (std::size_t i = 0; i < objects.size(); i += 2) {
        heap::free(objects[i]);
    }
    for (std::size_t i = 0; i < objects.size(); i += 2) {
        objects[i] = of.allocate(100, 16);
    }
    EXPECT_LE(memory.committed(), before + before / 8);
    for (void* const each : objects) {
        heap::free(each);
    }
}

TEST(HeapThreads, OutliveTheirHeaps) {
    test_memory memory(64 * kib);
    std::optional<heap> current;
    std::barrier step(3);
    std::atomic<int> wrong = 0;
    const auto use = [&](unsigned) {
        for (int round = 0; round < 50; ++round) {
            step.arrive_and_wait();
            for (int i = 0; i < 50; ++i) {
                void* const start = current->allocate(200, 16);
                fill(start, 200);
                wrong += is_filled(start, 200) ? 0 : 1;
                if (i % 2 == 0) {
                    heap::free(start);
                }
            }
            step.arrive_and_wait();
        }
    };
    std::thread first(use, 0);
    std::thread second(use, 1);
    for (int round = 0; round < 50; ++round) {
        current.emplace(memory, nullptr);
        step.arrive_and_wait();
        step.arrive_and_wait();
        EXPECT_EQ(current->counts().live, 50U);
        EXPECT_EQ(current->counts().allocations, 100U);
        current.reset();
        EXPECT_EQ(memory.committed(), 0U);
    }
    first.join();
    second.join();
    EXPECT_EQ(wrong, 0);
}

TEST(HeapThreads, MayAllocateWhileTheyEnd) {
    test_memory memory(64 * kib);
    static heap* used = nullptr;
    heap of(memory, nullptr);
    used = &of;
    pthread_key_t key = 0;
    // Runs before and after the heap's own: a destructor that sets its key again is called again.
    static pthread_key_t again = 0;
    ASSERT_EQ(pthread_key_create(&key,
                                 [](void* object) {
                                     static thread_local int calls = 0;
                                     heap::free(object);
                                     void* const fresh = used->allocate(300, 16);
                                     fill(fresh, 300);
                                     if (++calls < 2) {
                                         pthread_setspecific(again, fresh);
                                     } else {
                                         heap::free(fresh);
                                     }
                                 }),
              0);
    again = key;
    for (int i = 0; i < 20; ++i) {
        std::thread([&] { pthread_setspecific(key, of.allocate(100, 16)); }).join();
    }
    pthread_key_delete(key);
    EXPECT_EQ(of.counts().live, 0U);
    of.trim();
    EXPECT_EQ(memory.committed(), 0U);
}

TEST(HeapThreads, MayTrimWhileOthersAllocateAndFree) {
    test_memory memory(64 * kib);
    heap of(memory, nullptr);
    std::atomic<int> running = 3;
    std::array<std::atomic<void*>, 300> handed_over = {};
    std::atomic<int> wrong = 0;
    std::thread trimming([&] {
        while (running > 0) {
            of.trim();
            const heap_counts now = of.counts();
            wrong += now.held <= now.held_peak ? 0 : 1;
        }
    });
    in_threads(3, [&](unsigned number) {
        std::mt19937 random(number);
        std::vector<object> mine;
        for (int i = 0; i < 5000; ++i) {
            const std::size_t bytes = random() % 30 == 0 ? random() % (400 * kib) : random() % 3000;
            void* const start = of.allocate(bytes, 16);
            if (start == nullptr) {
                ++wrong;
                continue;
            }
            fill(start, bytes);
            if (random() % 2 == 0) {
                // For another thread, or this one, to free.
                wrong += heap::free(handed_over[random() % 300].exchange(start)) ? 0 : 1;
                continue;
            }
            mine.push_back({start, bytes});
            if (mine.size() > 100) {
                for (const object& each : mine) {
                    wrong += is_filled(each.start, each.bytes) ? 0 : 1;
                    heap::free(each.start);
                }
                mine.clear();
            }
        }
        for (const object& each : mine) {
            heap::free(each.start);
        }
        --running;
    });
    trimming.join();
    EXPECT_EQ(wrong, 0);
    for (const std::atomic<void*>& each : handed_over) {
        EXPECT_TRUE(heap::free(each));
    }
    EXPECT_EQ(of.counts().live, 0U);
    of.trim();
    EXPECT_EQ(memory.committed(), 0U);
}

TEST(HeapThreads, WaitForMemoryThatIsOnItsWayInsteadOfTakingMore) {
    test_memory memory(32 * mib);
    heap of(memory, nullptr);
    std::barrier together(32);
    in_threads(32, [&](unsigned) {
        together.arrive_and_wait();
        heap::free(of.allocate(100, 16));
    });
    EXPECT_EQ(memory.commits(), 1);
}

TEST(HeapThreads, AllFailWhenThereIsNoMoreAndNothingIsLost) {
    test_memory memory(64 * kib);
    memory.limit(8 * mib);
    heap of(memory, nullptr);
    std::atomic<std::size_t> bytes = 0;
    in_threads(4, [&](unsigned) {
        std::vector<void*> mine;
        while (void* const each = of.allocate(1000, 16)) {
            mine.push_back(each);
        }
        bytes += mine.size() * 1000;
        for (void* const each : mine) {
            heap::free(each);
        }
    });
    EXPECT_GE(bytes, 6 * mib);
    EXPECT_EQ(of.counts().live, 0U);
    of.trim();
    EXPECT_EQ(memory.committed(), 0U);
}

TEST(HeapThreads, UseManyHeapsInTurns) {
    test_memory memory(64 * kib);
    std::vector<std::unique_ptr<heap>> heaps;
    for (int i = 0; i < 50; ++i) {
        heaps.push_back(std::make_unique<heap>(memory, nullptr));
    }
    in_threads(4, [&](unsigned number) {
        std::mt19937 random(number);
        std::vector<void*> mine;
        for (int i = 0; i < 5000; ++i) {
            mine.push_back(heaps[random() % heaps.size()]->allocate(random() % 500, 16));
            if (i % 2 == 0) {
                std::swap(mine[random() % mine.size()], mine.back());
                heap::free(mine.back());
                mine.pop_back();
            }
        }
        for (void* const each : mine) {
            heap::free(each);
        }
    });
    std::uint64_t allocations = 0;
    for (const auto& each : heaps) {
        EXPECT_EQ(each->counts().live, 0U);
        allocations += each->counts().allocations;
    }
    EXPECT_EQ(allocations, 20'000U);
}

} // namespace
} // namespace hetmem::heap
