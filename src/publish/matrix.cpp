#include "publish/matrix.hpp"

#include "publish/figures.hpp"
#include "publish/format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <unordered_map>
#include <unordered_set>

namespace hetmem::detail {
namespace {

/// More groups than this are no help to a reader: then packages or kinds are grouped.
constexpr std::size_t most_groups = 16;
constexpr unsigned slit_unreachable = 255;

/// The finaliser of MurmurHash3 (public domain): spreads every bit over the word.
constexpr std::uint64_t mix(std::uint64_t x) {
    x ^= x >> 33U;
    x *= 0xFF51AFD7ED558CCDULL;
    x ^= x >> 33U;
    x *= 0xC4CEB9FE1A85EC53ULL;
    return x ^ (x >> 33U);
}

/// One multiplication: enough for a step whose result is mixed well afterwards.
constexpr std::uint64_t mix_quickly(std::uint64_t x) {
    x *= 0x9E3779B97F4A7C15ULL;
    return x ^ (x >> 32U);
}

std::uint64_t distance_value(const topology& machine, initiator_id from, target_id to) {
    const auto distance = machine.distance(from, to);
    return !distance                       ? topology::unknown_value
           : *distance >= slit_unreachable ? topology::unreachable_value
                                           : *distance;
}

/// Calls `visit(layer, initiator, target, value, source)` for every cell, a row at a time.
template <class Visitor> void for_each_cell(const topology& machine, Visitor&& visit) {
    row_reader reader(machine);
    const std::size_t targets = machine.targets().size();
    for (const initiator& from : machine.initiators()) {
        for (const quantity what : all_quantities) {
            if (!reader.has(what)) {
                continue;
            }
            const merged_row& row = reader.read(what, from.id);
            for (std::size_t t = 0; t < targets; ++t) {
                visit(index_of(what), from.id.index, t, row.values[t], row.from[t]);
            }
        }
        for (const target& to : machine.targets()) {
            visit(matrix::distance_layer, from.id.index, to.id.index,
                  distance_value(machine, from.id, to.id), source::hmat);
        }
    }
}

using colors = std::vector<std::uint64_t>;

std::size_t distinct(const colors& c) {
    return std::unordered_set<std::uint64_t>(c.begin(), c.end()).size();
}

/// Gives initiators (and targets) of the same colour when they have the same figures towards
/// targets (initiators) of each colour: refinement as in graph isomorphism tests. Colours are
/// compared without looking at which number a node has, so that "fast at home, slow elsewhere"
/// makes all nodes of a regular machine equal.
void refine(const topology& machine, colors& rows, colors& columns) {
    const std::size_t width = columns.size();
    colors cells(rows.size() * width, 0);
    for_each_cell(machine, [&](std::size_t layer, std::size_t i, std::size_t t, std::uint64_t value,
                               source from) {
        std::uint64_t& cell = cells[i * width + t];
        const std::uint64_t mark = (layer + 1) * 16 + static_cast<std::uint64_t>(from);
        cell = mix_quickly(cell ^ (value + (mark << 56U)));
    });
    for (const initiator& from : machine.initiators()) {
        for (const target& to : machine.targets()) {
            if (same_node(from, to)) {
                std::uint64_t& cell = cells[from.id.index * width + to.id.index];
                cell = mix(cell + 1);
            }
        }
    }
    std::size_t before = distinct(rows) + distinct(columns);
    for (;;) {
        colors row_sums(rows.size(), 0);
        colors column_sums(width, 0);
        for (std::size_t i = 0; i < rows.size(); ++i) {
            for (std::size_t t = 0; t < width; ++t) {
                const std::uint64_t cell = cells[i * width + t];
                row_sums[i] += mix(cell + columns[t]);
                column_sums[t] += mix(cell ^ rows[i]);
            }
        }
        for (std::size_t i = 0; i < rows.size(); ++i) {
            rows[i] = mix(rows[i] + mix(row_sums[i]));
        }
        for (std::size_t t = 0; t < width; ++t) {
            columns[t] = mix(columns[t] + mix(column_sums[t]));
        }
        const std::size_t row_groups = distinct(rows);
        const std::size_t column_groups = distinct(columns);
        if (row_groups + column_groups <= before || row_groups > most_groups ||
            column_groups > most_groups) {
            return;
        }
        before = row_groups + column_groups;
    }
}

template <class Items> colors color_by(const Items& items, bool with_package) {
    colors result;
    for (const auto& item : items) {
        const auto kind = static_cast<std::uint64_t>(item.kind);
        const auto package =
            static_cast<std::uint64_t>(static_cast<std::uint32_t>(item.package.value_or(-1)));
        result.push_back(mix(kind + 1) + (with_package ? mix(package + 100) : 0));
    }
    return result;
}

std::vector<positions> groups_by(const colors& of) {
    std::vector<positions> groups;
    std::unordered_map<std::uint64_t, std::size_t> group_of_color;
    for (std::uint32_t i = 0; i < of.size(); ++i) {
        const auto [found, is_new] = group_of_color.try_emplace(of[i], groups.size());
        if (is_new) {
            groups.emplace_back();
        }
        groups[found->second].push_back(i);
    }
    return groups;
}

std::vector<matrix::side> sides_of(const std::vector<positions>& groups,
                                   const std::function<std::string(const positions&)>& name) {
    std::vector<matrix::side> sides;
    for (const positions& group : groups) {
        sides.push_back({name(group), group});
    }
    return sides;
}

/// Short enough for a column heading: "node0-node511", or "node0 +255".
std::string heading(const std::string& all_in_one_range, const std::string& first,
                    std::size_t count) {
    const bool one_range = all_in_one_range.find(" and ") == std::string::npos;
    return one_range ? all_in_one_range : fmt::format("{} +{}", first, count - 1);
}

struct coloring {
    colors rows;
    colors columns;
    std::size_t most() const { return std::max(distinct(rows), distinct(columns)); }
};

coloring color_by_kind(const topology& machine, bool with_package) {
    return {color_by(machine.initiators(), with_package),
            color_by(machine.targets(), with_package)};
}

/// Equal figures, if that makes few enough groups; otherwise what is of one package, or one kind.
coloring group_colors(const topology& machine) {
    const coloring by_package = color_by_kind(machine, true);
    const bool few_packages = by_package.most() <= most_groups;
    coloring by_figures = few_packages ? by_package : color_by_kind(machine, false);
    refine(machine, by_figures.rows, by_figures.columns);
    if (by_figures.most() <= most_groups) {
        return by_figures;
    }
    return few_packages ? by_package : color_by_kind(machine, false);
}

coloring each_by_itself(const topology& machine) {
    coloring c{colors(machine.initiators().size()), colors(machine.targets().size())};
    std::iota(c.rows.begin(), c.rows.end(), std::uint64_t{0});
    std::iota(c.columns.begin(), c.columns.end(), std::uint64_t{0});
    return c;
}

void set_sides(const topology& machine, const coloring& c, matrix& m) {
    m.rows = sides_of(groups_by(c.rows), [&](const positions& group) {
        return heading(initiator_names(machine, group, 1), machine.initiators()[group.front()].name,
                       group.size());
    });
    m.columns = sides_of(groups_by(c.columns), [&](const positions& group) {
        return heading(target_names(machine, group, 1), machine.targets()[group.front()].name,
                       group.size());
    });
}

std::vector<std::uint32_t> group_of_each(const std::vector<matrix::side>& sides,
                                         std::size_t count) {
    std::vector<std::uint32_t> group(count);
    for (std::uint32_t g = 0; g < sides.size(); ++g) {
        for (const std::uint32_t member : sides[g].members) {
            group[member] = g;
        }
    }
    return group;
}

matrix matrix_of(const topology& machine, const coloring& c) {
    matrix m;
    set_sides(machine, c, m);
    const auto row_of = group_of_each(m.rows, machine.initiators().size());
    const auto column_of = group_of_each(m.columns, machine.targets().size());
    row_reader reader(machine);
    for (std::size_t layer = 0; layer < matrix::layers; ++layer) {
        m.cells[layer].resize(m.rows.size() * m.columns.size());
        if (layer != matrix::distance_layer && !reader.has(all_quantities[layer])) {
            spread nothing;
            nothing.unknown = true;
            std::fill(m.cells[layer].begin(), m.cells[layer].end(), matrix_cell{{}, nothing});
        }
    }
    const auto initiators = machine.initiators();
    const auto targets = machine.targets();
    for_each_cell(machine, [&](std::size_t layer, std::size_t i, std::size_t t, std::uint64_t value,
                               source from) {
        const std::size_t row = row_of[i];
        const std::size_t column = column_of[t];
        matrix_cell& cell = m.cells[layer][row * m.columns.size() + column];
        const bool one_pair =
            m.rows[row].members.size() == 1 && m.columns[column].members.size() == 1;
        spread& where = !one_pair && same_node(initiators[i], targets[t]) ? cell.own : cell.others;
        where.add(value, from);
    });
    for (std::size_t layer = 0; layer < matrix::layers; ++layer) {
        for (const matrix_cell& cell : m.cells[layer]) {
            m.all[layer].add(cell.own);
            m.all[layer].add(cell.others);
        }
    }
    return m;
}

/// Every group is of one value: drawing it as one loses nothing.
bool lossless(const matrix& m) {
    const auto single = [](const spread& s) {
        const int states = (s.known ? 1 : 0) + (s.unknown ? 1 : 0) + (s.unreachable ? 1 : 0);
        return states <= 1 && (!s.known || s.low == s.high);
    };
    return std::all_of(m.cells.begin(), m.cells.end(), [&](const auto& layer) {
        return std::all_of(layer.begin(), layer.end(), [&](const matrix_cell& cell) {
            return single(cell.own) && single(cell.others);
        });
    });
}

std::string spread_text(const spread& s, const cell_style& style) {
    std::string text;
    const auto number = [&](std::uint64_t value) {
        return style.is_distance ? fmt::format("{}", value)
                                 : format_cell(style.what, value, style.decimals);
    };
    const auto add = [&text](std::string_view part) {
        text.append(text.empty() ? "" : ",").append(part);
    };
    if (s.known) {
        const std::string low = number(s.low);
        const std::string high = number(s.high);
        add(low == high ? low : fmt::format("{}-{}", low, high));
    }
    if (s.unreachable) {
        add("×");
    }
    if (style.mark_sources) {
        for (const source from : sources_in(s.sources)) {
            text.push_back(letter_of(from));
        }
    }
    if (s.unknown) {
        add("?");
    }
    return text;
}

} // namespace

void spread::add(std::uint64_t value, source from) {
    if (value == topology::unknown_value) {
        unknown = true;
        return;
    }
    sources = static_cast<std::uint8_t>(sources | (1U << static_cast<unsigned>(from)));
    if (value == topology::unreachable_value) {
        unreachable = true;
    } else {
        known = true;
        low = std::min(low, value);
        high = std::max(high, value);
    }
}

void spread::add(const spread& other) {
    low = std::min(low, other.low);
    high = std::max(high, other.high);
    known = known || other.known;
    unknown = unknown || other.unknown;
    unreachable = unreachable || other.unreachable;
    sources = static_cast<std::uint8_t>(sources | other.sources);
}

matrix make_matrix(const topology& machine) {
    const std::size_t larger = std::max(machine.initiators().size(), machine.targets().size());
    if (larger > group_equal_above) {
        matrix m = matrix_of(machine, group_colors(machine));
        m.grouped = true;
        if (larger > group_above || lossless(m)) {
            return m;
        }
    }
    return matrix_of(machine, each_by_itself(machine));
}

matrix_plan plan_of(const matrix& m) {
    matrix_plan plan;
    for (const quantity read : {quantity::read_latency, quantity::read_bandwidth}) {
        const std::size_t layer = index_of(read);
        const bool both = m.cells[layer] == m.cells[layer + 1];
        for (const std::size_t l : {layer, layer + 1}) {
            if (m.blank(l)) {
                plan.unknown.push_back(words_of(all_quantities[l]));
            } else if (l == layer || !both) {
                plan.tables.push_back({l, both});
            }
        }
    }
    return plan;
}

cell_style style_of(const matrix& m, std::size_t layer) {
    cell_style style;
    style.is_distance = layer == matrix::distance_layer;
    if (style.is_distance) {
        return style;
    }
    style.what = all_quantities[layer];
    style.mark_sources = sources_in(m.all[layer].sources).size() > 1;
    for (const matrix_cell& cell : m.cells[layer]) {
        for (const spread& s : {cell.own, cell.others}) {
            if (s.known) {
                style.decimals = std::max({style.decimals, decimals_of(style.what, s.low),
                                           decimals_of(style.what, s.high)});
            }
        }
    }
    return style;
}

std::string cell_text(const matrix_cell& cell, const cell_style& style) {
    if (cell.own.empty()) {
        return spread_text(cell.others, style);
    }
    std::string own = spread_text(cell.own, style);
    if (cell.others.empty()) {
        return own;
    }
    const std::string others = spread_text(cell.others, style);
    return own == others ? own : own + "/" + others;
}

std::optional<double> goodness(const matrix& m, std::size_t layer, const matrix_cell& cell) {
    if (!cell.others.known && !cell.own.known) {
        return std::nullopt;
    }
    const auto value = static_cast<double>(cell.others.known ? cell.others.low : cell.own.low);
    const auto low = static_cast<double>(m.all[layer].low);
    const auto high = static_cast<double>(m.all[layer].high);
    if (!(high > low) || low <= 0) {
        return 0.5;
    }
    const double share = std::log(value / low) / std::log(high / low);
    const bool small_is_good = layer == matrix::distance_layer || is_latency(all_quantities[layer]);
    return std::clamp(small_is_good ? 1 - share : share, 0.0, 1.0);
}

char letter_of(source from) {
    switch (from) {
    case source::override_:
        return 'o';
    case source::measured:
        return 'm';
    case source::hma:
        return 'a';
    case source::hmat:
        return 'h';
    case source::cxl_region:
        return 'c';
    case source::sysfs:
        return 's';
    case source::cdat:
        break;
    }
    return 'd';
}

std::vector<source> sources_in(std::uint8_t bits) {
    std::vector<source> sources;
    for (unsigned s = 0; s <= static_cast<unsigned>(source::cdat); ++s) {
        if ((bits & (1U << s)) != 0) {
            sources.push_back(static_cast<source>(s));
        }
    }
    return sources;
}

} // namespace hetmem::detail
