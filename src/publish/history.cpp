#include "publish/history.hpp"

#include <algorithm>
#include <ctime>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace hetmem::detail {
namespace {

using nlohmann::ordered_json;

// A line that fills the whole history would leave nothing of what was before.
constexpr std::size_t most_changes = 200;

ordered_json change_json(const change& c) {
    return {{"kind", to_string(c.kind)}, {"target", c.target},
            {"initiator", c.initiator},  {"what", c.what},
            {"before", c.before},        {"after", c.after},
            {"text", to_string(c)}};
}

} // namespace

std::string timestamp(std::chrono::system_clock::time_point time) {
    using namespace std::chrono;
    const auto whole = floor<seconds>(time);
    const auto rest = duration_cast<milliseconds>(time - whole).count();
    const std::time_t seconds_since = system_clock::to_time_t(whole);
    std::tm parts{};
    ::gmtime_r(&seconds_since, &parts);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900,
                       parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                       rest);
}

std::string history_line(const history_entry& entry) {
    ordered_json changes = ordered_json::array();
    const std::size_t told = std::min(entry.changes.size(), most_changes);
    for (std::size_t i = 0; i < told; ++i) {
        changes.push_back(change_json(entry.changes[i]));
    }
    ordered_json line = {{"generation", entry.generation},
                         {"time", timestamp(entry.time)},
                         {"cause", entry.cause},
                         {"changes", std::move(changes)}};
    if (told < entry.changes.size()) {
        line["more_changes"] = entry.changes.size() - told;
    }
    // Names come from files of the kernel and from firmware: they need not be UTF-8.
    return line.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string extended_history(std::string_view so_far, std::string_view line) {
    // Only whole lines count; from the end, as many as there is room for.
    so_far = so_far.substr(0, so_far.rfind('\n') + 1);
    std::size_t begin = so_far.size();
    for (std::size_t lines = 1; begin > 0 && lines < most_history_lines; ++lines) {
        const std::size_t newline =
            begin < 2 ? std::string_view::npos : so_far.rfind('\n', begin - 2);
        const std::size_t one_more = newline == std::string_view::npos ? 0 : newline + 1;
        if (so_far.size() - one_more + line.size() > most_history_bytes) {
            break;
        }
        begin = one_more;
    }
    return fmt::format("{}{}", so_far.substr(begin), line);
}

} // namespace hetmem::detail
