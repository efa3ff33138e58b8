#include "tool/parse_size.hpp"

#include <gtest/gtest.h>

namespace hetmem::tool {
namespace {

std::uint64_t bytes(std::string_view text) {
    return parse_size(text).value().bytes();
}

TEST(ParseSize, UnitsArePowersOf1024) {
    EXPECT_EQ(bytes("0"), 0U);
    EXPECT_EQ(bytes("4096"), 4096U);
    EXPECT_EQ(bytes("4096B"), 4096U);
    EXPECT_EQ(bytes("3k"), 3072U);
    EXPECT_EQ(bytes("64M"), 64U << 20);
    EXPECT_EQ(bytes("64MiB"), 64U << 20);
    EXPECT_EQ(bytes("64mib"), 64U << 20);
    EXPECT_EQ(bytes("1.5GiB"), 3U << 29);
    EXPECT_EQ(bytes("2T"), std::uint64_t{2} << 40);
    EXPECT_EQ(bytes("18446744073709551615"), ~std::uint64_t{0});
}

TEST(ParseSize, RefusesWhatIsNoSize) {
    for (const char* text :
         {"", "M", "-1", "+1", " 1", "1 M", "1MB", "1Mi", "1.5", "1..5G", ".", "0x10", "1e3",
          "18446744073709551616", "16777216T", "99999999999.5T", "nan", "inf"}) {
        EXPECT_FALSE(parse_size(text)) << text;
    }
}

} // namespace
} // namespace hetmem::tool
