#include "preload/settings.hpp"

#include <gtest/gtest.h>

#include <string>

namespace hetmem::preload {
namespace {

constexpr std::size_t mib = std::size_t{1} << 20;

TEST(Placement, OneNode) {
    placement one;
    ASSERT_TRUE(one.parse("bind:2"));
    EXPECT_EQ(one.kind(), placement_kind::bind);
    ASSERT_EQ(one.legs().size(), 1U);
    EXPECT_EQ(one.legs()[0].node, 2);
    EXPECT_EQ(one.legs()[0].headroom, 32 * mib);
    EXPECT_EQ(one.legs()[0].device, nullptr);
}

TEST(Placement, ChainOfNodesAndADevice) {
    placement chain;
    ASSERT_TRUE(chain.parse("chain:2;headroom=67108864,"
                            "/dev/dax0.0;align=1073741824;size=4294967296,1023"));
    EXPECT_EQ(chain.kind(), placement_kind::chain);
    ASSERT_EQ(chain.legs().size(), 3U);
    EXPECT_EQ(chain.legs()[0].headroom, 64 * mib);
    EXPECT_STREQ(chain.legs()[1].device, "/dev/dax0.0");
    EXPECT_EQ(chain.legs()[1].node, -1);
    EXPECT_EQ(chain.legs()[1].device_align, 1024 * mib);
    EXPECT_EQ(chain.legs()[1].device_size, 4096 * mib);
    EXPECT_EQ(chain.legs()[1].headroom, 0U);
    EXPECT_EQ(chain.legs()[2].node, 1023);
}

TEST(Placement, Weights) {
    placement spread;
    ASSERT_TRUE(spread.parse("interleave:0*3,2,/dev/dax1.0*255;size=2097152"));
    ASSERT_EQ(spread.legs().size(), 3U);
    EXPECT_EQ(spread.legs()[0].weight, 3U);
    EXPECT_EQ(spread.legs()[1].weight, 1U);
    EXPECT_EQ(spread.legs()[2].weight, 255U);
    EXPECT_STREQ(spread.legs()[2].device, "/dev/dax1.0");
}

TEST(Placement, KeepsItsTextWhenTheEnvironmentIsOverwritten) {
    std::string text = "chain:/dev/dax0.0;size=2097152,0";
    placement chain;
    ASSERT_TRUE(chain.parse(text));
    text.assign(text.size(), 'x');
    EXPECT_STREQ(chain.legs()[0].device, "/dev/dax0.0");
}

TEST(Placement, RefusesWhatItCannotRead) {
    for (const char* text : {"",
                             "2",
                             "bind",
                             "bind:",
                             "bind:node2",
                             "bind:-1",
                             "bind:1024",
                             "bind:0,1",
                             "prefer:0,1",
                             "best:0",
                             "chain:0,,1",
                             "chain:0;headroom=",
                             "chain:0;headroom=1k",
                             "chain:0;size=1",
                             "chain:/dev/dax0.0",
                             "chain:/dev/dax0.0;size=2097152;align=3",
                             "chain:0;color=1",
                             "interleave:0*0",
                             "interleave:0*256",
                             "interleave:0*",
                             "interleave:0*x"}) {
        placement none;
        EXPECT_FALSE(none.parse(text)) << text;
        EXPECT_FALSE(none.error().empty()) << text;
        EXPECT_TRUE(none.legs().empty()) << text;
    }
}

TEST(Placement, RefusesMoreMemoriesAndLongerTextsThanThereIsRoomFor) {
    std::string legs = "chain:0";
    for (std::size_t i = 1; i < most_legs; ++i) {
        legs += "," + std::to_string(i);
    }
    placement all;
    EXPECT_TRUE(all.parse(legs));
    EXPECT_EQ(all.legs().size(), most_legs);
    placement more;
    EXPECT_FALSE(more.parse(legs + ",99"));
    placement longer;
    EXPECT_FALSE(longer.parse("bind:" + std::string(10'000, '0')));
}

TEST(Settings, Bytes) {
    std::size_t bytes = 7;
    EXPECT_TRUE(parse_bytes("1048576", bytes));
    EXPECT_EQ(bytes, mib);
    for (const char* text : {"", "1M", " 1", "-1", "18446744073709551616"}) {
        EXPECT_FALSE(parse_bytes(text, bytes)) << text;
    }
}

TEST(Settings, ReportPipe) {
    report_pipe pipe;
    EXPECT_TRUE(parse_report_pipe("5:1234", pipe));
    EXPECT_EQ(pipe.descriptor, 5);
    EXPECT_EQ(pipe.inode, 1234U);
    for (const char* text : {"", "5", "5:", ":5", "x:1", "99999999999:1"}) {
        EXPECT_FALSE(parse_report_pipe(text, pipe)) << text;
    }
}

} // namespace
} // namespace hetmem::preload
