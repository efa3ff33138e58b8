#include "publish/markup.hpp"

#include <gtest/gtest.h>

namespace hetmem::detail {
namespace {

TEST(Markup, WhatIsOpenedIsClosed) {
    markup page;
    page.in("ul", {{"class", "plain"}}, [&] { page.leaf("li", "one"); });
    EXPECT_EQ(page.text(), "<ul class=\"plain\"><li>one</li>\n</ul>\n");
}

TEST(Markup, TextAndAttributesAreEscaped) {
    markup page;
    page.leaf("p", "<script>alert('1' & \"2\")</script>", {{"title", "\"><b>"}});
    EXPECT_EQ(page.text(), "<p title=\"&quot;&gt;&lt;b&gt;\">&lt;script&gt;alert(&#39;1&#39; &amp; "
                           "&quot;2&quot;)&lt;/script&gt;</p>\n");
}

TEST(Markup, WhatNoReaderShouldGetIsReplaced) {
    EXPECT_EQ(escaped("a\x1b[2J\r\n\xff\u202e"), "a\uFFFD[2J\uFFFD\uFFFD\uFFFD\uFFFD");
}

TEST(Markup, CodeStandsBetweenBackticks) {
    markup page;
    page.prose("p", "run `hetmem show <x>`, then `again`.");
    EXPECT_EQ(page.text(), "<p>run <code>hetmem show &lt;x&gt;</code>, then <code>again</code>."
                           "</p>\n");
}

TEST(Markup, ABacktickAloneIsItself) {
    markup page;
    page.add_prose("`a` and `b");
    EXPECT_EQ(page.text(), "<code>a</code> and `b");
}

TEST(Markup, EmptyElementsEndThemselves) {
    markup page;
    page.empty("meta", {{"charset", "utf-8"}});
    EXPECT_EQ(page.text(), "<meta charset=\"utf-8\"/>\n");
}

} // namespace
} // namespace hetmem::detail
