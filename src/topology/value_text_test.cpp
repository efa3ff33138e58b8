#include "topology/value_text.hpp"

#include <gtest/gtest.h>

namespace hetmem::detail {
namespace {

TEST(ParseValue, ReadsWhatPeopleWrite) {
    EXPECT_EQ(parse_latency("250 ns"), 250'000U);
    EXPECT_EQ(parse_latency("80.5ns"), 80'500U);
    EXPECT_EQ(parse_latency("80500 ps"), 80'500U);
    EXPECT_EQ(parse_latency("1.2 us"), 1'200'000U);
    EXPECT_EQ(parse_bandwidth("61.44 GB/s"), 61'440'000'000U);
    EXPECT_EQ(parse_bandwidth("512 MiB/s"), 536'870'912U);
    EXPECT_EQ(parse_bandwidth("0 B/s"), 0U);
    EXPECT_EQ(parse_value(quantity::write_bandwidth, "1 kB/s"), 1000U);
    EXPECT_EQ(parse_value(quantity::write_latency, "1 ns"), 1000U);
}

TEST(ParseValue, ReadsWhatIsFormatted) {
    for (const std::uint64_t value : {1U, 99U, 80'500U, 1'000'000U}) {
        EXPECT_EQ(parse_latency(format_latency(latency::from_picoseconds(value))), value);
    }
    for (const std::uint64_t value : {0ULL, 7ULL, 200'000ULL, 409'600'000'000ULL}) {
        EXPECT_EQ(parse_bandwidth(format_bandwidth(bandwidth::from_bytes_per_second(value))),
                  value);
    }
}

TEST(ParseValue, RefusesAnythingElse) {
    for (const char* text : {"", "ns", "250", "250 s", "-1 ns", "1e3 ns", "nan ns", "inf ns",
                             " 1 ns", "1 ns ", "250 GB/s", "1 NS"}) {
        EXPECT_EQ(parse_latency(text), std::nullopt) << text;
    }
    EXPECT_EQ(parse_bandwidth("99999999999 TB/s"), std::nullopt);
    EXPECT_EQ(parse_bandwidth("250 ns"), std::nullopt);
}

} // namespace
} // namespace hetmem::detail
