#include "publish/figures.hpp"
#include "publish/format.hpp"
#include "publish/matrix.hpp"
#include "publish/svg_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

namespace hetmem::detail {
namespace {

constexpr double title_height = 30;
constexpr double head_height = 26;
constexpr double gap = 40;
constexpr double text_size = 14;
constexpr double title_size = 16;

/// Steps from pale to dark blue (ColorBrewer "Blues", 7 classes; Cynthia Brewer, Apache-2.0).
constexpr std::array<std::string_view, 7> shades{"#eff3ff", "#c6dbef", "#9ecae1", "#6baed6",
                                                 "#4292c6", "#2171b5", "#084594"};
constexpr std::size_t first_shade_with_white_text = 4;

struct heat_map {
    const matrix* m;
    std::size_t layer;        ///< whose values give the colour
    bool write_below = false; ///< the next layer is printed below
    std::array<cell_style, 2> styles;
    std::string title;
    double label_width = 0;
    double cell_width = 0;
    double cell_height = 0;

    double width() const {
        return std::max(label_width + cell_width * static_cast<double>(m->columns.size()),
                        text_width(title, title_size, true));
    }
    double height() const {
        return title_height + head_height + cell_height * static_cast<double>(m->rows.size());
    }
};

std::string sources_text(const spread& all, bool marked) {
    std::vector<std::string> names;
    for (const source from : sources_in(all.sources)) {
        names.push_back(marked ? fmt::format("{} {}", letter_of(from), to_string(from))
                               : std::string(to_string(from)));
    }
    return fmt::format("{}", fmt::join(names, ", "));
}

/// One map for both directions of a quantity; of one direction when nothing is known of the other.
heat_map make_map(const matrix& m, std::size_t layer) {
    heat_map map{.m = &m, .layer = layer, .styles = {style_of(m, layer), {}}, .title = {}};
    if (layer == matrix::distance_layer) {
        map.title = "Relative distance (10 is local; not a time)";
    } else {
        const std::size_t write = layer + 1;
        const std::string_view what = is_latency(all_quantities[layer]) ? "latency" : "bandwidth";
        const bool equal = m.cells[layer] == m.cells[write];
        map.write_below = !equal && !m.blank(layer) && !m.blank(write);
        spread all = m.all[layer];
        all.add(m.all[write]);
        const bool marked = sources_in(all.sources).size() > 1;
        map.layer = m.blank(layer) ? write : layer;
        map.styles = {style_of(m, map.layer), style_of(m, write)};
        for (cell_style& style : map.styles) {
            style.mark_sources = marked;
        }
        const std::string words =
            map.write_below
                ? fmt::format("{}, read above write",
                              is_latency(all_quantities[layer]) ? "Latency" : "Bandwidth")
            : equal          ? fmt::format("Read and write {}", what)
            : m.blank(layer) ? fmt::format("Write {}", what)
                             : fmt::format("Read {}", what);
        map.title = fmt::format("{}, {} ({})", words, unit_of(all_quantities[layer]),
                                sources_text(all, marked));
    }
    double widest = 0;
    for (const matrix::side& row : m.rows) {
        map.label_width = std::max(map.label_width, text_width(row.name, text_size, true) + 12);
    }
    for (const matrix::side& column : m.columns) {
        widest = std::max(widest, text_width(column.name, text_size, true));
    }
    for (std::size_t i = 0; i < m.cells[layer].size(); ++i) {
        widest = std::max(widest,
                          text_width(cell_text(m.cells[map.layer][i], map.styles[0]), text_size));
        if (map.write_below) {
            widest = std::max(
                widest, text_width(cell_text(m.cells[layer + 1][i], map.styles[1]), text_size));
        }
    }
    map.label_width = std::min(map.label_width, 180.0);
    map.cell_width = std::clamp(widest + 14, 56.0, 220.0);
    map.cell_height = map.write_below ? 44 : 32;
    return map;
}

void draw_cell(svg_paper& paper, const heat_map& map, std::size_t row, std::size_t column, double x,
               double y) {
    const matrix_cell& cell = map.m->cell(map.layer, row, column);
    std::string_view text_color = "#263238";
    if (const auto good = goodness(*map.m, map.layer, cell)) {
        const auto shade = std::min<std::size_t>(
            static_cast<std::size_t>(*good * static_cast<double>(shades.size())),
            shades.size() - 1);
        paper.box(x, y, map.cell_width, map.cell_height,
                  {.fill = shades[shade], .stroke = "#ffffff", .stroke_width = 2});
        text_color = shade >= first_shade_with_white_text ? "#ffffff" : text_color;
    } else {
        const bool unreachable = cell.others.unreachable || cell.own.unreachable;
        paper.box(x, y, map.cell_width, map.cell_height,
                  {.fill = unreachable ? "#eceff1" : "url(#unknown)",
                   .stroke = "#ffffff",
                   .stroke_width = 2});
    }
    const double center = x + map.cell_width / 2;
    const double room = map.cell_width - 6;
    const svg_paper::text_style style{
        .size = text_size, .color = text_color, .at = svg_paper::anchor::middle};
    if (!map.write_below) {
        paper.text(center, y + map.cell_height / 2 + 5, room, cell_text(cell, map.styles[0]),
                   style);
        return;
    }
    paper.text(center, y + 18, room, cell_text(cell, map.styles[0]), style);
    paper.text(center, y + 36, room,
               cell_text(map.m->cell(map.layer + 1, row, column), map.styles[1]), style);
}

void draw_map(svg_paper& paper, const heat_map& map, double x, double y) {
    const matrix& m = *map.m;
    paper.text(x, y + 18, map.width(), map.title,
               {.size = title_size, .bold = true, .color = "#263238"});
    const double head_y = y + title_height;
    for (std::size_t c = 0; c < m.columns.size(); ++c) {
        paper.text(
            x + map.label_width + (static_cast<double>(c) + 0.5) * map.cell_width, head_y + 18,
            map.cell_width - 4, m.columns[c].name,
            {.size = text_size, .bold = true, .color = "#455a64", .at = svg_paper::anchor::middle});
    }
    for (std::size_t r = 0; r < m.rows.size(); ++r) {
        const double cell_y = head_y + head_height + static_cast<double>(r) * map.cell_height;
        paper.text(
            x + map.label_width - 8, cell_y + map.cell_height / 2 + 5, map.label_width - 10,
            m.rows[r].name,
            {.size = text_size, .bold = true, .color = "#455a64", .at = svg_paper::anchor::end});
        for (std::size_t c = 0; c < m.columns.size(); ++c) {
            draw_cell(paper, map, r, c,
                      x + map.label_width + static_cast<double>(c) * map.cell_width, cell_y);
        }
    }
}

} // namespace

double draw_heat_maps(svg_paper& paper, const topology& machine, double x, double y, double width) {
    if (machine.initiators().size() < 2 || machine.targets().empty()) {
        return 0;
    }
    const matrix m = make_matrix(machine);
    std::vector<heat_map> maps;
    for (const quantity read : {quantity::read_latency, quantity::read_bandwidth}) {
        const std::size_t layer = index_of(read);
        if (!m.blank(layer) || !m.blank(layer + 1)) {
            maps.push_back(make_map(m, layer));
        }
    }
    if (maps.empty() && !m.blank(matrix::distance_layer)) {
        maps.push_back(make_map(m, matrix::distance_layer));
    }
    double used = 0;
    double row_x = 0;
    double row_height = 0;
    for (const heat_map& map : maps) {
        const double factor = std::min(1.0, width / map.width());
        if (row_x > 0 && row_x + map.width() * factor > width) {
            used += row_height + 16;
            row_x = 0;
            row_height = 0;
        }
        paper.begin_scaled(x + row_x, y + used, factor);
        draw_map(paper, map, 0, 0);
        paper.end_group();
        row_x += map.width() * factor + gap;
        row_height = std::max(row_height, map.height() * factor);
    }
    if (m.grouped) {
        row_height += 22;
        paper.text(x, y + used + row_height - 4, width,
                   "Similar initiators and memories are one row or column: low-high, a node's own "
                   "memory / that of others.",
                   {.size = 12.5, .color = "#607d8b"});
    }
    return maps.empty() ? 0 : used + row_height;
}

} // namespace hetmem::detail
