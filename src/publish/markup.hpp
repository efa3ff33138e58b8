// publish/markup.hpp: HTML (and the SVG in it) being written. Whatever text comes in is escaped,
// and what is opened is closed: the document is well-formed XML whatever is put into it.
//
//     markup page;
//     page.in("ul", {{"class", "plain"}}, [&] {
//         page.leaf("li", "a < b");                     // <li>a &lt; b</li>
//         page.prose("li", "`hetmem show` tells more"); // with <code>
//     });
//     use(page.text());
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hetmem::detail {

/// For text and for attributes in quotes: printable, and nothing in it is markup.
std::string escaped(std::string_view text);

class markup {
public:
    using attributes = std::vector<std::pair<std::string_view, std::string>>;

    /// An element with content that `write` adds.
    template <class Content>
    void in(std::string_view tag, const attributes& more, Content&& write) {
        begin(tag, more);
        write();
        end(tag);
        text_ += '\n';
    }
    template <class Content> void in(std::string_view tag, Content&& write) {
        in(tag, attributes{}, std::forward<Content>(write));
    }
    /// An element that holds text only.
    void leaf(std::string_view tag, std::string_view content, const attributes& more = {});
    /// The same within a line of text: no white space follows.
    void span(std::string_view tag, std::string_view content, const attributes& more = {});
    /// The same with what stands between two backticks as <code>.
    void prose(std::string_view tag, std::string_view content, const attributes& more = {});
    /// An element that never holds anything.
    void empty(std::string_view tag, const attributes& more = {});

    void add(std::string_view plain_text);
    void add_prose(std::string_view plain_text);
    /// Markup that is finished: escaped where it had to be.
    void add_markup(std::string_view finished);

    const std::string& text() const { return text_; }

private:
    void begin(std::string_view tag, const attributes& more, bool ends = false);
    void end(std::string_view tag);

    std::string text_;
};

} // namespace hetmem::detail
