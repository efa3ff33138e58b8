#include "publish/figures.hpp"
#include "publish/format.hpp"
#include "publish/groups.hpp"
#include "publish/report_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

namespace hetmem::detail {
namespace {

/// Classes s0 (worst) to s6 (best) of the style.
constexpr std::size_t shades = 7;
/// Tables with more columns are set smaller on paper.
constexpr std::size_t wide_from = 13;
constexpr std::size_t most_names = 12;

/// Cells whose figure was measured while something else ran.
class disturbed_cells {
public:
    disturbed_cells(const report_input& input, const matrix& m) : columns_(m.columns.size()) {
        for (auto& layer : layers_) {
            layer.resize(m.rows.size() * columns_);
        }
        for (const measurements* store : {input.machine_store, input.user_store}) {
            if (store == nullptr) {
                continue;
            }
            for (const measured_cell& cell : store->cells) {
                if (cell.verdict == interference::disturbed) {
                    add(input.machine, m, cell);
                }
            }
        }
    }
    bool at(std::size_t layer, std::size_t row, std::size_t column) const {
        return layers_[layer][row * columns_ + column];
    }

private:
    static std::size_t side_of(const std::vector<matrix::side>& sides, std::uint32_t member) {
        return static_cast<std::size_t>(std::ranges::find_if(sides,
                                                             [member](const matrix::side& side) {
                                                                 return std::ranges::binary_search(
                                                                     side.members, member);
                                                             }) -
                                        sides.begin());
    }
    void add(const topology& machine, const matrix& m, const measured_cell& cell) {
        const auto what = quantity_of(cell.what);
        const auto from = std::ranges::find(machine.initiators(), cell.initiator, &initiator::name);
        const auto to = std::ranges::find(machine.targets(), cell.target, &target::name);
        if (!what || from == machine.initiators().end() || to == machine.targets().end()) {
            return;
        }
        const std::size_t row = side_of(m.rows, from->id.index);
        const std::size_t column = side_of(m.columns, to->id.index);
        const matrix_cell& shown = m.cell(index_of(*what), row, column);
        const auto bits = static_cast<std::uint8_t>(shown.own.sources | shown.others.sources);
        if (std::ranges::count(sources_in(bits), source::measured) > 0) {
            layers_[index_of(*what)][row * columns_ + column] = true;
        }
    }

    std::size_t columns_;
    std::array<std::vector<bool>, quantity_count> layers_;
};

std::string names_of(std::uint8_t bits) {
    std::vector<std::string_view> names;
    for (const source from : sources_in(bits)) {
        names.push_back(to_string(from));
    }
    return fmt::format("{}", fmt::join(names, ", "));
}

void write_cell(markup& page, const matrix& m, std::size_t layer, const matrix_cell& cell,
                const cell_style& style, bool name_sources, bool disturbed) {
    const auto good = goodness(m, layer, cell);
    const bool unreachable = cell.own.unreachable || cell.others.unreachable;
    if (!good && !unreachable) {
        page.in("td", {{"class", "unknown"}}, [&] {
            page.span("span", "–", {{"aria-hidden", "true"}});
            page.span("span", "unknown", {{"class", "heard"}});
        });
        return;
    }
    std::string look = "none";
    if (good) {
        const auto shade = static_cast<std::size_t>(*good * static_cast<double>(shades));
        look = fmt::format("s{}{}", std::min(shade, shades - 1), disturbed ? " disturbed" : "");
    }
    page.in("td", {{"class", look}}, [&] {
        page.in("div", [&] {
            page.add(good ? cell_text(cell, style) : "×");
            page.add(" "); // also where the page becomes plain text
            if (!good) {
                page.leaf("small", "no path");
            } else if (name_sources) {
                page.leaf("small", names_of(static_cast<std::uint8_t>(cell.own.sources |
                                                                      cell.others.sources)));
            }
            if (disturbed) {
                page.leaf("small", "disturbed");
            }
        });
    });
}

std::string caption_of(const matrix& m, std::size_t layer, bool both) {
    if (layer == matrix::distance_layer) {
        return "Relative distance (10 is local; not a time)";
    }
    const quantity what = all_quantities[layer];
    const std::string words =
        both ? fmt::format("read and write {}", is_latency(what) ? "latency" : "bandwidth")
             : std::string(words_of(what));
    std::string caption = fmt::format("{}, {}", words, unit_of(what));
    caption.front() = 'R';
    if (what == quantity::write_latency || what == quantity::write_bandwidth) {
        caption.front() = 'W';
    }
    if (sources_in(m.all[layer].sources).size() == 1) {
        caption += fmt::format(", all from {}", names_of(m.all[layer].sources));
    }
    return caption;
}

void write_map(markup& page, const matrix& m, std::size_t layer, bool both,
               const disturbed_cells* disturbed) {
    cell_style style = style_of(m, layer);
    // Below the number, in words, where others have a letter behind it.
    const bool name_sources = style.mark_sources;
    style.mark_sources = false;
    const std::string caption = caption_of(m, layer, both);
    scroll_box(page, caption, [&] {
        page.in("table", {{"class", m.columns.size() >= wide_from ? "heat wide" : "heat"}}, [&] {
            page.leaf("caption", caption);
            page.in("thead", [&] {
                page.in("tr", [&] {
                    page.leaf("th", "from \\ to", {{"scope", "col"}});
                    for (const matrix::side& column : m.columns) {
                        page.leaf("th", column.name, {{"scope", "col"}});
                    }
                });
            });
            page.in("tbody", [&] {
                for (std::size_t r = 0; r < m.rows.size(); ++r) {
                    page.in("tr", [&] {
                        page.leaf("th", m.rows[r].name, {{"scope", "row"}});
                        for (std::size_t c = 0; c < m.columns.size(); ++c) {
                            write_cell(page, m, layer, m.cell(layer, r, c), style, name_sources,
                                       disturbed != nullptr && disturbed->at(layer, r, c));
                        }
                    });
                }
            });
        });
    });
}

void write_scale(markup& page) {
    page.in("p", {{"class", "scale"}}, [&] {
        page.span("span", "worst ");
        for (std::size_t s = 0; s < shades; ++s) {
            page.span("span", "",
                      {{"class", fmt::format("swatch s{}", s)}, {"aria-hidden", "true"}});
        }
        page.span("span", " best of each table (a logarithmic scale). – is unknown, × no path.");
    });
}

void write_groups(markup& page, const topology& machine, const matrix& m) {
    page.leaf("p", "Similar initiators and memories are one row or column: low-high are the least "
                   "and the greatest figure, a/b those of a node's own memory / of others', ? "
                   "that some are unknown. The JSON form has every pair.");
    page.in("details", [&] {
        page.leaf("summary", "What is in each row and column");
        page.in("ul", [&] {
            for (const matrix::side& side : m.columns) {
                page.leaf("li", fmt::format("{}: {}", side.name,
                                            target_names(machine, side.members, most_names)));
            }
            for (const matrix::side& side : m.rows) {
                page.leaf("li", fmt::format("from {}: {}", side.name,
                                            initiator_names(machine, side.members, most_names)));
            }
        });
    });
}

/// Why the firmware's table gives no figure.
std::string_view about_the_table(const topology& machine) {
    const auto sources = machine.sources();
    const auto table = std::ranges::find(sources, "HMAT", &source_report::what);
    if (table == sources.end()) {
        return "";
    }
    switch (table->status) {
    case source_status::not_permitted:
        return " The firmware's table (HMAT) needs root to be read.";
    case source_status::absent:
        return " The firmware has no table of them (HMAT).";
    default:
        return " The firmware's table (HMAT) tells none that can be used.";
    }
}

void write_maps(markup& page, const report_input& input, const matrix& m) {
    const matrix_plan plan = plan_of(m);
    if (plan.tables.empty()) {
        page.prose("p", fmt::format("Not one latency or bandwidth is known.{} `hetmem measure` "
                                    "finds the figures out.",
                                    about_the_table(input.machine)));
    } else {
        const disturbed_cells disturbed(input, m);
        write_scale(page);
        page.in("div", {{"class", m.columns.size() >= wide_from ? "maps one" : "maps"}}, [&] {
            for (const matrix_plan::table& map : plan.tables) {
                write_map(page, m, map.layer, map.both, &disturbed);
            }
        });
        if (!plan.unknown.empty()) {
            page.leaf("p",
                      fmt::format("Unknown for every pair: {}.", fmt::join(plan.unknown, ", ")));
        }
    }
    if (!m.blank(matrix::distance_layer)) {
        page.in("details", [&] {
            page.leaf("summary", "Relative distances (SLIT): an order, not a time");
            write_map(page, m, matrix::distance_layer, false, nullptr);
        });
    }
}

} // namespace

void write_figures(markup& page, const report_input& input, const matrix& figures) {
    section(page, report_id::figures, "Every initiator to every memory", [&] {
        if (figures.rows.empty() || figures.columns.empty()) {
            page.leaf("p", "There is no pair of an initiator and a memory to tell figures of.");
            return;
        }
        write_maps(page, input, figures);
        if (figures.grouped) {
            write_groups(page, input.machine, figures);
        }
    });
}

} // namespace hetmem::detail
