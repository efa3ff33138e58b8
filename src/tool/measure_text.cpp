#include "tool/measure_text.hpp"

#include "publish/format.hpp"
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

using row = std::vector<std::string>;

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

std::string words_of(metric what) {
    std::string words(to_string(what));
    std::replace(words.begin(), words.end(), '_', ' ');
    return words;
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
            words_of(cell.what),
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

std::string notes(const std::vector<const measured_cell*>& cells) {
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
        text += whose.size() == cells.size() && cells.size() > 1
                    ? fmt::format("  Note: all of these: {}\n", word)
                    : fmt::format("  Note: {}: {}\n", fmt::join(whose, ", "), word);
    }
    return text;
}

std::string bus_line(const std::vector<const measured_cell*>& cells) {
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
                        : fmt::format("  On the bus, lines fetched by stores included: {}\n",
                                      fmt::join(more, ", "));
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
        std::vector<row> rows = {heading};
        std::vector<const measured_cell*> cells;
        for (const measured_cell& one : all.cells) {
            if (one.target == name) {
                rows.push_back(row_of(one, options));
                cells.push_back(&one);
            }
        }
        for (std::size_t column = 0; column < heading.size(); ++column) {
            // A column that says nothing is not printed.
            if (std::all_of(rows.begin() + 1, rows.end(),
                            [&](const row& one) { return one[column].empty(); })) {
                rows.front()[column].clear();
            }
        }
        text += about(all, name);
        text += cells.empty() ? "" : table(rows, numbers) + bus_line(cells) + notes(cells);
        for (const measured_curve& one : all.curves) {
            text += one.target == name ? curve_text(one) : "";
        }
        text += "\n";
    }
    text += given_text(all.given);
    for (const std::string& remark : all.remarks) {
        text += "Note: " + detail::printable(remark) + "\n";
    }
    return text;
}

} // namespace hetmem::tool
