#include "tool/table_set.hpp"

#include "tool/arguments.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hetmem::tool {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(TableSet, ReadsFigures) {
    EXPECT_THAT(parse_set("node0,dax0.0,read_latency=250.5ns"),
                ElementsAre(set_figure{"node0", "dax0.0", quantity::read_latency, 250'500}));
    EXPECT_THAT(parse_set("pxm0,pxm2,bandwidth=61.4GB/s"),
                ElementsAre(set_figure{"pxm0", "pxm2", quantity::read_bandwidth, 61'400'000'000},
                            set_figure{"pxm0", "pxm2", quantity::write_bandwidth, 61'400'000'000}));
    EXPECT_EQ(parse_set("a,b,write_latency=1.5 us")[0].value, 1'500'000U);
    EXPECT_EQ(parse_set("a,b,latency=90ps")[0].value, 90U);
    EXPECT_EQ(parse_set("a,b,write_bandwidth=204800 MB/s")[0].value, 204'800'000'000U);
}

TEST(TableSet, SaysWhatIsWrong) {
    const auto refusal = [](std::string_view text) {
        try {
            parse_set(text);
        } catch (const usage_error& e) {
            return std::string(e.what());
        }
        return std::string("accepted");
    };
    for (const char* const text :
         {"", "a,b", "a,b,read_latency", ",b,read_latency=1ns", "a,,read_latency=1ns"}) {
        EXPECT_THAT(refusal(text), HasSubstr("expected FROM,TO,QUANTITY=VALUE")) << text;
    }
    EXPECT_THAT(refusal("a,b,speed=1ns"), HasSubstr("'speed' is no quantity"));
    for (const char* const value : {"", "1", "1GB/s", "-1ns", "0ns", "1e3ns", "0.5ps", "x ns"}) {
        EXPECT_THAT(refusal(std::string("a,b,read_latency=") + value),
                    HasSubstr("is no latency such as 250ns"))
            << value;
    }
    EXPECT_THAT(refusal("a,b,bandwidth=1ns"), HasSubstr("is no bandwidth such as 61.4GB/s"));
}

} // namespace
} // namespace hetmem::tool
