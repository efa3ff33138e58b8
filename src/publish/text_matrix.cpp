#include "publish/figures.hpp"
#include "publish/format.hpp"
#include "publish/matrix.hpp"
#include "publish/text_parts.hpp"
#include "publish/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hetmem::detail {
namespace {

constexpr std::size_t gap = 2;
constexpr std::size_t longest_name = 16;

std::string title_of(const matrix& m, std::size_t layer, bool both) {
    if (layer == matrix::distance_layer) {
        return "relative distance (10 is local; not a time)";
    }
    const quantity what = all_quantities[layer];
    const std::string_view words = !both              ? words_of(what)
                                   : is_latency(what) ? "latency, read and write"
                                                      : "bandwidth, read and write";
    std::string title = fmt::format("{}, {}", words, unit_of(what));
    const std::vector<source> sources = sources_in(m.all[layer].sources);
    if (sources.size() == 1) {
        title.append(fmt::format(" ({})", to_string(sources.front())));
    } else if (sources.size() > 1) {
        std::vector<std::string> marks;
        for (const source from : sources) {
            marks.push_back(fmt::format("{} {}", letter_of(from), to_string(from)));
        }
        title.append(fmt::format(" ({})", fmt::join(marks, ", ")));
    }
    return title;
}

/// One table of one layer with the columns [first, end).
block table_of(const matrix& m, std::size_t layer,
               const std::vector<std::vector<std::string>>& text,
               const std::vector<std::size_t>& widths, std::size_t label_width, std::size_t first,
               std::size_t end) {
    block lines;
    line head;
    head.append("from\\to", look::faint).pad_to(label_width);
    std::size_t column = label_width;
    for (std::size_t c = first; c < end; ++c) {
        column += gap + widths[c];
        head.append_right(cut_to(m.columns[c].name, widths[c]), column, look::strong);
    }
    lines.push_back(std::move(head));
    for (std::size_t r = 0; r < m.rows.size(); ++r) {
        line row;
        row.append(cut_to(line(m.rows[r].name, look::strong), label_width)).pad_to(label_width);
        column = label_width;
        for (std::size_t c = first; c < end; ++c) {
            column += gap + widths[c];
            const spread& all = m.cell(layer, r, c).others;
            const bool number = all.known || m.cell(layer, r, c).own.known;
            row.append_right(text[r][c], column, number ? look::plain : look::faint);
        }
        lines.push_back(std::move(row));
    }
    return lines;
}

/// All columns of one layer, in as many blocks of columns as the width asks for.
std::vector<block> tables_of(const matrix& m, std::size_t layer, bool both, std::size_t columns) {
    const cell_style style = style_of(m, layer);
    std::size_t label_width = 7;
    for (const matrix::side& row : m.rows) {
        label_width = std::max(label_width, std::min(line(row.name).columns(), longest_name));
    }
    const std::size_t room = columns - label_width - gap;
    std::vector<std::size_t> widths;
    for (const matrix::side& column : m.columns) {
        widths.push_back(std::clamp<std::size_t>(line(column.name).columns(), 1, longest_name));
    }
    std::vector<std::vector<std::string>> text(m.rows.size());
    for (std::size_t r = 0; r < m.rows.size(); ++r) {
        for (std::size_t c = 0; c < m.columns.size(); ++c) {
            text[r].push_back(cut_to(cell_text(m.cell(layer, r, c), style), room));
            widths[c] = std::max(widths[c], columns_of(text[r][c]));
        }
    }
    std::vector<block> tables;
    const line title(title_of(m, layer, both), look::strong);
    for (std::size_t first = 0; first < m.columns.size();) {
        std::size_t end = first;
        for (std::size_t used = label_width; end < m.columns.size(); ++end) {
            used += gap + widths[end];
            if (used > columns && end > first) {
                break;
            }
        }
        block table = wrap(tables.empty() ? title : line(title).append(", continued"), columns);
        append(table, table_of(m, layer, text, widths, label_width, first, end));
        tables.push_back(std::move(table));
        first = end;
    }
    return tables;
}

void add_group_legend(const topology& machine, const matrix& m, std::size_t columns, block& lines) {
    lines.emplace_back();
    append(lines,
           wrap(line("Similar initiators and memories are one row or column: low-high are the "
                     "least and greatest figure, a/b those of a node's own memory / of "
                     "others'. The full matrix is in the JSON form.",
                     look::faint),
                columns));
    const auto list = [&](const matrix::side& side, const std::string& members) {
        if (side.members.size() > 1 && members != side.name) {
            append(lines, wrap(line(side.name, look::strong)
                                   .append(fmt::format(" is {} ({} in all)", members,
                                                       side.members.size())),
                               columns, 4));
        }
    };
    for (const matrix::side& side : m.columns) {
        list(side, target_names(machine, side.members, 12));
    }
    for (const matrix::side& side : m.rows) {
        const bool told = std::any_of(m.columns.begin(), m.columns.end(),
                                      [&](const matrix::side& c) { return c.name == side.name; });
        if (!told) {
            list(side, initiator_names(machine, side.members, 12));
        }
    }
}

} // namespace

block draw_matrix(const topology& machine, std::size_t columns) {
    if (machine.initiators().empty() || machine.targets().empty()) {
        return {};
    }
    const matrix m = make_matrix(machine);
    std::vector<block> tables;
    const auto add_tables = [&](std::size_t layer, bool both) {
        for (block& table : tables_of(m, layer, both, columns)) {
            tables.push_back(std::move(table));
        }
    };
    const matrix_plan plan = plan_of(m);
    for (const matrix_plan::table& one : plan.tables) {
        add_tables(one.layer, one.both);
    }
    if (!m.blank(matrix::distance_layer)) {
        add_tables(matrix::distance_layer, false);
    }
    block lines = side_by_side(tables, columns, 4);
    if (!plan.unknown.empty()) {
        if (!lines.empty()) {
            lines.emplace_back();
        }
        const std::string what = plan.unknown.size() == quantity_count
                                     ? "latency and bandwidth"
                                     : fmt::format("{}", fmt::join(plan.unknown, ", "));
        append(lines, wrap(line("unknown for every pair: " + what), columns, 4));
    }
    std::vector<line> marks;
    const auto any = [&m](bool spread::*state) {
        for (std::size_t layer = 0; layer < matrix::layers; ++layer) {
            if (!m.blank(layer) && m.all[layer].*state) {
                return true;
            }
        }
        return false;
    };
    if (any(&spread::unknown)) {
        marks.emplace_back("? unknown", look::faint);
    }
    if (any(&spread::unreachable)) {
        marks.emplace_back("× unreachable", look::faint);
    }
    if (!marks.empty() && !tables.empty()) {
        lines.emplace_back();
        append(lines, wrap_list(marks, " · ", columns));
    }
    if (m.grouped) {
        add_group_legend(machine, m, columns, lines);
    }
    return lines;
}

} // namespace hetmem::detail
