#include <hetmem/pool.hpp>

#include <hetmem/discover.hpp>
#include <hetmem/error.hpp>

#include "memory/pool_memory.hpp"
#include "tests/support/sanitizer.hpp"
#include "tests/support/tree.hpp"

#include <gmock/gmock.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory_resource>
#include <string>
#include <thread>
#include <vector>

#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hetmem {
namespace {

using test::under_sanitizer;
using testing::AllOf;
using testing::AnyOf;
using testing::Ge;
using testing::HasSubstr;
using testing::Le;

constexpr std::size_t kib = 1U << 10;
constexpr std::size_t mib = 1U << 20;

const placement& here() {
    static const placement first_node = [] {
        const topology machine = discover();
        for (const target& memory : machine.targets()) {
            if (memory.state == target_state::online && !memory.reserved) {
                return bind(machine, memory.id);
            }
        }
        throw no_such_target("no memory of this machine is online");
    }();
    return first_node;
}

pool_options limited_to(std::size_t bytes) {
    pool_options options;
    options.limit = byte_size::from_bytes(bytes);
    return options;
}

void fill(void* object, std::size_t bytes, unsigned char with) {
    std::memset(object, with, bytes);
}

bool holds(const void* object, std::size_t bytes, unsigned char what) {
    // Each byte is as its neighbour.
    const auto* first = static_cast<const unsigned char*>(object);
    return *first == what && std::memcmp(first, first + 1, bytes - 1) == 0;
}

std::string failure_of(pool& from, std::size_t bytes, std::size_t alignment = 16) {
    try {
        hetmem::free(from.allocate(bytes, alignment));
    } catch (const allocation_failed& e) {
        return e.what();
    }
    return "it succeeded";
}

TEST(Pool, TakesNothingUntilItIsAsked) {
    const pool p(here());
    EXPECT_EQ(p.statistics().held.bytes(), 0U);
    EXPECT_EQ(p.where().present().bytes(), 0U);
    EXPECT_EQ(p.asked(), here());
}

TEST(Pool, ObjectsAreOfTheirPoolAndOfNoOther) {
    pool p(here());
    pool q(here());
    void* const a = p.allocate(100);
    void* const b = q.allocate(3 * mib);
    int local = 0;
    EXPECT_EQ(pool::of(a), &p);
    EXPECT_EQ(pool::of(b), &q);
    EXPECT_EQ(pool::of(&local), nullptr);
    EXPECT_EQ(pool::of(nullptr), nullptr);
    EXPECT_THAT(usable_size(a), AllOf(Ge(100U), Le(256U)));
    EXPECT_GE(usable_size(b), 3 * mib);
    EXPECT_EQ(usable_size(&local), 0U);
    free(a);
    free(b);
    free(nullptr);
}

TEST(Pool, CountsWhatItHandsOutAndHolds) {
    pool p(here());
    void* const a = p.allocate(1000);
    void* const b = p.allocate(5 * mib);
    pool_statistics now = p.statistics();
    EXPECT_EQ(now.live, 2U);
    EXPECT_EQ(now.allocations, 2U);
    EXPECT_EQ(now.in_use.bytes(), usable_size(a) + usable_size(b));
    EXPECT_GE(now.held, now.in_use);
    ASSERT_EQ(now.targets.size(), 1U);
    EXPECT_EQ(now.targets[0].target, here().legs()[0].name);
    EXPECT_EQ(now.targets[0].bytes, now.held);

    free(a);
    free(b);
    p.trim();
    now = p.statistics();
    EXPECT_EQ(now.live, 0U);
    EXPECT_EQ(now.in_use.bytes(), 0U);
    EXPECT_GE(now.held_peak.bytes(), 5 * mib);
    EXPECT_GE(now.in_use_peak.bytes(), 5 * mib);
    EXPECT_EQ(now.targets.empty() ? 0 : now.targets[0].bytes.bytes(), now.held.bytes());
}

TEST(Pool, PagesAreWhereThePlacementSays) {
    pool p(here());
    void* const object = p.allocate(6 * mib);
    const residency now = p.where();
    EXPECT_GE(now.on_node(here().legs()[0].node).bytes(), 6 * mib);
    EXPECT_EQ(now.present(), now.on_node(here().legs()[0].node));
    EXPECT_EQ(now.absent.bytes(), 0U);
    free(object);
}

TEST(Pool, TrimGivesMemoryBack) {
    pool p(here());
    std::vector<void*> objects;
    for (int i = 0; i < 1000; ++i) {
        objects.push_back(p.allocate(64 * kib));
    }
    const std::uint64_t before = p.statistics().held.bytes();
    for (void* object : objects) {
        free(object);
    }
    const std::uint64_t returned = p.trim().bytes() + 0;
    const std::uint64_t after = p.statistics().held.bytes();
    EXPECT_GE(before, 1000 * 64 * kib);
    EXPECT_LE(after, before / 10);
    EXPECT_LE(returned, before);
    EXPECT_LE(p.where().present().bytes(), after);
}

TEST(Pool, ALimitIsKeptAndNamed) {
    pool p(here(), limited_to(16 * mib));
    std::vector<void*> objects;
    while (void* object = p.try_allocate(mib)) {
        objects.push_back(object);
        ASSERT_LE(objects.size(), 16U);
    }
    EXPECT_GE(objects.size(), 8U);
    EXPECT_LE(p.statistics().held.bytes(), 16 * mib);
    EXPECT_THAT(failure_of(p, mib),
                AllOf(HasSubstr("limit is 16 MiB"), HasSubstr(here().to_string())));
    for (void* object : objects) {
        free(object);
    }
    free(p.allocate(mib)); // it is usable again
}

TEST(Pool, ALimitOfNothingLeavesNothing) {
    pool p(here(), limited_to(0));
    EXPECT_EQ(p.try_allocate(1), nullptr);
    EXPECT_THAT(failure_of(p, 1), HasSubstr("limit is nothing"));
    EXPECT_EQ(p.statistics().held.bytes(), 0U);
}

TEST(Pool, ThreadsTogetherStayBelowTheLimit) {
    pool p(here(), limited_to(24 * mib));
    std::array<std::vector<void*>, 4> objects;
    {
        std::vector<std::jthread> threads;
        for (auto& mine : objects) {
            threads.emplace_back([&p, &mine] {
                while (void* object = p.try_allocate(300 * kib)) {
                    mine.push_back(object);
                }
            });
        }
    }
    EXPECT_LE(p.statistics().held.bytes(), 24 * mib);
    EXPECT_LE(p.statistics().held_peak.bytes(), 24 * mib);
    for (const auto& mine : objects) {
        for (void* object : mine) {
            free(object);
        }
    }
}

// A size of one kind must not keep what another kind needs.
TEST(Pool, WhatWasFreedServesOtherSizes) {
    pool p(here(), limited_to(16 * mib));
    for (const std::size_t size : {std::size_t{64}, kib, 40 * kib, mib, 5 * mib, 9 * mib}) {
        std::vector<void*> objects;
        while (void* object = p.try_allocate(size)) {
            objects.push_back(object);
        }
        EXPECT_GE(objects.size() * size, 5 * mib) << "objects of " << size;
        for (void* object : objects) {
            free(object);
        }
    }
}

TEST(Pool, WhatNoPoolCanHaveFails) {
    pool p(here());
    EXPECT_THAT(failure_of(p, SIZE_MAX), HasSubstr("no pool can have"));
    EXPECT_THAT(failure_of(p, SIZE_MAX / 2 + 1), HasSubstr("no pool can have"));
    EXPECT_THAT(failure_of(p, 64, 48), HasSubstr("alignment 48"));
    EXPECT_THAT(failure_of(p, 64, std::size_t{2} << 30), HasSubstr("alignment 2147483648"));
    EXPECT_THROW(free(p.allocate_zeroed(SIZE_MAX / 2, 3)), allocation_failed);
    EXPECT_THROW(free(p.allocate_zeroed(std::size_t{1} << 33, std::size_t{1} << 33)),
                 std::bad_alloc);
}

TEST(Pool, ATargetThatIsFullIsNamed) {
    // As if nearly all of the node had to stay available.
    pool p(here().with_headroom(byte_size::from_mib(std::uint64_t{1} << 40)));
    EXPECT_EQ(p.try_allocate(mib), nullptr);
    EXPECT_THAT(failure_of(p, mib), HasSubstr(here().legs()[0].name));
    EXPECT_EQ(p.statistics().held.bytes(), 0U);
}

TEST(Pool, RefusesAlignmentsThatAreNoPowerOfTwo) {
    pool p(here());
    for (const std::size_t alignment : {std::size_t{0}, std::size_t{3}, std::size_t{2} << 30}) {
        EXPECT_EQ(p.try_allocate(8, alignment), nullptr) << alignment;
        EXPECT_EQ(failure_of(p, 8, alignment),
                  "alignment " + std::to_string(alignment) + " is no power of two up to 1 GiB");
    }
}

TEST(Pool, AReasonIsOfTheThreadAndTheCallThatFailed) {
    pool_options options = limited_to(4 * mib);
    detail::pool_memory memory(here(), options);
    const std::size_t unit = memory.granule();
    void* const start = memory.reserve(8 * unit, unit);
    ASSERT_NE(start, nullptr);
    bool zeroed = false;
    EXPECT_EQ(memory.take_failure(), nullptr);
    EXPECT_FALSE(memory.commit(start, 8 * unit, zeroed));
    std::jthread([&] { EXPECT_EQ(memory.take_failure(), nullptr); }).join();
    const auto why = memory.take_failure();
    ASSERT_NE(why, nullptr);
    EXPECT_THAT(*why, HasSubstr("limit"));
    EXPECT_EQ(memory.take_failure(), nullptr);
    // What is made good is no reason either.
    EXPECT_FALSE(memory.commit(start, 8 * unit, zeroed));
    EXPECT_TRUE(memory.commit(start, unit, zeroed));
    EXPECT_EQ(memory.take_failure(), nullptr);
    memory.release(start, 8 * unit);
}

TEST(Pool, ARequestForFarTooMuchCostsNothing) {
    pool p(here(), limited_to(4 * mib));
    free(p.allocate(100));
    const std::uint64_t before = where_process(getpid()).present().bytes();
    EXPECT_EQ(p.try_allocate(std::size_t{1} << 46), nullptr);
    EXPECT_LT(where_process(getpid()).present().bytes(), before + 16 * mib);
    EXPECT_THAT(failure_of(p, std::size_t{1} << 46),
                AnyOf(HasSubstr("limit"), HasSubstr("no address space"))); // beside a sanitizer
    EXPECT_THAT(failure_of(p, std::size_t{1} << 49), HasSubstr("no pool can have"));
}

TEST(Pool, NothingIsAlsoAnObject) {
    pool p(here());
    void* const a = p.allocate(0);
    void* const b = p.allocate(0);
    EXPECT_NE(a, nullptr);
    EXPECT_NE(a, b);
    free(a);
    free(b);
}

TEST(Pool, ZeroedMeansZeroedAlsoWhenUsedBefore) {
    pool p(here());
    for (const std::size_t size : {std::size_t{48}, 3 * kib, 100 * kib, 3 * mib}) {
        void* const used = p.allocate(size);
        fill(used, size, 0xa5);
        free(used);
        void* const object = p.allocate_zeroed(1, size);
        EXPECT_TRUE(holds(object, size, 0)) << size;
        free(object);
    }
}

TEST(Pool, ReallocateKeepsWhatIsThere) {
    pool p(here());
    void* object = p.reallocate(nullptr, 10);
    fill(object, 10, 7);
    std::size_t before = 10;
    for (const std::size_t size :
         {std::size_t{100}, 10 * kib, 5 * mib, 2 * mib, kib, std::size_t{8}}) {
        object = p.reallocate(object, size);
        EXPECT_TRUE(holds(object, std::min(size, before), 7)) << size;
        EXPECT_GE(usable_size(object), size);
        fill(object, size, 7);
        before = size;
    }
    free(object);
}

TEST(Pool, ReallocateMovesAnObjectOfAnotherPoolHere) {
    pool p(here());
    pool q(here());
    void* object = q.allocate(1000);
    fill(object, 1000, 9);
    object = p.reallocate(object, 900);
    EXPECT_EQ(pool::of(object), &p);
    EXPECT_TRUE(holds(object, 900, 9));
    EXPECT_EQ(q.statistics().live, 0U);
    free(object);
}

TEST(Pool, AFailedReallocateLeavesTheObject) {
    pool p(here(), limited_to(8 * mib));
    void* const object = p.allocate(1000);
    fill(object, 1000, 3);
    EXPECT_THROW(p.reallocate(object, 100 * mib), allocation_failed);
    EXPECT_TRUE(holds(object, 1000, 3));
    EXPECT_EQ(pool::of(object), &p);
    free(object);
}

TEST(Pool, ReallocateRefusesWhatIsNoObject) {
    pool p(here());
    int local = 0;
    EXPECT_THROW(p.reallocate(&local, 10), error);
}

TEST(Pool, AlignsUpToAGibibyte) {
    pool p(here());
    for (std::size_t alignment = 1; alignment <= std::size_t{1} << 30; alignment *= 2) {
        void* const object = p.allocate(100, alignment);
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(object) % alignment, 0U) << alignment;
        fill(object, 100, 1);
        free(object);
    }
}

TEST(Pool, ContainersLiveInIt) {
    pool p(here());
    {
        std::pmr::map<int, std::pmr::string> names(&p);
        for (int i = 0; i < 1000; ++i) {
            names.emplace(i, std::string(100, 'x'));
        }
        EXPECT_EQ(pool::of(names.at(500).data()), &p);
        std::vector<double, allocator<double>> numbers(50'000, 1.5, allocator<double>(p));
        EXPECT_EQ(pool::of(numbers.data()), &p);
        const auto copy = numbers;
        EXPECT_EQ(pool::of(copy.data()), &p);
    }
    EXPECT_EQ(p.statistics().live, 0U);
}

TEST(Pool, EqualOnlyToItself) {
    pool p(here());
    pool q(here());
    EXPECT_TRUE(p.is_equal(p));
    EXPECT_FALSE(p.is_equal(q));
    // So a move between pools moves the elements.
    std::pmr::vector<int> in_p({1, 2, 3}, &p);
    const std::pmr::vector<int> in_q(std::move(in_p), &q);
    EXPECT_EQ(pool::of(in_q.data()), &q);
    EXPECT_THAT(in_q, testing::ElementsAre(1, 2, 3));
}

TEST(Pool, ObjectsAreFreedByOtherThreads) {
    pool p(here());
    std::vector<void*> objects;
    for (int i = 0; i < 5000; ++i) {
        objects.push_back(p.allocate(static_cast<std::size_t>(i % 700)));
    }
    std::jthread([&] {
        for (void* object : objects) {
            hetmem::free(object);
        }
    }).join();
    EXPECT_EQ(p.statistics().live, 0U);
}

TEST(Pool, DestructionGivesBackWhatIsLeft) {
    const std::uint64_t before = where_process(getpid()).present().bytes();
    for (int i = 0; i < 20; ++i) {
        pool p(here());
        fill(p.allocate(20 * mib), 20 * mib, 1);
        static_cast<void>(p.allocate(100));
    }
    EXPECT_LT(where_process(getpid()).present().bytes(), before + 100 * mib);
}

TEST(Pool, FreeKeepsErrno) {
    pool p(here());
    void* const object = p.allocate(40 * mib);
    errno = 77;
    free(object);
    p.trim();
    EXPECT_EQ(errno, 77);
}

int exit_status_of(pid_t child) {
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + status;
}

TEST(Pool, WorksInBothProcessesAfterAFork) {
    pool p(here());
    void* const object = p.allocate(3 * mib);
    fill(object, 3 * mib, 5);
    const pid_t child = fork();
    if (child == 0) {
        const bool kept = holds(object, 3 * mib, 5);
        fill(object, 3 * mib, 6);
        void* const more = p.try_allocate(5 * mib);
        const bool works = more != nullptr && pool::of(more) == &p;
        hetmem::free(more);
        hetmem::free(object);
        _exit(kept && works ? 0 : 1);
    }
    EXPECT_EQ(exit_status_of(child), 0);
    EXPECT_TRUE(holds(object, 3 * mib, 5));
    free(object);
    free(p.allocate(100));
}

TEST(Pool, OnADirectoryIsEmptyInAForkedChild) {
    const test::temporary_directory files;
    leg directory;
    directory.kind = leg_kind::directory;
    directory.name = files.path().string();
    directory.path = files.path();
    auto p = std::make_unique<pool>(placement(placement_kind::bind, {directory}));
    auto numbers = std::make_unique<std::pmr::vector<int>>(1000, 5, p.get());
    void* const large = p->allocate(3 * mib);
    fill(large, 3 * mib, 5);
    const pid_t child = fork();
    if (child == 0) {
        const bool told = failure_of(*p, 100).ends_with("memory is not in a forked child") &&
                          failure_of(*p, 3 * mib).ends_with("memory is not in a forked child");
        const bool unknown = pool::of(large) == nullptr && usable_size(large) == 0;
        const pool_statistics now = p->statistics();
        const bool empty =
            now.live == 0 && now.held.bytes() == 0 && p->where().present().bytes() == 0;
        hetmem::free(large);
        numbers.reset(); // as exit() would
        p.reset();
        _exit(told && unknown && empty ? 0 : 1);
    }
    EXPECT_EQ(exit_status_of(child), 0);
    EXPECT_THAT(*numbers, testing::Each(5));
    EXPECT_TRUE(holds(large, 3 * mib, 5));
    free(large);
    free(p->allocate(100));
}

// In a child, which has so little address space that the pool's records cannot be had.
TEST(Pool, WithoutMemoryForItsRecordsIsNotMade) {
    if (under_sanitizer) {
        GTEST_SKIP() << "a sanitizer needs address space";
    }
    static_cast<void>(pool(here())); // what is made once
    const pid_t child = fork();
    if (child == 0) {
        // So that new has something to give.
        void* volatile const spare = ::operator new(64 * kib);
        ::operator delete(spare);
        const rlimit none{0, RLIM_INFINITY};
        setrlimit(RLIMIT_AS, &none);
        try {
            const pool p(here());
            _exit(1);
        } catch (const error& e) {
            _exit(e.code() == std::errc::not_enough_memory ? 0 : 2);
        }
    }
    EXPECT_EQ(exit_status_of(child), 0);
}

TEST(Pool, ThatIsMadeHasItsThreadSpecificKey) {
    pool p(here());
    std::vector<pthread_key_t> keys;
    for (pthread_key_t key = 0; pthread_key_create(&key, nullptr) == 0;) {
        keys.push_back(key);
    }
    EXPECT_NO_THROW(free(p.allocate(100)));
    for (const pthread_key_t key : keys) {
        pthread_key_delete(key);
    }
}

// What a thread was in the middle of when another forked must not block the child.
TEST(Pool, AForkBesideBusyThreadsLeavesAWorkingChild) {
    pool p(here());
    std::vector<std::jthread> threads;
    for (int i = 0; i < 2; ++i) {
        threads.emplace_back([&p](const std::stop_token& enough) {
            while (!enough.stop_requested()) {
                void* const large = p.allocate(3 * mib);
                void* const small = p.allocate(200);
                hetmem::free(large);
                hetmem::free(small);
                p.trim();
            }
        });
    }
    for (int i = 0; i < 30; ++i) {
        const pid_t child = fork();
        if (child == 0) {
            alarm(20); // a child that hangs is killed, and fails the test
            void* const object = p.try_allocate(3 * mib);
            void* const small = p.try_allocate(64);
            hetmem::free(object);
            hetmem::free(small);
            p.trim();
            _exit(object != nullptr && small != nullptr ? 0 : 1);
        }
        ASSERT_EQ(exit_status_of(child), 0) << "child " << i;
    }
}

} // namespace
} // namespace hetmem
