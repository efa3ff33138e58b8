// hetmem watch: what changes about the memories of this machine, as it happens.
#include "publish/format.hpp"
#include "publish/history.hpp"
#include "publish/utf8.hpp"
#include "tool/commands.hpp"
#include "tool/output.hpp"

#include <hetmem/monitor.hpp>

#include <chrono>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace hetmem::tool {
namespace {

using std::chrono::system_clock;

/// How one learns of changes.
std::string ways_of(const monitor_status& status) {
    std::string ways = status.events ? "the kernel's events arrive" : status.remark;
    if (status.published) {
        ways += "; hetmemd publishes here";
    }
    return ways;
}

std::string first_line(const topology& machine, const monitor_status& status) {
    return fmt::format("{}  generation {}: {}; {}\n", detail::timestamp(system_clock::now()),
                       machine.generation(), fmt::join(detail::format_totals(machine), ", "),
                       ways_of(status));
}

std::string first_json_line(const topology& machine, const monitor_status& status) {
    nlohmann::ordered_json line;
    line["generation"] = machine.generation();
    line["time"] = detail::timestamp(system_clock::now());
    line["events"] = status.events;
    line["published"] = status.published;
    line["remark"] = status.remark;
    nlohmann::ordered_json targets = nlohmann::ordered_json::array();
    for (const target& memory : machine.targets()) {
        nlohmann::ordered_json one;
        one["name"] = memory.name;
        one["kind"] = to_string(memory.kind);
        one["state"] = to_string(memory.state);
        one["size"] = nullptr;
        if (memory.size) {
            one["size"] = memory.size->bytes();
        }
        targets.push_back(std::move(one));
    }
    line["targets"] = std::move(targets);
    // Names come from files of the kernel: they need not be UTF-8.
    return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string lines_of(const update& one) {
    const std::string time = detail::timestamp(system_clock::now());
    std::string text;
    for (const change& c : one.changes) {
        text += fmt::format("{}  generation {}: {}\n", time, one.now.generation(),
                            detail::printable(to_string(c)));
    }
    return text;
}

std::string json_line_of(const update& one) {
    return detail::history_line(
        {one.now.generation(), system_clock::now(), "noticed", one.changes});
}

} // namespace

void watch(const watch_arguments& asked) {
    monitor machine;
    const topology first = machine.current();
    write_output(asked.json ? first_json_line(first, machine.status())
                            : first_line(first, machine.status()));
    for (std::size_t generations = 0; !asked.changes || generations < *asked.changes;) {
        // Until there is something: signals end the program as they end any.
        for (const update& one : machine.wait(std::chrono::hours(24))) {
            write_output(asked.json ? json_line_of(one) : lines_of(one));
            ++generations;
        }
    }
}

} // namespace hetmem::tool
