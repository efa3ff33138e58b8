// publish/layout.hpp: building blocks of a text drawing: styled lines, wrapping, boxes, columns.
//
// Everything is drawn with Unicode and with styles; only render() decides whether colour and
// characters beyond ASCII come out, so that all forms of a drawing have the same shape.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hetmem::detail {

enum class look : std::uint8_t {
    plain,
    strong, ///< names
    faint,  ///< frames, labels, sources
    alarm,  ///< what is wrong or missing
    dram,
    hbm,
    pmem,
    cxl,
    device,
};

/// One line of a drawing. What is appended is made printable first (see publish/utf8.hpp).
class line {
public:
    struct run {
        std::string text;
        look style = look::plain;
    };

    line() = default;
    line(std::string_view text, look style = look::plain) { append(text, style); }

    line& append(std::string_view text, look style = look::plain);
    line& append(const line& other);
    /// Spaces up to a column.
    line& pad_to(std::size_t column);
    /// `text` ends at the column.
    line& append_right(std::string_view text, std::size_t column, look style = look::plain);

    std::size_t columns() const { return columns_; }
    bool empty() const { return runs_.empty(); }
    const std::vector<run>& runs() const { return runs_; }

private:
    void add(std::string&& text, look style);

    std::vector<run> runs_;
    std::size_t columns_ = 0;
};

using block = std::vector<line>;

/// The part that fits, with an ellipsis where something was left out.
line cut_to(const line& text, std::size_t columns);

/// Breaks at spaces; what is longer than a line is broken anywhere. Lines after the first are
/// indented. At least one line.
block wrap(const line& text, std::size_t columns, std::size_t indent = 0);

/// Breaks between items only, as far as an item fits a line.
block wrap_list(const std::vector<line>& items, std::string_view separator, std::size_t columns,
                std::size_t indent = 0);

/// `label` in its own column, the lines of `text` beside it.
block labelled(const line& label, std::size_t label_columns, const block& text);

enum class frame : std::uint8_t { rounded, square };

/// A box of exactly `columns`, with one text at the left and one at the right of its upper edge.
block boxed(const line& title, const line& remark, const block& content, std::size_t columns,
            frame shape);

/// Blocks side by side while they fit, below each other otherwise.
block side_by_side(const std::vector<block>& blocks, std::size_t columns, std::size_t gap);

void append(block& to, const block& more);

/// The lines as one string, each ended by a line break, without spaces at their ends.
std::string render(const block& lines, bool color, bool unicode);

} // namespace hetmem::detail
