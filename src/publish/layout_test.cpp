#include "publish/layout.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hetmem::detail {
namespace {

std::string text(const block& lines) {
    return render(lines, false, true);
}

TEST(Layout, WrappingBreaksAtSpacesAndIndents) {
    EXPECT_EQ(text(wrap(line("one two three four"), 9, 2)), "one two\n  three\n  four\n");
    EXPECT_EQ(text(wrap(line(""), 9)), "\n");
}

TEST(Layout, AWordLongerThanALineIsBrokenAnywhere) {
    EXPECT_EQ(text(wrap(line("ab 123456789 cd"), 5)), "ab\n12345\n6789\ncd\n");
    EXPECT_EQ(text(wrap(line("日本語"), 5)), "日本\n語\n");
}

TEST(Layout, StylesSurviveWrapping) {
    const block lines = wrap(line("a ", look::plain).append("b c", look::strong), 3);
    EXPECT_EQ(render(lines, true, true), "a \x1b[1mb\x1b[0m\n\x1b[1mc\x1b[0m\n");
}

TEST(Layout, ListsBreakBetweenItems) {
    const std::vector<line> items{line("a b"), line("c d"), line("e f")};
    EXPECT_EQ(text(wrap_list(items, " · ", 9, 2)), "a b · c d\n  e f\n");
    EXPECT_EQ(text(wrap_list({line("x"), line("much too long")}, ", ", 8, 0)),
              "x\nmuch too\nlong\n");
}

TEST(Layout, ABoxHasExactlyItsWidth) {
    const block lines =
        boxed(line("title"), line("right"), {line("content"), line("a longer line than fits")}, 24,
              frame::square);
    EXPECT_EQ(text(lines), "┌─ title ────── right ─┐\n"
                           "│ content              │\n"
                           "│ a longer line than … │\n"
                           "└──────────────────────┘\n");
}

TEST(Layout, ABoxWithALongTitleStillShowsItsRemark) {
    const block lines = boxed(line(std::string(100, 'x')), line("offline"), {}, 40, frame::rounded);
    EXPECT_EQ(lines.front().columns(), 40U);
    EXPECT_THAT(text(lines), testing::HasSubstr("… ─── offline ─╮"));
}

TEST(Layout, BlocksStandBesideEachOtherWhileTheyFit) {
    const block a{line("a1"), line("a2")};
    const block b{line("b1")};
    EXPECT_EQ(text(side_by_side({a, b}, 8, 2)), "a1  b1\na2\n");
    EXPECT_EQ(text(side_by_side({a, b}, 5, 2)), "a1\na2\n\nb1\n");
}

TEST(Layout, WhatIsAppendedCannotControlATerminal) {
    EXPECT_EQ(text({line("\x1b[2J\n")}), "\uFFFD[2J\uFFFD\n");
}

} // namespace
} // namespace hetmem::detail
