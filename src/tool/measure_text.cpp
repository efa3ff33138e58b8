#include "tool/measure_text.hpp"

#include "publish/format.hpp"
#include "publish/layout.hpp"
#include "publish/utf8.hpp"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <optional>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace hetmem::tool {
namespace {

using detail::words_of;
using row = std::vector<std::string>;

/// Text with its label, which ends with a space, before it, in lines that fit.
std::string wrapped(std::string_view label, std::string_view text, std::size_t columns) {
    const std::size_t label_columns = detail::columns_of(label);
    const detail::block lines =
        detail::wrap(detail::line(text), std::max(columns, 2 * label_columns) - label_columns);
    return detail::render(
        detail::labelled(detail::line(label.substr(0, label.size() - 1)), label_columns, lines),
        false, true);
}

/// Columns as wide as their widest entry; numbers to the right.
std::string table(const std::vector<row>& rows, const std::vector<bool>& to_the_right) {
    std::vector<std::size_t> widths(to_the_right.size(), 0);
    for (const row& one : rows) {
        for (std::size_t i = 0; i < one.size(); ++i) {
            widths[i] = std::max(widths[i], detail::columns_of(one[i]));
        }
    }
    std::string text;
    for (const row& one : rows) {
        std::string line = " ";
        for (std::size_t i = 0; i < one.size(); ++i) {
            const std::string space(widths[i] - detail::columns_of(one[i]), ' ');
            line += widths[i] == 0    ? ""
                    : to_the_right[i] ? " " + space + one[i] + " "
                                      : " " + one[i] + space + " ";
        }
        text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    }
    return text;
}

std::string value(bool is_time, std::uint64_t base_units) {
    return is_time ? detail::format_latency(latency::from_picoseconds(base_units))
                   : detail::format_bandwidth(bandwidth::from_bytes_per_second(base_units));
}

/// "146.9 to 147.8 ns": the unit once.
std::string interval(bool is_time, const sample_summary& figure) {
    const std::string low = value(is_time, figure.low);
    const std::string high = value(is_time, figure.high);
    const std::size_t unit = low.rfind(' ');
    const bool same_unit = low.substr(unit + 1) == high.substr(high.rfind(' ') + 1);
    return fmt::format("{} to {}", same_unit ? low.substr(0, unit) : low, high);
}

/// The strongest word of others, with what was measured against it.
std::string declared(const measured_cell& cell) {
    if (cell.declared.empty()) {
        return "";
    }
    const claim& said = cell.declared.front();
    if (said.state == knowledge::unreachable) {
        return fmt::format("unreachable ({})", to_string(said.from));
    }
    if (said.state != knowledge::known || said.value == 0) {
        return "";
    }
    constexpr double percent = 100;
    const double off =
        (static_cast<double>(cell.figure.median) / static_cast<double>(said.value) - 1) * percent;
    return fmt::format("{} ({}), {:+.0f} %", value(is_latency(cell.what), said.value),
                       to_string(said.from), off);
}

std::string pages(const measured_cell& cell) {
    if (cell.page == byte_size{}) {
        return "";
    }
    return cell.page_percent >= 100
               ? detail::format_size(cell.page)
               : fmt::format("{} ({} %)", detail::format_size(cell.page), cell.page_percent);
}

std::string where_measured(measured_in in) {
    switch (in) {
    case measured_in::memory:
        return "";
    case measured_in::cpu_cache:
        return ", in the CPU's cache";
    case measured_in::side_cache:
        return ", in the side cache";
    }
    return "";
}

std::string age(const std::string& time, std::time_t now) {
    std::tm parts{};
    if (now == 0 || ::strptime(time.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts) == nullptr) {
        return "";
    }
    constexpr double minute = 60;
    constexpr double hour = 60 * minute;
    constexpr double day = 24 * hour;
    const double seconds = std::max(0.0, std::difftime(now, ::timegm(&parts)));
    const auto in = [&](double unit, const char* name) {
        const double count = std::floor(seconds / unit);
        return fmt::format("{:.0f} {}{} ago", count, name, count == 1 ? "" : "s");
    };
    return seconds < minute ? "just now"
           : seconds < hour ? in(minute, "minute")
           : seconds < day  ? in(hour, "hour")
                            : in(day, "day");
}

row row_of(const measured_cell& cell, const measure_text_options& options) {
    const bool is_time = is_latency(cell.what);
    return {detail::printable(cell.initiator),
            std::string(words_of(cell.what)),
            value(is_time, cell.figure.median),
            interval(is_time, cell.figure),
            fmt::format("{}", cell.figure.n),
            declared(cell),
            pages(cell),
            fmt::format("{} of {}", cell.threads, detail::printable(cell.cpus.to_string())),
            fmt::format("{}{}", to_string(cell.verdict), where_measured(cell.in)),
            age(cell.time, options.now),
            detail::printable(cell.kernel)};
}

const row heading = {"from",  "what",    "median",  "95 % interval", "n",  "declared",
                     "pages", "threads", "verdict", "when",          "how"};
const std::vector<bool> numbers = {false, false, true,  true,  true, false,
                                   false, false, false, false, false};

std::string wide_table(const std::vector<const measured_cell*>& cells,
                       const measure_text_options& options) {
    std::vector<row> rows = {heading};
    for (const measured_cell* cell : cells) {
        rows.push_back(row_of(*cell, options));
    }
    for (std::size_t column = 0; column < heading.size(); ++column) {
        // A column that says nothing is not printed.
        if (std::all_of(rows.begin() + 1, rows.end(),
                        [&](const row& one) { return one[column].empty(); })) {
            rows.front()[column].clear();
        }
    }
    return table(rows, numbers);
}

/// What stands in further columns where there is room for them.
std::string rest_of(const measured_cell& cell, const measure_text_options& options) {
    std::string text =
        fmt::format("{}{}; {} sample{}", to_string(cell.verdict), where_measured(cell.in),
                    cell.figure.n, cell.figure.n == 1 ? "" : "s");
    const auto add = [&](std::string_view label, const std::string& what) {
        text += what.empty() ? "" : fmt::format("; {}{}", label, what);
    };
    add("declared ", declared(cell));
    add("pages of ", pages(cell));
    add("", fmt::format("{} thread{} on CPU {}", cell.threads, cell.threads == 1 ? "" : "s",
                        detail::printable(cell.cpus.to_string())));
    add("", detail::printable(cell.kernel));
    add("", age(cell.time, options.now));
    return text;
}

/// The figures as a table, below each what else belongs to it.
std::string narrow_table(const std::vector<const measured_cell*>& cells,
                         const measure_text_options& options) {
    constexpr std::size_t narrow_columns = 4;
    const auto first_of = [](const row& all) {
        return row(all.begin(), all.begin() + narrow_columns);
    };
    std::vector<row> rows = {first_of(heading)};
    for (const measured_cell* cell : cells) {
        rows.push_back(first_of(row_of(*cell, options)));
    }
    const std::string figures = table(rows, {numbers.begin(), numbers.begin() + narrow_columns});
    std::string text;
    std::size_t from = 0;
    for (std::size_t line = 0; line < rows.size(); ++line) {
        const std::size_t end = figures.find('\n', from) + 1;
        text += figures.substr(from, end - from);
        text +=
            line == 0 ? "" : wrapped("      ", rest_of(*cells[line - 1], options), options.columns);
        from = end;
    }
    return text;
}

std::string cells_text(const std::vector<const measured_cell*>& cells,
                       const measure_text_options& options) {
    std::string wide = wide_table(cells, options);
    std::string_view rest = wide;
    while (!rest.empty()) {
        const std::size_t end = rest.find('\n');
        if (detail::columns_of(rest.substr(0, end)) > options.columns) {
            return narrow_table(cells, options);
        }
        rest.remove_prefix(end + 1);
    }
    return wide;
}

/// What keeps a figure from being taken as it stands.
std::vector<std::string> words_about(const measured_cell& cell) {
    std::vector<std::string> words;
    if (cell.verdict != interference::quiet) {
        words.push_back(fmt::format("{}{}{}", to_string(cell.verdict), cell.why.empty() ? "" : ": ",
                                    detail::printable(cell.why)));
    }
    if (cell.in == measured_in::cpu_cache) {
        words.push_back(fmt::format("a buffer of {} fits the CPU's cache: no figure of the memory",
                                    detail::format_size(cell.buffer)));
    } else if (cell.in == measured_in::side_cache) {
        words.push_back(fmt::format("a buffer of {} fits the memory-side cache: the cache's figure",
                                    detail::format_size(cell.buffer)));
    }
    if (!cell.figure.converged) {
        words.emplace_back("its time was up before the interval was narrow");
    }
    return words;
}

std::string notes(const std::vector<const measured_cell*>& cells, std::size_t columns) {
    // Many cells have the same to say.
    std::vector<std::pair<std::string, std::vector<std::string>>> by_word;
    for (const measured_cell* cell : cells) {
        for (const std::string& word : words_about(*cell)) {
            auto found = std::find_if(by_word.begin(), by_word.end(),
                                      [&](const auto& one) { return one.first == word; });
            if (found == by_word.end()) {
                found = by_word.insert(by_word.end(), {word, {}});
            }
            found->second.push_back(fmt::format("{} from {}", words_of(cell->what),
                                                detail::printable(cell->initiator)));
        }
    }
    std::string text;
    for (const auto& [word, whose] : by_word) {
        text += wrapped("  Note: ",
                        whose.size() == cells.size() && cells.size() > 1
                            ? fmt::format("all of these: {}", word)
                            : fmt::format("{}: {}", fmt::join(whose, "; "), word),
                        columns);
    }
    return text;
}

std::string bus_line(const std::vector<const measured_cell*>& cells, std::size_t columns) {
    std::vector<std::string> more;
    for (const measured_cell* cell : cells) {
        // Where stores fetch their line first; else the bus carries what the program does.
        if (cell->bus > cell->figure.median) {
            more.push_back(fmt::format("{} from {} {}", words_of(cell->what),
                                       detail::printable(cell->initiator),
                                       value(false, cell->bus)));
        }
    }
    return more.empty() ? ""
                        : wrapped("  ",
                                  fmt::format("On the bus, lines fetched by stores included: {}",
                                              fmt::join(more, "; ")),
                                  columns);
}

std::string curve_text(const measured_curve& curve) {
    constexpr double width = 40;
    std::uint64_t slowest = curve.idle;
    for (const curve_point& one : curve.points) {
        slowest = std::max(slowest, one.latency);
    }
    const auto bar = [&](std::uint64_t time) {
        return std::string(static_cast<std::size_t>(std::lround(
                               width * static_cast<double>(time) /
                               static_cast<double>(std::max<std::uint64_t>(slowest, 1)))),
                           '#');
    };
    std::vector<row> rows = {{"idle", value(true, curve.idle), bar(curve.idle)}};
    for (const curve_point& one : curve.points) {
        rows.push_back({value(false, one.load), value(true, one.latency), bar(one.latency)});
    }
    const std::string knee =
        curve.knee ? fmt::format("Knee (twice the idle latency): at {}, {}",
                                 value(false, curve.knee->load), value(true, curve.knee->latency))
                   : "Knee (twice the idle latency): not reached with these CPUs";
    return fmt::format("  Latency under load from {}, {} % of it reads ({}):\n{}  {}\n",
                       detail::printable(curve.initiator), curve.read_percent,
                       to_string(curve.verdict), table(rows, {true, true, false}), knee);
}

std::string given_text(const std::vector<given_figure>& given) {
    if (given.empty()) {
        return "";
    }
    std::vector<row> rows = {{"from", "to", "what", "value", "as", "origin"}};
    for (const given_figure& one : given) {
        rows.push_back({detail::printable(one.initiator), detail::printable(one.target),
                        std::string(detail::words_of(one.what)),
                        detail::format_value(one.what, one.value), std::string(to_string(one.from)),
                        detail::printable(one.origin)});
    }
    return "Given:\n" + table(rows, {false, false, false, true, false, false});
}

std::string about(const measurements& all, const std::string& name) {
    const auto mark = std::find_if(all.targets.begin(), all.targets.end(),
                                   [&](const target_mark& one) { return one.name == name; });
    std::string text = detail::printable(name);
    if (mark != all.targets.end() && mark->size) {
        text += ", " + detail::format_size(*mark->size);
    }
    return text + "\n";
}

} // namespace

std::string text_of(const measurements& all, const measure_text_options& options) {
    std::vector<std::string> names;
    const auto note_name = [&](const std::string& name) {
        if (std::find(names.begin(), names.end(), name) == names.end()) {
            names.push_back(name);
        }
    };
    for (const measured_cell& one : all.cells) {
        note_name(one.target);
    }
    for (const measured_curve& one : all.curves) {
        note_name(one.target);
    }
    std::string text;
    for (const std::string& name : names) {
        std::vector<const measured_cell*> cells;
        for (const measured_cell& one : all.cells) {
            if (one.target == name) {
                cells.push_back(&one);
            }
        }
        text += about(all, name);
        text += cells.empty() ? ""
                              : cells_text(cells, options) + bus_line(cells, options.columns) +
                                    notes(cells, options.columns);
        for (const measured_curve& one : all.curves) {
            text += one.target == name ? curve_text(one) : "";
        }
        text += "\n";
    }
    text += given_text(all.given);
    for (const std::string& remark : all.remarks) {
        text += wrapped("Note: ", remark, options.columns);
    }
    return text;
}

} // namespace hetmem::tool
