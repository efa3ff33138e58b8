#include "tests/conformance/cases.hpp"

#include <hetmem/pool.hpp>

#include <array>
#include <atomic>
#include <cstring>
#include <map>
#include <memory_resource>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace hetmem::test {
namespace {

class placed_pool : public on_every_placement {
protected:
    pool_options options() const {
        pool_options wanted;
        wanted.pages = pages();
        // Also keeps a test that went wrong from filling the machine.
        wanted.limit = byte_size::from_bytes(limit());
        return wanted;
    }
    std::size_t limit() const { return std::max(page_bytes(), 64 * mib); }
};

struct object {
    unsigned char* start = nullptr;
    std::size_t bytes = 0;
    unsigned char pattern = 0;

    void fill(unsigned char with) {
        pattern = with;
        std::memset(start, with, bytes);
    }
    bool intact() const { return are_all(start, bytes, pattern); }
};

object make(pool& from, std::size_t bytes, unsigned char pattern, std::size_t alignment = 16) {
    object one{static_cast<unsigned char*>(from.allocate(bytes, alignment)), bytes, 0};
    one.fill(pattern);
    return one;
}

TEST_P(placed_pool, KeepsObjectsApart) {
    pool p(where(), options());
    // A fixed seed: the same sizes on every machine.
    std::mt19937 random(42); // NOLINT(cert-msc51-cpp)
    std::vector<object> live;
    for (int step = 0; step < 3000; ++step) {
        if (live.size() > 150 || (random() % 3 == 0 && !live.empty())) {
            const std::size_t which = random() % live.size();
            ASSERT_TRUE(live[which].intact()) << "step " << step;
            hetmem::free(live[which].start);
            live[which] = live.back();
            live.pop_back();
        } else {
            const std::size_t bytes = random() % (std::size_t{1} << (random() % 19));
            const std::size_t alignment = std::size_t{1} << (random() % 8);
            live.push_back(make(p, bytes, static_cast<unsigned char>(random()), alignment));
            const object& made = live.back();
            ASSERT_EQ(reinterpret_cast<std::uintptr_t>(made.start) % alignment, 0U);
            ASSERT_GE(usable_size(made.start), bytes);
            ASSERT_EQ(pool::of(made.start), &p);
        }
    }
    for (const object& one : live) {
        EXPECT_TRUE(one.intact());
        hetmem::free(one.start);
    }
    EXPECT_EQ(p.statistics().live, 0U);
}

TEST_P(placed_pool, IsWhereItWasAskedFor) {
    pool p(where(), options());
    const object large = make(p, 9 * mib, 1);
    const object small = make(p, 100, 2);
    const pool_statistics told = p.statistics();
    std::uint64_t granted = 0;
    for (const resident_share& share : told.targets) {
        granted += share.bytes.bytes();
    }
    EXPECT_EQ(granted, told.held.bytes());
    EXPECT_LE(told.held.bytes(), limit());
    if (chosen() != kind::prefer) { // lazy: what is not touched is not there
        const residency now = p.where();
        EXPECT_EQ(now.present(), told.held);
        if (chosen() != kind::directory) {
            expect_kept(now, told.held.bytes());
            EXPECT_EQ(now.shares, told.targets);
        }
    }
    EXPECT_TRUE(large.intact() && small.intact());
    hetmem::free(large.start);
    hetmem::free(small.start);
}

TEST_P(placed_pool, AlignsObjects) {
    pool p(where(), options());
    for (std::size_t alignment = 16; alignment <= 8 * mib; alignment *= 4) {
        const object one = make(p, 200, 5, alignment);
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(one.start) % alignment, 0U);
        hetmem::free(one.start);
    }
}

TEST_P(placed_pool, ZeroesAndReallocates) {
    pool p(where(), options());
    for (const std::size_t bytes : {std::size_t{40}, 30 * kib, 3 * mib}) {
        const object used = make(p, bytes, 0xee);
        hetmem::free(used.start);
        object one{static_cast<unsigned char*>(p.allocate_zeroed(1, bytes)), bytes, 0};
        EXPECT_TRUE(one.intact()) << bytes;
        one.fill(0x44);
        one.start = static_cast<unsigned char*>(p.reallocate(one.start, bytes * 2));
        EXPECT_TRUE(one.intact()) << bytes;
        one.start = static_cast<unsigned char*>(p.reallocate(one.start, bytes / 2));
        one.bytes = bytes / 2;
        EXPECT_TRUE(one.intact()) << bytes;
        hetmem::free(one.start);
    }
}

TEST_P(placed_pool, StopsAtItsLimitAndGoesOn) {
    pool p(where(), options());
    std::vector<void*> objects;
    const std::size_t bytes = limit() / 16;
    while (void* one = p.try_allocate(bytes)) {
        objects.push_back(one);
        ASSERT_LE(objects.size(), 16U);
    }
    EXPECT_GE(objects.size(), 12U);
    EXPECT_LE(p.statistics().held.bytes(), limit());
    EXPECT_THROW(p.allocate(bytes), allocation_failed);
    for (void* one : objects) {
        hetmem::free(one);
    }
    hetmem::free(p.allocate(bytes));
}

TEST_P(placed_pool, GivesBackWhatIsFree) {
    pool p(where(), options());
    std::vector<void*> objects;
    for (std::size_t i = 0; i < 300; ++i) {
        objects.push_back(p.allocate(100 * kib));
        std::memset(objects.back(), 1, 100 * kib);
    }
    const std::uint64_t before = p.statistics().held.bytes();
    for (void* one : objects) {
        hetmem::free(one);
    }
    p.trim();
    const std::uint64_t after = p.statistics().held.bytes();
    EXPECT_LE(after, before / 10 + (page_bytes() > 2 * mib ? page_bytes() : 0));
    EXPECT_LE(p.where().present().bytes(), after);
}

TEST_P(placed_pool, ServesThreadsThatFreeEachOthersObjects) {
    pool p(where(), options());
    constexpr std::size_t threads = 4;
    std::array<std::vector<object>, threads> made;
    {
        std::vector<std::jthread> makers;
        for (std::size_t t = 0; t < threads; ++t) {
            makers.emplace_back([&, t] {
                for (std::size_t i = 0; i < 1500; ++i) {
                    made.at(t).push_back(make(p, 8 + i * 37 % 4000, static_cast<unsigned char>(t)));
                    if (i % 3 == 0) {
                        hetmem::free(made.at(t).back().start);
                        made.at(t).pop_back();
                    }
                }
            });
        }
    }
    std::atomic<int> damaged = 0;
    {
        std::vector<std::jthread> users;
        for (std::size_t t = 0; t < threads; ++t) {
            users.emplace_back([&, t] {
                for (const object& one : made.at((t + 1) % threads)) {
                    damaged += one.intact() ? 0 : 1;
                    hetmem::free(one.start);
                }
            });
        }
    }
    EXPECT_EQ(damaged, 0);
    EXPECT_EQ(p.statistics().live, 0U);
    EXPECT_EQ(p.statistics().in_use.bytes(), 0U);
}

TEST_P(placed_pool, SurvivesAFork) {
    pool p(where(), options());
    object one = make(p, 3 * mib, 1);
    object small = make(p, 50, 2);
    // A pool of shared memory is not there in a child, and the parent's must stay as it is.
    const bool copied = nodes_only() && !from_huge_pool();
    EXPECT_TRUE(in_a_child([&] {
        if (!copied) {
            return true;
        }
        const bool kept = one.intact() && small.intact();
        one.fill(9);
        void* const more = p.try_allocate(5 * mib);
        hetmem::free(one.start);
        hetmem::free(small.start);
        return kept && more != nullptr;
    }));
    EXPECT_TRUE(one.intact() && small.intact());
    hetmem::free(one.start);
    hetmem::free(small.start);
    hetmem::free(p.allocate(200 * kib));
}

TEST_P(placed_pool, GivesAllBackWhenItGoes) {
    const void* large = nullptr;
    const void* small = nullptr;
    // Together more than there is of huge pages.
    const int times = pages() == page_size::huge_2m ? 8 : 2;
    for (int i = 0; i < times; ++i) {
        pool p(where(), options());
        large = make(p, 20 * mib, 1).start;
        small = make(p, 100, 1).start;
    }
    for (const void* gone : {large, small}) {
        EXPECT_EQ(pool::of(gone), nullptr);
        EXPECT_EQ(usable_size(gone), 0U);
    }
}

TEST_P(placed_pool, HoldsContainers) {
    pool p(where(), options());
    {
        std::pmr::map<int, std::pmr::string> names(&p);
        std::vector<int, allocator<int>> numbers{allocator<int>(p)};
        for (int i = 0; i < 2000; ++i) {
            names.emplace(i, std::string(static_cast<std::size_t>(i % 200), 'x'));
            numbers.push_back(i);
        }
        EXPECT_EQ(names.at(1999).size(), 199U);
        EXPECT_EQ(pool::of(numbers.data()), &p);
        names.erase(names.begin(), names.find(1000));
        EXPECT_EQ(names.size(), 1000U);
    }
    EXPECT_EQ(p.statistics().live, 0U);
}

HETMEM_ON_EVERY_PLACEMENT(pools, placed_pool);

} // namespace
} // namespace hetmem::test
