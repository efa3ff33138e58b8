#include "kernel/text.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace hetmem::kernel {
namespace {

using testing::Eq;
using testing::Optional;

TEST(text, whole_numbers_only) {
    EXPECT_THAT(parse_u64(" 42\n"), Optional(42U));
    EXPECT_THAT(parse_u64("18446744073709551615"), Optional(18446744073709551615U));
    for (const char* wrong :
         {"", " ", "-1", "+1", "4x", "4 2", "0x10", "18446744073709551616", "1.5", "ten"}) {
        EXPECT_THAT(parse_u64(wrong), Eq(std::nullopt)) << wrong;
    }
    EXPECT_THAT(parse_i64("-1\n"), Optional(-1));
    EXPECT_THAT(parse_i64("9223372036854775808"), Eq(std::nullopt));
}

TEST(text, hexadecimal_with_and_without_prefix) {
    EXPECT_THAT(parse_hex("8000000\n"), Optional(0x8000000U));
    EXPECT_THAT(parse_hex("0xFF"), Optional(255U));
    EXPECT_THAT(parse_hex("0x"), Eq(std::nullopt));
    EXPECT_THAT(parse_hex("10000000000000000"), Eq(std::nullopt));
    EXPECT_THAT(parse_any_base("0x10"), Optional(16U));
    EXPECT_THAT(parse_any_base("10"), Optional(10U));
    EXPECT_THAT(parse_any_base("ff"), Eq(std::nullopt));
}

TEST(text, a_node_that_the_kernel_does_not_know_is_none) {
    EXPECT_THAT(parse_node("255\n"), Optional(255));
    EXPECT_THAT(parse_node("-1\n"), Eq(std::nullopt));
    EXPECT_THAT(parse_node("65536"), Eq(std::nullopt));
    EXPECT_THAT(parse_node("4294967295"), Eq(std::nullopt));
}

TEST(text, numbered_names) {
    EXPECT_THAT(number_after("node", "node0"), Optional(0U));
    EXPECT_THAT(number_after("node", "node1023"), Optional(1023U));
    for (const char* wrong : {"node", "node01", "node1x", "nod1", "xnode1", "node-1", "node 1",
                              "node4294967296", "memory_side_cache"}) {
        EXPECT_THAT(number_after("node", wrong), Eq(std::nullopt)) << wrong;
    }
}

TEST(text, masks_count_from_the_last_word) {
    EXPECT_EQ(parse_mask("00000000,0000000f\n")->to_string(), "0-3");
    EXPECT_EQ(parse_mask("00000001,80000000")->to_string(), "31-32");
    EXPECT_EQ(parse_mask("")->to_string(), "");
    EXPECT_THAT(parse_mask("0000000g"), Eq(std::nullopt));
    EXPECT_THAT(parse_mask("1ffffffff"), Eq(std::nullopt));
    EXPECT_THAT(parse_mask("1,,1"), Eq(std::nullopt));
}

TEST(text, a_mask_beyond_all_limits_is_refused) {
    std::string words = "1";
    for (unsigned i = 0; i < id_set::limit / 32; ++i) {
        words += ",0";
    }
    EXPECT_THAT(parse_mask(words), Eq(std::nullopt));
}

TEST(text, natural_order) {
    std::vector<std::string> names = {"dax10.0", "dax2.1", "dax2.0", "dax2.10", "dax", "cxl3"};
    std::sort(names.begin(), names.end(), natural_less);
    EXPECT_THAT(names,
                testing::ElementsAre("cxl3", "dax", "dax2.0", "dax2.1", "dax2.10", "dax10.0"));
    EXPECT_TRUE(natural_less("a01", "a1") != natural_less("a1", "a01")) << "a strict order";
    EXPECT_FALSE(natural_less("a1", "a1"));
}

TEST(text, words_and_lines) {
    std::string_view text = "  one two\nthree\n\nlast";
    EXPECT_THAT(next_line(text), Optional(Eq("  one two")));
    EXPECT_THAT(next_line(text), Optional(Eq("three")));
    EXPECT_THAT(next_line(text), Optional(Eq("")));
    EXPECT_THAT(next_line(text), Optional(Eq("last")));
    EXPECT_THAT(next_line(text), Eq(std::nullopt));

    std::string_view words = "  one two ";
    EXPECT_EQ(next_word(words), "one");
    EXPECT_EQ(next_word(words), "two");
    EXPECT_EQ(next_word(words), "");
}

} // namespace
} // namespace hetmem::kernel
