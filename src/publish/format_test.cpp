#include "publish/format.hpp"

#include <gtest/gtest.h>

namespace hetmem::detail {
namespace {

figure<latency> ns(double value, source from = source::hmat) {
    return {knowledge::known, latency::from_picoseconds(static_cast<std::uint64_t>(value * 1000)),
            from};
}

figure<bandwidth> gb(std::uint64_t value, source from = source::hmat) {
    return {knowledge::known, bandwidth::from_bytes_per_second(value * 1'000'000'000), from};
}

TEST(Format, LatencyIsInNanosecondsWithOneDecimalAtMost) {
    EXPECT_EQ(format_latency(latency::from_picoseconds(80'000)), "80 ns");
    EXPECT_EQ(format_latency(latency::from_picoseconds(80'460)), "80.5 ns");
    EXPECT_EQ(format_latency(latency::from_picoseconds(1'200'000)), "1200 ns");
    EXPECT_EQ(format_latency(latency{}), "0 ns");
}

TEST(Format, WhatIsNotZeroIsNeverShownAsZero) {
    EXPECT_EQ(format_latency(latency::from_picoseconds(40)), "40 ps");
    EXPECT_EQ(format_bandwidth(bandwidth::from_bytes_per_second(50'000'000)), "50 MB/s");
    EXPECT_EQ(format_bandwidth(bandwidth::from_bytes_per_second(7)), "7 B/s");
    EXPECT_EQ(format_cell(quantity::read_latency, 40, 0), "0.04");
    EXPECT_EQ(format_cell(quantity::read_bandwidth, 50'000'000, 1), "0.05");
}

TEST(Format, BandwidthIsDecimalAndSizeIsBinary) {
    EXPECT_EQ(format_bandwidth(bandwidth::from_megabytes_per_second(102'400)), "102.4 GB/s");
    EXPECT_EQ(format_bandwidth(bandwidth::from_megabytes_per_second(30'000)), "30 GB/s");
    EXPECT_EQ(format_size(byte_size::from_bytes(512)), "512 B");
    EXPECT_EQ(format_size(byte_size::from_kib(64)), "64 KiB");
    EXPECT_EQ(format_size(byte_size::from_mib(1536)), "1.5 GiB");
    EXPECT_EQ(format_size(byte_size::from_mib(256 * 1024)), "256 GiB");
    EXPECT_EQ(format_size(byte_size::from_bytes((1ULL << 40) - 1)), "1 TiB");
    EXPECT_EQ(format_size(byte_size::from_bytes(~0ULL)), "16 EiB");
    EXPECT_EQ(format_size(std::nullopt), "unknown");
}

TEST(Format, UnknownUnreachableAndZeroAreThreeThings) {
    EXPECT_EQ(format_figure(figure<latency>{}), "unknown");
    EXPECT_EQ(format_figure(figure<latency>{knowledge::unreachable, {}, source::hmat}),
              "unreachable (hmat)");
    EXPECT_EQ(format_figure(figure<latency>{knowledge::known, {}, source::measured}),
              "0 ns (measured)");
}

TEST(Format, BothDirectionsAreSaidOnceWhereTheyAreEqual) {
    access figures{ns(80), ns(80), gb(100), gb(90)};
    EXPECT_EQ(format_latencies(figures), "80 ns (hmat)");
    EXPECT_EQ(format_bandwidths(figures), "read 100 GB/s, write 90 GB/s (hmat)");
    figures.write_latency = ns(80, source::sysfs);
    EXPECT_EQ(format_latencies(figures), "read 80 ns (hmat), write 80 ns (sysfs)")
        << "equal values of two sources are two statements";
    figures.write_bandwidth = {};
    EXPECT_EQ(format_bandwidths(figures), "read 100 GB/s (hmat), write unknown");
    EXPECT_EQ(format_access(access{}), "unknown");
}

TEST(Format, CellsOfATableHaveTheDecimalsAsked) {
    EXPECT_EQ(format_cell(quantity::read_latency, 80'000, 0), "80");
    EXPECT_EQ(format_cell(quantity::read_latency, 80'000, 1), "80.0");
    EXPECT_EQ(decimals_of(quantity::read_latency, 80'000), 0U);
    EXPECT_EQ(decimals_of(quantity::read_latency, 80'500), 1U);
    EXPECT_EQ(decimals_of(quantity::read_bandwidth, 102'400'000'000), 1U);
    EXPECT_EQ(decimals_of(quantity::read_bandwidth, 99'990'000'000), 0U) << "rounds to 100";
}

TEST(Format, StateNamesTheDeviceThatHoldsTheMemory) {
    target memory;
    EXPECT_EQ(format_state(memory), "online");
    memory.state = target_state::reserved;
    EXPECT_EQ(format_state(memory), "reserved");
    memory.dax.resize(2);
    memory.dax[0].name = "dax0.0";
    memory.dax[1].name = "dax0.1";
    EXPECT_EQ(format_state(memory), "reserved as dax0.0, dax0.1");
    memory.state = target_state::partly_online;
    memory.blocks = 4;
    memory.blocks_online = 3;
    EXPECT_EQ(format_state(memory), "partly online: 3 of 4 blocks");
    memory.block_size = byte_size::from_mib(128);
    EXPECT_EQ(format_state(memory), "partly online: 3 of 4 blocks of 128 MiB");
}

} // namespace
} // namespace hetmem::detail
