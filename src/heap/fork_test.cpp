// A process of many threads forks while all of them allocate: the child has one thread and all the
// memory, and must be able to go on.
#include "heap/heap.hpp"

#include "heap/test_memory.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hetmem::heap {
namespace {

constexpr std::size_t kib = 1024;
constexpr std::size_t mib = 1024 * kib;

/// Without a lock, which a thread that does not exist in the child may hold.
class plain_memory final : public backing {
public:
    explicit plain_memory(bool inherited = true) : inherited_(inherited) {}
    std::size_t granule() const noexcept override { return 64 * kib; }
    void* reserve(std::size_t length, std::size_t alignment) noexcept override {
        // Address space of the test's process: what is around the aligned part stays.
        if (lost_) {
            return nullptr;
        }
        void* const start = ::mmap(nullptr, length + alignment, PROT_READ | PROT_WRITE,
                                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (!inherited_ && start != MAP_FAILED) {
            ::madvise(start, length + alignment, MADV_DONTFORK);
        }
        const auto first = reinterpret_cast<std::uintptr_t>(start);
        return start == MAP_FAILED
                   ? nullptr
                   : reinterpret_cast<void*>((first + alignment - 1) & ~(alignment - 1));
    }
    bool commit(void*, std::size_t, bool& zeroed) noexcept override {
        zeroed = true;
        return true;
    }
    void decommit(void* start, std::size_t length) noexcept override {
        ++given_back_;
        ::madvise(start, length, MADV_DONTNEED);
    }
    void release(void* start, std::size_t length) noexcept override {
        ++given_back_;
        ::munmap(start, length);
    }
    bool enter_child() noexcept override {
        lost_ = !inherited_;
        given_back_ = 0;
        return inherited_;
    }
    int given_back() const { return given_back_; }

private:
    bool inherited_;
    bool lost_ = false;
    std::atomic<int> given_back_ = 0;
};

class HeapFork : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        pthread_atfork(heap::prepare_fork, heap::parent_after_fork, heap::child_after_fork);
    }

    /// What a child does, and whether it ended well; it is killed when it hangs.
    template <class Work> static ::testing::AssertionResult in_child(Work&& work) {
        const pid_t child = ::fork();
        if (child == 0) {
            ::alarm(20);
            ::_exit(work() ? 0 : 1);
        }
        int status = 0;
        if (::waitpid(child, &status, 0) != child || status != 0) {
            return ::testing::AssertionFailure() << "the child ended with " << status;
        }
        return ::testing::AssertionSuccess();
    }

    plain_memory memory_;
};

bool uses(heap& of, unsigned seed) {
    std::mt19937 random(seed);
    void* objects[200] = {};
    std::size_t bytes[200] = {};
    for (int i = 0; i < 600; ++i) {
        const std::size_t at = random() % 200;
        if (objects[at] != nullptr &&
            (!is_filled(objects[at], bytes[at]) || !heap::free(objects[at]))) {
            return false;
        }
        bytes[at] = random() % 50 == 0 ? random() % (300 * kib) : random() % 2000;
        objects[at] = of.allocate(bytes[at], 16);
        if (objects[at] == nullptr) {
            return false;
        }
        fill(objects[at], bytes[at]);
    }
    for (void* const each : objects) {
        if (each != nullptr && !heap::free(each)) {
            return false;
        }
    }
    return true;
}

TEST_F(HeapFork, ChildHasTheParentsObjects) {
    heap of(memory_, nullptr);
    std::vector<void*> objects;
    for (std::size_t bytes = 1; bytes < 2 * mib; bytes = bytes * 2 + 1) {
        objects.push_back(of.allocate(bytes, 16));
        fill(objects.back(), bytes);
    }
    EXPECT_TRUE(in_child([&] {
        std::size_t bytes = 1;
        for (void* const each : objects) {
            if (!is_filled(each, bytes) || !heap::free(each)) {
                return false;
            }
            bytes = bytes * 2 + 1;
        }
        return of.counts().live == 0 && uses(of, 1) && of.trim() > 0 && of.counts().held == 0;
    }));
    EXPECT_EQ(of.counts().live, objects.size());
    for (void* const each : objects) {
        EXPECT_TRUE(heap::free(each));
    }
}

TEST_F(HeapFork, ChildWithoutTheMemoryHasNoObjects) {
    plain_memory elsewhere(false);
    auto of = std::make_unique<heap>(elsewhere, this);
    std::vector<void*> objects;
    for (std::size_t bytes = 1; bytes < 2 * mib; bytes = bytes * 2 + 1) {
        objects.push_back(of->allocate(bytes, 16));
        std::thread([&] { objects.push_back(of->allocate(bytes, 16)); }).join();
    }
    EXPECT_TRUE(in_child([&] {
        for (void* const each : objects) {
            if (heap::free(each) || heap::usable_size(each) != 0 || heap::owner_of(each)) {
                return false;
            }
        }
        const bool empty = of->allocate(1, 16) == nullptr && of->allocate(mib, 16) == nullptr &&
                           of->trim() == 0 && of->counts().live == 0 && of->counts().held == 0;
        // It gives nothing back, for something else may lie there.
        heap other(memory_, nullptr);
        const bool goes_on = uses(other, 1);
        of.reset();
        return empty && goes_on && elsewhere.given_back() == 0 && uses(other, 2);
    }));
    EXPECT_EQ(of->counts().live, objects.size());
    EXPECT_TRUE(uses(*of, 1));
    for (void* const each : objects) {
        EXPECT_TRUE(heap::free(each));
    }
}

TEST_F(HeapFork, WhileThreadsAllocateNeverHangs) {
    heap of(memory_, nullptr);
    std::atomic<bool> stop = false;
    std::atomic<void*> handed_over = nullptr;
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 3; ++i) {
        threads.emplace_back([&, i] {
            std::mt19937 random(i);
            while (!stop) {
                uses(of, static_cast<unsigned>(random()));
                // And free what another thread allocated.
                heap::free(handed_over.exchange(of.allocate(random() % 500, 16)));
                if (random() % 16 == 0) {
                    of.trim();
                }
            }
        });
    }
    std::vector<void*> mine;
    for (std::size_t i = 0; i < 500; ++i) {
        mine.push_back(of.allocate(100 + i, 16));
        fill(mine.back(), 100 + i);
    }
    for (unsigned i = 0; i < 15; ++i) {
        ASSERT_TRUE(in_child([&] {
            std::size_t bytes = 100;
            for (void* const each : mine) {
                if (!is_filled(each, bytes) || !heap::free(each)) {
                    return false;
                }
                ++bytes;
            }
            heap second(memory_, nullptr);
            const bool good = uses(of, i) && uses(second, i);
            of.trim();
            return good;
        })) << i;
        ASSERT_TRUE(uses(of, i));
    }
    stop = true;
    for (std::thread& each : threads) {
        each.join();
    }
    heap::free(handed_over);
    for (void* const each : mine) {
        EXPECT_TRUE(heap::free(each));
    }
    EXPECT_EQ(of.counts().live, 0U);
}

TEST_F(HeapFork, ChildFreesWhatThreadsOfTheParentAllocated) {
    heap of(memory_, nullptr);
    std::vector<void*> objects;
    std::atomic<int> step = 0;
    // The thread is alive, and its pages are its own, when the process forks.
    std::thread other([&] {
        for (int i = 0; i < 5000; ++i) {
            objects.push_back(of.allocate(200, 16));
            fill(objects.back(), 200);
        }
        step = 1;
        step.notify_all();
        step.wait(1);
    });
    step.wait(0);
    EXPECT_TRUE(in_child([&] {
        for (void* const each : objects) {
            if (!is_filled(each, 200) || !heap::free(each)) {
                return false;
            }
        }
        of.trim();
        return of.counts().held == 0 && uses(of, 1);
    }));
    step = 2;
    step.notify_all();
    other.join();
    for (void* const each : objects) {
        EXPECT_TRUE(heap::free(each));
    }
}

} // namespace
} // namespace hetmem::heap
