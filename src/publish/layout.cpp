#include "publish/layout.hpp"

#include "publish/utf8.hpp"

#include <algorithm>
#include <utility>

namespace hetmem::detail {
namespace {

std::string_view escape_of(look style) {
    switch (style) {
    case look::plain:
        break;
    case look::strong:
        return "\x1b[1m";
    case look::faint:
        return "\x1b[2m";
    case look::alarm:
        return "\x1b[1;31m";
    case look::dram:
        return "\x1b[1;34m";
    case look::hbm:
        return "\x1b[1;33m";
    case look::pmem:
        return "\x1b[1;32m";
    case look::cxl:
        return "\x1b[1;35m";
    case look::device:
        return "\x1b[1;36m";
    }
    return {};
}

std::size_t columns_of_run(const line::run& run) {
    return columns_of(run.text);
}

/// The words of a line; one word may have several styles.
std::vector<line> words_of(const line& text) {
    std::vector<line> words(1);
    for (const line::run& run : text.runs()) {
        std::string_view rest = run.text;
        for (;;) {
            const std::size_t space = rest.find(' ');
            const std::string_view word = rest.substr(0, space);
            if (!word.empty()) {
                words.back().append(word, run.style);
            }
            if (space == std::string_view::npos) {
                break;
            }
            if (!words.back().empty()) {
                words.emplace_back();
            }
            rest.remove_prefix(space + 1);
        }
    }
    if (words.back().empty()) {
        words.pop_back();
    }
    return words;
}

/// Adds a word that is longer than a line, going on to the next line at any character.
template <class BreakLine>
void append_broken(block& lines, const line& word, std::size_t columns, BreakLine&& break_line) {
    for (const line::run& run : word.runs()) {
        const std::string_view text = run.text;
        std::size_t start = 0;
        std::size_t used = lines.back().columns();
        for (std::size_t position = 0; position < text.size();) {
            std::size_t next = position;
            const unsigned more = columns_of(next_code_point(text, next));
            if (used + more > columns) {
                lines.back().append(text.substr(start, position - start), run.style);
                break_line();
                used = lines.back().columns();
                start = position;
            }
            used += more;
            position = next;
        }
        lines.back().append(text.substr(start), run.style);
    }
}

struct corners {
    std::string_view upper_left, upper_right, lower_left, lower_right;
};

std::string repeated(std::string_view what, std::size_t times) {
    std::string text;
    text.reserve(what.size() * times);
    for (std::size_t i = 0; i < times; ++i) {
        text.append(what);
    }
    return text;
}

} // namespace

void line::add(std::string&& text, look style) {
    if (text.empty()) {
        return;
    }
    columns_ += columns_of(text);
    if (!runs_.empty() && runs_.back().style == style) {
        runs_.back().text.append(text);
    } else {
        runs_.push_back({std::move(text), style});
    }
}

line& line::append(std::string_view text, look style) {
    add(printable(text), style);
    return *this;
}

line& line::append(const line& other) {
    for (const run& r : other.runs_) {
        add(std::string(r.text), r.style);
    }
    return *this;
}

line& line::pad_to(std::size_t column) {
    if (columns_ < column) {
        add(std::string(column - columns_, ' '), look::plain);
    }
    return *this;
}

line& line::append_right(std::string_view text, std::size_t column, look style) {
    const std::size_t width = columns_of(text);
    pad_to(column > width ? column - width : 0);
    return append(text, style);
}

line cut_to(const line& text, std::size_t columns) {
    if (text.columns() <= columns) {
        return text;
    }
    line result;
    for (const line::run& run : text.runs()) {
        const std::size_t left = columns - result.columns();
        if (columns_of_run(run) >= left) {
            // One column more than there is, so that the ellipsis comes even when this run fits
            // and the next does not.
            result.append(cut_to(run.text + "  ", left), run.style);
            break;
        }
        result.append(run.text, run.style);
    }
    return result;
}

block wrap(const line& text, std::size_t columns, std::size_t indent) {
    columns = std::max<std::size_t>(columns, 2);
    indent = std::min(indent, columns / 2);
    block lines(1);
    bool fresh = true;
    const auto break_line = [&] {
        lines.emplace_back();
        lines.back().pad_to(indent);
        fresh = true;
    };
    for (const line& word : words_of(text)) {
        if (!fresh && lines.back().columns() + 1 + word.columns() > columns) {
            break_line();
        }
        if (!fresh) {
            const look before = lines.back().runs().back().style;
            const look after = word.runs().front().style;
            lines.back().append(" ", before == after ? before : look::plain);
        }
        if (lines.back().columns() + word.columns() <= columns) {
            lines.back().append(word);
        } else {
            append_broken(lines, word, columns, break_line);
        }
        fresh = false;
    }
    return lines;
}

block wrap_list(const std::vector<line>& items, std::string_view separator, std::size_t columns,
                std::size_t indent) {
    block lines(1);
    bool fresh = true;
    for (const line& item : items) {
        const std::size_t after = lines.back().columns() + columns_of(separator) + item.columns();
        if (!fresh && after > columns) {
            lines.emplace_back();
            lines.back().pad_to(indent);
            fresh = true;
        }
        if (lines.back().columns() + item.columns() > columns) {
            const block parts = wrap(item, columns - indent);
            lines.back().append(parts.front());
            for (std::size_t i = 1; i < parts.size(); ++i) {
                lines.emplace_back();
                lines.back().pad_to(indent).append(parts[i]);
            }
        } else {
            lines.back().append(fresh ? "" : separator, look::faint).append(item);
        }
        fresh = false;
    }
    return lines;
}

block labelled(const line& label, std::size_t label_columns, const block& text) {
    block lines;
    for (const line& part : text) {
        line whole;
        if (lines.empty()) {
            whole.append(cut_to(label, label_columns - 1));
        }
        lines.push_back(whole.pad_to(label_columns).append(part));
    }
    return lines;
}

block boxed(const line& title, const line& remark, const block& content, std::size_t columns,
            frame shape) {
    const corners c =
        shape == frame::rounded ? corners{"╭", "╮", "╰", "╯"} : corners{"┌", "┐", "└", "┘"};
    const std::size_t inner = columns - 4;
    // "╭─ title ── remark ─╮": a long title leaves the remark some room, and takes the rest.
    const std::size_t room = columns - 8;
    const std::size_t for_remark =
        std::max<std::size_t>(24, room > title.columns() + 3 ? room - title.columns() - 3 : 0);
    const line right = cut_to(remark, std::min(for_remark, room / 2 + 8));
    const line left = cut_to(title, room - (right.empty() ? 0 : right.columns() + 3));

    block lines;
    line top;
    top.append(c.upper_left, look::faint).append("─ ", look::faint).append(left);
    top.append(" ");
    const std::size_t right_columns = right.empty() ? 0 : right.columns() + 2;
    top.append(repeated("─", columns - 2 - top.columns() - right_columns), look::faint);
    if (!right.empty()) {
        top.append(" ").append(right).append(" ");
    }
    top.append("─", look::faint).append(c.upper_right, look::faint);
    lines.push_back(std::move(top));
    for (const line& l : content) {
        line framed;
        framed.append("│ ", look::faint).append(cut_to(l, inner)).pad_to(columns - 2);
        lines.push_back(framed.append(" │", look::faint));
    }
    line bottom;
    bottom.append(c.lower_left, look::faint).append(repeated("─", columns - 2), look::faint);
    lines.push_back(bottom.append(c.lower_right, look::faint));
    return lines;
}

block side_by_side(const std::vector<block>& blocks, std::size_t columns, std::size_t gap) {
    const auto width_of = [](const block& b) {
        std::size_t width = 0;
        for (const line& l : b) {
            width = std::max(width, l.columns());
        }
        return width;
    };
    block lines;
    for (std::size_t first = 0; first < blocks.size();) {
        block row = blocks[first];
        std::size_t width = width_of(row);
        std::size_t next = first + 1;
        for (; next < blocks.size(); ++next) {
            const std::size_t more = width_of(blocks[next]);
            if (width + gap + more > columns) {
                break;
            }
            row.resize(std::max(row.size(), blocks[next].size()));
            for (std::size_t i = 0; i < blocks[next].size(); ++i) {
                row[i].pad_to(width + gap).append(blocks[next][i]);
            }
            width += gap + more;
        }
        if (!lines.empty()) {
            lines.emplace_back();
        }
        append(lines, row);
        first = next;
    }
    return lines;
}

void append(block& to, const block& more) {
    to.insert(to.end(), more.begin(), more.end());
}

std::string render(const block& lines, bool color, bool unicode) {
    std::string out;
    for (const line& l : lines) {
        const std::size_t start = out.size();
        for (const line::run& run : l.runs()) {
            const std::string text = unicode ? run.text : to_ascii(run.text);
            const std::string_view escape = color ? escape_of(run.style) : std::string_view{};
            out.append(escape).append(text);
            if (!escape.empty()) {
                out.append("\x1b[0m");
            }
        }
        // Only plain padding can stand at an end: everything styled there is text.
        while (out.size() > start && out.back() == ' ') {
            out.pop_back();
        }
        out.push_back('\n');
    }
    return out;
}

} // namespace hetmem::detail
