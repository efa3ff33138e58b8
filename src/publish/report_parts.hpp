// publish/report_parts.hpp: the parts that a report is put together from, each in a file of its
// own.
#pragma once

#include "publish/markup.hpp"
#include "publish/matrix.hpp"
#include "publish/report.hpp"

#include <hetmem/topology.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hetmem::detail {

/// Rules for screen, phone, paper and dark rooms.
std::string_view report_style();

/// What each section is called in links.
namespace report_id {
inline constexpr std::string_view summary = "summary";
inline constexpr std::string_view machine = "machine";
inline constexpr std::string_view figures = "figures";
inline constexpr std::string_view measured = "measured";
inline constexpr std::string_view curves = "curves";
inline constexpr std::string_view findings = "findings";
inline constexpr std::string_view seals = "seals";
inline constexpr std::string_view provenance = "provenance";
inline constexpr std::string_view unread = "unread";
} // namespace report_id

// Each writes one section.
void write_summary(markup& page, const report_input& input);
void write_machine(markup& page, const report_input& input);
void write_figures(markup& page, const report_input& input, const matrix& figures);
void write_measured(markup& page, const report_input& input);
void write_curves(markup& page, const report_input& input);
void write_findings(markup& page, const report_input& input);
void write_seals(markup& page, const report_input& input);
void write_provenance(markup& page, const report_input& input, const matrix& figures);
void write_unread(markup& page, const report_input& input);

/// A section with its heading.
template <class Content>
void section(markup& page, std::string_view id, std::string_view heading, Content&& write) {
    const std::string label = std::string(id) + "-heading";
    page.in("section", {{"id", std::string(id)}, {"aria-labelledby", label}}, [&] {
        page.leaf("h2", heading, {{"id", label}});
        write();
    });
}

/// What is wider than a phone scrolls in its own box, by keyboard too.
template <class Content> void scroll_box(markup& page, std::string_view label, Content&& write) {
    page.in("div",
            {{"class", "scroll"},
             {"role", "region"},
             {"tabindex", "0"},
             {"aria-label", std::string(label)}},
            std::forward<Content>(write));
}

/// One cell of a table whose rows become cards on a phone.
struct card_cell {
    std::string text;
    std::string note = {};      ///< smaller, below it
    std::string_view look = {}; ///< class
    std::string picture = {};   ///< finished markup, behind the text
};
struct card_table {
    std::string caption;
    bool caption_hidden = false; ///< because the heading above says the same
    std::vector<std::string> columns;
    std::vector<unsigned> percent = {}; ///< widths, so that several tables align; empty: as needed
    std::vector<std::vector<card_cell>> rows; ///< the first cell is what the row is about
};
void write_cards(markup& page, const card_table& table);

/// "1 warning", "2 warnings"
std::string count_of(std::size_t count, std::string_view what);

} // namespace hetmem::detail
