#include "measure/workplace.hpp"

#include "measure/buffer_size.hpp"
#include "measure/streams.hpp"

#include <hetmem/discover.hpp>
#include <hetmem/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace hetmem::detail {
namespace {

using ::testing::HasSubstr;

constexpr byte_size mib(std::uint64_t n) {
    return byte_size::from_mib(n);
}

class AreaSizes : public ::testing::Test {
protected:
    AreaSizes() { memory_.name = "node1"; }

    area_sizes of(const std::vector<metric>& metrics, byte_size room,
                  const measure_options& options = {}) const {
        return sizes_of_areas(memory_, caches_, metrics, options, room);
    }
    std::string refusal(const std::vector<metric>& metrics, byte_size room,
                        const measure_options& options = {}) const {
        try {
            of(metrics, room, options);
        } catch (const error& e) {
            return e.what();
        }
        return "accepted";
    }

    target memory_;
    std::vector<last_level> caches_ = {{mib(32), mib(64), true}, {mib(48), mib(48), true}};
    const std::vector<metric> both_ = {metric::local_latency, metric::random_latency,
                                       metric::copy_bandwidth};
};

TEST_F(AreaSizes, WhatTheLargestCachesDemand) {
    const area_sizes plenty = of(both_, mib(100'000));
    EXPECT_EQ(plenty.random, wanted_buffer(metric::random_latency, caches_[1], memory_));
    EXPECT_EQ(plenty.common, wanted_buffer(metric::copy_bandwidth, caches_[0], memory_));
    EXPECT_EQ(of({metric::local_latency}, mib(100'000)).random, byte_size{})
        << "what nobody needs is not taken";
    EXPECT_EQ(of({metric::random_latency}, mib(100'000)).common, byte_size{});
}

TEST_F(AreaSizes, LessRoomTakesFromTheLargeOneFirst) {
    const byte_size common = of(both_, mib(100'000)).common;
    const area_sizes some = of(both_, mib(700));
    EXPECT_EQ(some.common, common);
    EXPECT_EQ(some.random.bytes(), mib(700).bytes() - common.bytes());
    const area_sizes little = of(both_, mib(250));
    EXPECT_LT(little.common, common);
    EXPECT_GE(little.common, least_buffer(metric::copy_bandwidth, caches_[0]));
    EXPECT_GE(little.random, least_buffer(metric::random_latency, caches_[1]));
    EXPECT_LE(little.common.bytes() + little.random.bytes(), mib(250).bytes());
}

TEST_F(AreaSizes, TooLittleRoomIsRefusedOrAllowedByName) {
    EXPECT_THROW(of(both_, mib(100)), target_full);
    EXPECT_THAT(refusal(both_, mib(100)), HasSubstr("node1: 100 MiB may be taken"));
    measure_options cached;
    cached.allow_cached = true;
    const area_sizes small = of(both_, mib(100), cached);
    EXPECT_LE(small.common.bytes() + small.random.bytes(), mib(100).bytes());
    EXPECT_GT(small.common, byte_size{});
    EXPECT_GT(small.random, byte_size{});
}

TEST_F(AreaSizes, ABufferThatFitsTheCacheIsRefusedOrAllowedByName) {
    measure_options options;
    options.buffer = mib(1);
    EXPECT_THAT(refusal(both_, {}, options), HasSubstr("a buffer of 1 MiB is not measured in "
                                                       "memory but in caches: 128 MiB"));
    options.allow_cached = true;
    EXPECT_EQ(of(both_, {}, options), (area_sizes{mib(1), mib(1)}));
    options.allow_cached = false;
    options.buffer = mib(512);
    EXPECT_EQ(of(both_, {}, options), (area_sizes{mib(512), mib(512)}));
    EXPECT_EQ(of({metric::read_bandwidth}, {}, options), (area_sizes{{}, mib(512)}));
    options.buffer = byte_size::from_bytes(stream_granule - 1);
    options.allow_cached = true;
    EXPECT_THAT(refusal(both_, {}, options), HasSubstr("the smallest is 192 KiB"));
}

TEST_F(AreaSizes, TheLeastBufferIsStillEnoughWhenItIsCutToHugePages) {
    constexpr last_level odd{byte_size::from_bytes(mib(65).bytes() / 2),
                             byte_size::from_bytes(mib(65).bytes() / 2), true};
    caches_ = {odd};
    measure_options options;
    options.buffer = mib(65);
    EXPECT_THAT(refusal(both_, {}, options), HasSubstr("66 MiB is the least"));
    options.buffer = mib(67);
    const area_sizes sizes = of(both_, {}, options);
    EXPECT_EQ(measured_where(metric::copy_bandwidth, sizes.common, odd, memory_),
              measured_in::memory);
}

TEST_F(AreaSizes, CurvesNeedTwo) {
    measure_options options;
    options.curves = true;
    const area_sizes sizes = of({metric::local_latency}, mib(100'000), options);
    EXPECT_EQ(sizes.random, sizes.common);
    EXPECT_EQ(sizes.common, wanted_buffer(metric::read_bandwidth, caches_[0], memory_));
    options.buffer = mib(1);
    options.allow_cached = true;
    EXPECT_EQ(of({metric::local_latency}, {}, options), (area_sizes{mib(1), mib(1)}));
}

/// On the memory where this runs.
class WorkplaceHere : public ::testing::Test {
protected:
    const topology machine_ = discover();
    workplace place_{machine_, machine_.targets().front().id, {mib(6), mib(2)}, false};
};

TEST_F(WorkplaceHere, ACycleIsKeptUntilSomethingElseIsWrittenThere) {
    const chase* const local = &place_.local_chase();
    EXPECT_EQ(local->elements(), mib(2).bytes() / chase_stride);
    EXPECT_EQ(place_.random_chase().elements(), mib(6).bytes() / chase_stride);
    place_.random_chase().run(100);
    EXPECT_EQ(place_.common(false).size(), mib(2).bytes());
    std::ranges::fill(place_.common(true), std::byte{0xee});
    place_.local_chase().run(100); // would follow 0xeeee... if it were the old one
    place_.random_chase().run(100);
}

TEST_F(WorkplaceHere, TheSmallAreaGrowsAtTheExpenseOfTheLargeOne) {
    place_.enlarge_common(mib(1));
    EXPECT_EQ(place_.common_size(), mib(2)) << "never smaller";
    place_.enlarge_common(mib(100));
    EXPECT_EQ(place_.common_size(), place_.random_size()) << "never at the cost of the other";
    EXPECT_EQ(place_.common_size().bytes() + place_.random_size().bytes(), mib(8).bytes());
    place_.local_chase().run(100);
    place_.random_chase().run(100);
    EXPECT_EQ(place_.everything().size(), mib(8).bytes());
}

} // namespace
} // namespace hetmem::detail
