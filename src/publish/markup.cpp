#include "publish/markup.hpp"

#include "publish/utf8.hpp"

namespace hetmem::detail {

std::string escaped(std::string_view text) {
    std::string result;
    for (const char c : printable(text)) {
        switch (c) {
        case '&':
            result.append("&amp;");
            break;
        case '<':
            result.append("&lt;");
            break;
        case '>':
            result.append("&gt;");
            break;
        case '"':
            result.append("&quot;");
            break;
        case '\'':
            result.append("&#39;");
            break;
        default:
            result.push_back(c);
        }
    }
    return result;
}

void markup::begin(std::string_view tag, const attributes& more, bool ends) {
    text_.append("<").append(tag);
    for (const auto& [name, value] : more) {
        text_.append(" ").append(name).append("=\"").append(escaped(value)).append("\"");
    }
    text_.append(ends ? "/>" : ">");
}

void markup::end(std::string_view tag) {
    text_.append("</").append(tag).append(">");
}

void markup::span(std::string_view tag, std::string_view content, const attributes& more) {
    begin(tag, more);
    add(content);
    end(tag);
}

void markup::leaf(std::string_view tag, std::string_view content, const attributes& more) {
    span(tag, content, more);
    text_ += '\n';
}

void markup::prose(std::string_view tag, std::string_view content, const attributes& more) {
    in(tag, more, [&] { add_prose(content); });
}

void markup::empty(std::string_view tag, const attributes& more) {
    begin(tag, more, true);
    text_ += '\n';
}

void markup::add(std::string_view plain_text) {
    text_.append(escaped(plain_text));
}

void markup::add_prose(std::string_view plain_text) {
    while (!plain_text.empty()) {
        const std::size_t first = plain_text.find('`');
        const std::size_t second =
            first == std::string_view::npos ? first : plain_text.find('`', first + 1);
        if (second == std::string_view::npos) {
            add(plain_text);
            return;
        }
        add(plain_text.substr(0, first));
        span("code", plain_text.substr(first + 1, second - first - 1));
        plain_text.remove_prefix(second + 1);
    }
}

void markup::add_markup(std::string_view finished) {
    text_.append(finished);
}

} // namespace hetmem::detail
