#include "publish/report_parts.hpp"

#include <fmt/format.h>

namespace hetmem::detail {
namespace {

void write_cell(markup& page, const card_cell& cell) {
    // One child, since beside it stands the label on a phone.
    page.in("div", [&] {
        page.add_prose(cell.text);
        page.add_markup(cell.picture);
        if (!cell.note.empty()) {
            page.add(" "); // also where the page becomes plain text
            page.in("small", [&] { page.add_prose(cell.note); });
        }
    });
}

void write_row(markup& page, const card_table& table, const std::vector<card_cell>& row) {
    // A browser that lays a table out as cards forgets that it is one: the roles say so again.
    page.in("tr", {{"role", "row"}}, [&] {
        for (std::size_t c = 0; c < row.size(); ++c) {
            markup::attributes more{{"role", c == 0 ? "rowheader" : "cell"}};
            if (c == 0) {
                more.emplace_back("scope", "row");
            } else {
                more.emplace_back("data-label", table.columns[c]);
            }
            if (!row[c].look.empty()) {
                more.emplace_back("class", row[c].look);
            }
            page.in(c == 0 ? "th" : "td", more, [&] { write_cell(page, row[c]); });
        }
    });
}

} // namespace

void write_cards(markup& page, const card_table& table) {
    const std::string_view look = table.percent.empty() ? "cards" : "cards ruled";
    page.in("table", {{"class", std::string(look)}, {"role", "table"}}, [&] {
        page.leaf("caption", table.caption,
                  table.caption_hidden ? markup::attributes{{"class", "heard"}}
                                       : markup::attributes{});
        if (!table.percent.empty()) {
            page.in("colgroup", [&] {
                for (const unsigned width : table.percent) {
                    page.empty("col", {{"style", fmt::format("width: {}%", width)}});
                }
            });
        }
        page.in("thead", {{"role", "rowgroup"}}, [&] {
            page.in("tr", {{"role", "row"}}, [&] {
                for (const std::string& column : table.columns) {
                    page.leaf("th", column, {{"role", "columnheader"}, {"scope", "col"}});
                }
            });
        });
        page.in("tbody", {{"role", "rowgroup"}}, [&] {
            for (const std::vector<card_cell>& row : table.rows) {
                write_row(page, table, row);
            }
        });
    });
}

std::string count_of(std::size_t count, std::string_view what) {
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

} // namespace hetmem::detail
