#include "publish/format.hpp"
#include "publish/report_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>

namespace hetmem::detail {
namespace {

/// Pairs shown at once, pairs shown when asked for, and pairs at all: the rest is in the store.
constexpr std::size_t open_pairs = 8;
constexpr std::size_t most_pairs = 256;
constexpr std::size_t most_given = 200;

using pair_name = std::pair<std::string_view, std::string_view>;

/// What the machine was said to do when the cell was measured, and not what is said today.
std::optional<claim> declared_of(const measured_cell& cell) {
    const auto first = std::ranges::find_if(cell.declared, [](const claim& c) {
        return c.from != source::measured && c.from != source::override_ &&
               c.state != knowledge::unknown;
    });
    return first == cell.declared.end() ? std::nullopt : std::optional(*first);
}

std::string declared_text(metric what, const std::optional<claim>& declared) {
    if (!declared) {
        return "–";
    }
    return fmt::format("{} ({})",
                       declared->state == knowledge::unreachable
                           ? "unreachable"
                           : format_value(what, declared->value),
                       to_string(declared->from));
}

std::string comparison(const measured_cell& cell, const std::optional<claim>& declared) {
    if (!declared || declared->state != knowledge::known || declared->value == 0) {
        return "";
    }
    if (cell.in != measured_in::memory) {
        return "not compared: it is not the memory's own figure";
    }
    if (declared->value >= cell.figure.low && declared->value <= cell.figure.high) {
        return "as declared: within the interval";
    }
    const double percent =
        (static_cast<double>(cell.figure.median) / static_cast<double>(declared->value) - 1) * 100;
    if (std::abs(percent) < 1) {
        return "as declared: less than 1 % off";
    }
    const bool slower = is_latency(cell.what) == (percent > 0);
    return fmt::format("{:.0f} % {} than declared", std::abs(percent),
                       is_latency(cell.what) ? slower ? "slower" : "faster"
                       : slower              ? "less"
                                             : "more");
}

/// Median with its interval, and what was declared, on one line from zero: for the eye only, the
/// numbers stand beside it.
std::string whiskers(const measured_cell& cell, const std::optional<claim>& declared,
                     std::uint64_t most) {
    constexpr double width = 120;
    constexpr double height = 14;
    constexpr double middle = height / 2;
    const auto x = [&](std::uint64_t value) {
        return most == 0 ? 0.0 : static_cast<double>(value) / static_cast<double>(most) * width;
    };
    std::string svg = fmt::format(
        R"(<svg class="whiskers{}" viewBox="-2 0 {} {}" aria-hidden="true"><path class="axis" d="M0 {}H{}"/>)"
        R"(<path class="value" d="M0 {}H{:.1f}"/><path class="range" d="M{:.1f} 2V12M{:.1f} 2V12M{:.1f} {}H{:.1f}"/>)",
        cell.verdict == interference::disturbed ? " disturbed" : "", width + 4, height, middle,
        width, middle, x(cell.figure.median), x(cell.figure.low), x(cell.figure.high),
        x(cell.figure.low), middle, x(cell.figure.high));
    if (declared && declared->state == knowledge::known) {
        svg += fmt::format(R"(<path class="declared" d="M{0:.1f} 0V{1}"/>)", x(declared->value),
                           height);
    }
    return svg + "</svg>";
}

std::string conditions(const measured_cell& cell) {
    std::string text =
        fmt::format("{}; pages of {}", format_size(cell.buffer), format_size(cell.page));
    if (cell.page_percent < 100) {
        text += fmt::format(" ({} %)", cell.page_percent);
    }
    text += fmt::format("; {}", count_of(cell.threads, "thread"));
    if (!cell.cpus.empty()) {
        text +=
            fmt::format(" on CPU{} {}", cell.cpus.size() == 1 ? "" : "s", cell.cpus.to_string());
    }
    if (!cell.kernel.empty()) {
        text += "; " + cell.kernel;
    }
    return text;
}

card_cell verdict_of(const measured_cell& cell) {
    std::string text = cell.verdict == interference::quiet ? "quiet"
                       : cell.verdict == interference::disturbed
                           ? "disturbed: not to be trusted"
                           : "unknown whether it was disturbed";
    if (cell.in == measured_in::cpu_cache) {
        text += "; measured in the CPU's cache";
    } else if (cell.in == measured_in::side_cache) {
        text += "; measured in the memory-side cache";
    }
    std::string note = cell.why;
    if (!cell.figure.converged) {
        note += fmt::format("{}ended by its time, not by its interval", note.empty() ? "" : "; ");
    }
    return {.text = std::move(text),
            .note = std::move(note),
            .look = cell.verdict == interference::disturbed ? "disturbed" : ""};
}

std::vector<card_cell> cell_row(const measured_cell& cell, const std::optional<claim>& declared,
                                std::uint64_t most) {
    const sample_summary& figure = cell.figure;
    std::string bus = cell.bus == 0 || cell.bus == figure.median
                          ? ""
                          : fmt::format("on the bus {}", format_value(cell.what, cell.bus));
    return {
        {.text = std::string(words_of(cell.what)), .note = conditions(cell)},
        {.text = format_value(cell.what, figure.median),
         .note = std::move(bus),
         .look = "number",
         .picture = whiskers(cell, declared, most)},
        {.text = fmt::format("{} to {}", format_value(cell.what, figure.low),
                             format_value(cell.what, figure.high)),
         .note = count_of(figure.n, "sample"),
         .look = "number"},
        {.text = declared_text(cell.what, declared),
         .note = comparison(cell, declared),
         .look = "number"},
        verdict_of(cell),
    };
}

/// Bars compare within latencies and within bandwidths of a pair.
std::uint64_t most_of(const std::vector<const measured_cell*>& cells, bool latencies) {
    std::uint64_t most = 0;
    for (const measured_cell* cell : cells) {
        if (is_latency(cell->what) == latencies) {
            const auto declared = declared_of(*cell);
            most =
                std::max({most, cell->figure.high, cell->figure.median,
                          declared && declared->state == knowledge::known ? declared->value : 0});
        }
    }
    return most;
}

void write_pair(markup& page, const pair_name& pair,
                const std::vector<const measured_cell*>& cells) {
    card_table table{
        .caption = fmt::format("{} → {}", pair.first, pair.second),
        .columns = {"What", "Measured, median", "95 % interval", "Declared", "Verdict"},
        .percent = {28, 16, 20, 18, 18},
        .rows = {}};
    const std::uint64_t most_latency = most_of(cells, true);
    const std::uint64_t most_bandwidth = most_of(cells, false);
    for (const measured_cell* cell : cells) {
        table.rows.push_back(cell_row(*cell, declared_of(*cell),
                                      is_latency(cell->what) ? most_latency : most_bandwidth));
    }
    write_cards(page, table);
}

void write_cells(markup& page, const measurements& store) {
    std::vector<pair_name> order;
    std::map<pair_name, std::vector<const measured_cell*>> pairs;
    for (const measured_cell& cell : store.cells) {
        const pair_name pair{cell.initiator, cell.target};
        auto& cells = pairs[pair];
        if (cells.empty()) {
            order.push_back(pair);
        }
        cells.push_back(&cell);
    }
    for (std::size_t i = 0; i < std::min(order.size(), most_pairs); ++i) {
        auto& cells = pairs[order[i]];
        std::ranges::stable_sort(cells, {}, [](const measured_cell* cell) { return cell->what; });
        if (order.size() <= open_pairs) {
            write_pair(page, order[i], cells);
            continue;
        }
        page.in("details", [&] {
            page.leaf("summary", fmt::format("{} → {}: {}", order[i].first, order[i].second,
                                             count_of(cells.size(), "figure")));
            write_pair(page, order[i], cells);
        });
    }
    if (order.size() > most_pairs) {
        page.leaf("p", fmt::format("And {} more pairs, which are in the file.",
                                   order.size() - most_pairs));
    }
}

void write_given(markup& page, const measurements& store) {
    if (store.given.empty()) {
        return;
    }
    card_table table{.caption = "Given by hand or measured elsewhere",
                     .columns = {"Pair", "What", "Figure", "Where it is from"},
                     .rows = {}};
    for (std::size_t i = 0; i < std::min(store.given.size(), most_given); ++i) {
        const given_figure& given = store.given[i];
        table.rows.push_back({{.text = fmt::format("{} → {}", given.initiator, given.target)},
                              {.text = std::string(words_of(given.what))},
                              {.text = format_value(given.what, given.value),
                               .note = fmt::format("counts as {}", to_string(given.from)),
                               .look = "number"},
                              {.text = given.origin.empty() ? "not told" : given.origin}});
    }
    write_cards(page, table);
    if (store.given.size() > most_given) {
        page.leaf("p", fmt::format("And {} more, which are in the file.",
                                   store.given.size() - most_given));
    }
}

void write_store(markup& page, const topology& machine, const measurements* store,
                 std::string_view heading) {
    if (store == nullptr || (store->cells.empty() && store->given.empty())) {
        return;
    }
    page.leaf("h3", heading);
    if (!store->machine.cpu_model.empty() && !machine.machine().cpu_model.empty() &&
        store->machine.cpu_model != machine.machine().cpu_model) {
        page.leaf(
            "p", fmt::format("These figures are of another machine: {}.", store->machine.cpu_model),
            {{"class", "warning"}});
    }
    write_cells(page, *store);
    write_given(page, *store);
    if (!store->remarks.empty()) {
        page.in("ul", [&] {
            for (const std::string& remark : store->remarks) {
                page.prose("li", remark);
            }
        });
    }
}

} // namespace

void write_measured(markup& page, const report_input& input) {
    const auto holds_any = [](const measurements* store) {
        return store != nullptr && (!store->cells.empty() || !store->given.empty());
    };
    section(page, report_id::measured, "Measured against declared", [&] {
        if (!holds_any(input.machine_store) && !holds_any(input.user_store)) {
            page.prose("p",
                       "Nothing was measured, and no figure was given by hand: `hetmem measure` "
                       "finds out what these memories do.");
            return;
        }
        page.leaf("p",
                  "Each figure is the median of its samples; the interval holds the true median "
                  "with 95 % confidence. In the small picture the bar is the median, the "
                  "whiskers are the interval, the long line is what was declared; a hatched "
                  "figure was disturbed by something else that ran.");
        write_store(page, input.machine, input.machine_store, "For everybody on this machine");
        write_store(page, input.machine, input.user_store, "Of this user alone");
    });
}

} // namespace hetmem::detail
