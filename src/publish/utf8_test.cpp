#include "publish/utf8.hpp"

#include <gtest/gtest.h>

#include <string>

namespace hetmem::detail {
namespace {

TEST(Utf8, CodePointsAreReadAndWrittenBack) {
    const std::string text = "a·│日😀";
    std::string again;
    for (std::size_t position = 0; position < text.size();) {
        append_utf8(again, next_code_point(text, position));
    }
    EXPECT_EQ(again, text);
}

TEST(Utf8, WhatIsNotUtf8BecomesReplacementCharacters) {
    EXPECT_EQ(printable("a\xFFz"), "a\uFFFDz");
    EXPECT_EQ(printable("\xC0\xAF"), "\uFFFD\uFFFD") << "an overlong slash";
    EXPECT_EQ(printable("\xE2\x94"), "\uFFFD\uFFFD") << "cut short";
    EXPECT_EQ(printable("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD") << "a surrogate";
}

TEST(Utf8, ControlAndInvisibleCharactersAreReplaced) {
    EXPECT_EQ(printable("\x1b[31m"), "\uFFFD[31m");
    EXPECT_EQ(printable("a\r\n\tb\x7f"), "a\uFFFD\uFFFD\uFFFDb\uFFFD");
    EXPECT_EQ(printable("\u009b2J"), "\uFFFD2J") << "C1 control sequence introducer";
    EXPECT_EQ(printable("\u202Eabc\u200B\uFEFF"), "\uFFFDabc\uFFFD\uFFFD");
    EXPECT_EQ(printable("Intel® é"), "Intel® é");
}

TEST(Utf8, ColumnsAreThoseOfATerminal) {
    EXPECT_EQ(columns_of("node0"), 5U);
    EXPECT_EQ(columns_of("╭─×·…"), 5U);
    EXPECT_EQ(columns_of("日本"), 4U);
    EXPECT_EQ(columns_of("e\u0301"), 1U) << "a combining accent takes none";
}

TEST(Utf8, CuttingNeverExceedsTheColumns) {
    EXPECT_EQ(cut_to("node10", 6), "node10");
    EXPECT_EQ(cut_to("node10", 5), "node…");
    EXPECT_EQ(cut_to("日本語", 4), "日…");
    EXPECT_EQ(cut_to("abc", 0), "");
}

TEST(Utf8, AsciiHasTheSameShape) {
    EXPECT_EQ(to_ascii("╭─┐│█░×·…"), "+-+|#.x-~");
    EXPECT_EQ(to_ascii("日é"), "___");
}

} // namespace
} // namespace hetmem::detail
