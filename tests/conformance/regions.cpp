#include "tests/conformance/cases.hpp"

#include <hetmem/error.hpp>
#include <hetmem/region.hpp>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace hetmem::test {
namespace {

class placed_region : public on_every_placement {
protected:
    region make(region_options options = {}) const {
        options.pages = pages();
        return region(byte_size::from_bytes(some_bytes()), where(), options);
    }
};

void write_all(region& r, std::byte what) {
    std::ranges::fill(r.bytes(), what);
}

bool all_are(const region& r, std::byte what) {
    return are_all(r.data(), r.size(), static_cast<unsigned char>(what));
}

bool is_mapped(const void* start, std::size_t length) {
    try {
        hetmem::where(start, length);
        return true;
    } catch (const error& e) {
        return e.code() != std::errc::invalid_argument;
    }
}

TEST_P(placed_region, IsWholeZeroedAndWritable) {
    region r = make();
    EXPECT_GE(r.size(), some_bytes());
    EXPECT_EQ(r.size() % page_bytes(), 0U);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(r.data()) % page_bytes(), 0U);
    EXPECT_TRUE(all_are(r, std::byte{0}));
    write_all(r, std::byte{7});
    EXPECT_TRUE(all_are(r, std::byte{7}));
    EXPECT_EQ(r.asked(), where());
}

TEST_P(placed_region, IsWhereItWasAskedFor) {
    region r = make();
    if (chosen() == kind::prefer) {
        write_all(r, std::byte{1}); // lazy: pages come when they are touched
    }
    expect_kept(r.where(), r.size());
    const verification seen = r.verify();
    EXPECT_TRUE(seen.kept || chosen() == kind::prefer);
    EXPECT_EQ(seen.absent.bytes(), 0U);
    EXPECT_TRUE(seen.strayed.bytes() == 0 || chosen() == kind::prefer);
    EXPECT_TRUE(target_of(r.data()).has_value());
}

TEST_P(placed_region, IsAlignedAsAsked) {
    region_options options;
    options.alignment = byte_size::from_bytes(std::max(page_bytes(), 64 * mib));
    const region r = make(options);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(r.data()) % options.alignment.bytes(), 0U);
}

TEST_P(placed_region, TooLargeFailsWhole) {
    region_options options;
    options.pages = pages();
    try {
        const region r(byte_size::from_mib(std::uint64_t{1} << 25), where(), options);
        FAIL() << "32 TiB were to be had";
    } catch (const target_full& e) {
        EXPECT_NE(e.what(), std::string());
        EXPECT_LT(e.available().bytes(), std::uint64_t{1} << 45);
    }
    // Nothing is held: what fits can still be had.
    const region r = make();
    EXPECT_GE(r.size(), some_bytes());
}

TEST_P(placed_region, GivesItsMemoryBack) {
    const void* start = nullptr;
    std::size_t length = 0;
    {
        region first = make();
        start = first.data();
        length = first.size();
        const region moved = std::move(first);
        EXPECT_EQ(moved.data(), start);
        EXPECT_TRUE(is_mapped(start, length));
    }
    EXPECT_FALSE(is_mapped(start, length));
    // More than there is of huge pages.
    const int times = pages() == page_size::huge_2m ? 12 : 2;
    for (int i = 0; i < times; ++i) {
        make();
    }
}

TEST_P(placed_region, IsNotInAChildUnlessAsked) {
    const region r = make();
    EXPECT_TRUE(in_a_child([&] { return !is_mapped(r.data(), r.size()); }));
}

TEST_P(placed_region, IsKeptInAChildWhenAsked) {
    if (!nodes_only() || from_huge_pool()) {
        GTEST_SKIP() << "a copy is promised of ordinary pages of nodes only";
    }
    region_options options;
    options.keep_on_fork = true;
    region r = make(options);
    write_all(r, std::byte{3});
    EXPECT_TRUE(in_a_child([&] {
        const bool same = all_are(r, std::byte{3});
        write_all(r, std::byte{4});
        return same && all_are(r, std::byte{4});
    }));
    EXPECT_TRUE(all_are(r, std::byte{3}));
}

TEST_P(placed_region, MigratesWithItsContents) {
    region r = make();
    write_all(r, std::byte{9});
    migrate_options options;
    std::atomic<int> quiesced = 0;
    std::atomic<int> resumed = 0;
    options.quiesce = [&] { ++quiesced; };
    options.resume = [&] { ++resumed; };
    // Pages of a pool do not move; a device's large pages are of no pool and are copied.
    if (from_huge_pool() && nodes_only()) {
        EXPECT_THROW(r.migrate(elsewhere(), options), error);
        EXPECT_EQ(r.asked(), where());
    } else {
        const migration done = r.migrate(elsewhere(), options);
        EXPECT_TRUE(done.complete) << done.why;
        EXPECT_EQ(done.remaining.bytes(), 0U);
        EXPECT_EQ(r.asked(), elsewhere());
    }
    EXPECT_EQ(quiesced, resumed);
    EXPECT_TRUE(all_are(r, std::byte{9}));
    EXPECT_TRUE(r.verify().kept);
}

TEST_P(placed_region, ThreadsMakeThemAtOnce) {
    if (pages() == page_size::huge_1g) {
        GTEST_SKIP() << "one such page is enough to ask for";
    }
    std::atomic<int> right = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&, i] {
                try {
                    region r = make();
                    write_all(r, std::byte{static_cast<unsigned char>(i)});
                    right += all_are(r, std::byte{static_cast<unsigned char>(i)}) ? 1 : 0;
                } catch (const std::exception& e) {
                    ADD_FAILURE() << e.what();
                }
            });
        }
    }
    EXPECT_EQ(right, 4);
}

HETMEM_ON_EVERY_PLACEMENT(regions, placed_region);

} // namespace
} // namespace hetmem::test
