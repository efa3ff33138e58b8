// hetmem rank: the order of the memories by one criterion, and why.
#include "publish/format.hpp"
#include "publish/utf8.hpp"
#include "tool/commands.hpp"
#include "tool/machine_source.hpp"
#include "tool/output.hpp"

#include <hetmem/error.hpp>

#include <algorithm>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace hetmem::tool {
namespace {

initiator_id find_initiator(const topology& machine, const std::string& name) {
    for (const initiator& one : machine.initiators()) {
        if (one.name == name) {
            return one.id;
        }
    }
    throw no_such_target(fmt::format("no initiator is called '{}': hetmem show names them", name));
}

bool is_running_machine(const machine_arguments& asked) {
    return asked.root.empty() && asked.saved.empty();
}

/// Empty, which means where this command runs, when nothing was chosen on the running machine. The
/// CPUs of this process say nothing about another machine: there all CPUs count.
std::vector<initiator_id> chosen_initiators(const topology& machine, const rank_arguments& asked) {
    std::vector<initiator_id> from;
    for (const unsigned cpu : asked.cpus) {
        const auto initiator = machine.initiator_of_cpu(cpu);
        if (!initiator) {
            throw no_such_target(fmt::format("no initiator has CPU {}", cpu));
        }
        from.push_back(*initiator);
    }
    for (const std::string& name : asked.initiators) {
        from.push_back(find_initiator(machine, name));
    }
    if (from.empty() && !is_running_machine(asked.machine)) {
        for (const initiator& one : machine.initiators()) {
            if (one.kind == initiator_kind::cpu) {
                from.push_back(one.id);
            }
        }
    }
    std::sort(from.begin(), from.end());
    from.erase(std::unique(from.begin(), from.end()), from.end());
    return from;
}

std::string names_of(const topology& machine, const std::vector<initiator_id>& initiators) {
    constexpr std::size_t most = 8;
    std::string names;
    for (std::size_t i = 0; i < std::min(initiators.size(), most); ++i) {
        names += names.empty() ? "" : ", ";
        names += machine.initiators()[initiators[i].index].name;
    }
    if (initiators.size() > most) {
        names += fmt::format(" and {} more", initiators.size() - most);
    }
    return names;
}

std::string words_of(criterion by) {
    std::string words(to_string(by));
    std::replace(words.begin(), words.end(), '_', ' ');
    return words == "free" ? "free memory" : words;
}

std::string heading(const topology& machine, const ranking& order) {
    if (order.by == criterion::capacity || order.by == criterion::free) {
        return fmt::format("By {}, best first:\n", words_of(order.by));
    }
    std::string line =
        fmt::format("By {} from {}", words_of(order.by), names_of(machine, order.from));
    if (order.from.size() > 1) {
        line += " (the worst of them counts)";
    }
    if (order.used) {
        line += fmt::format(", figures of {}", to_string(*order.used));
    }
    return line + ", best first:\n";
}

/// As the library explains it, but sizes in the unit that fits them.
std::string reason(const ranking& order, const ranked_target& place) {
    const bool is_size = order.by == criterion::capacity || order.by == criterion::free;
    return is_size && place.state == knowledge::known
               ? detail::format_size(byte_size::from_bytes(place.value))
               : explain(order, place);
}

std::string as_text(const topology& machine, const ranking& order) {
    std::size_t widest = 0;
    for (const target& memory : machine.targets()) {
        widest = std::max(widest, memory.name.size());
    }
    const auto line = [&](std::string_view number, target_id id, std::string_view why) {
        const target& memory = machine.targets()[id.index];
        return fmt::format("{:>4}  {:<{}}  {:<17}  {}\n", number, memory.name, widest,
                           detail::words_of(memory.kind), why);
    };
    std::string text = heading(machine, order);
    std::size_t number = 0;
    for (const ranked_target& one : order.places) {
        text += line(fmt::format("{}", ++number), one.target, reason(order, one));
    }
    if (order.places.empty()) {
        text += "      nothing that may be used\n";
    }
    if (!order.left_out.empty()) {
        text += "Left out:\n";
        for (const left_out_target& one : order.left_out) {
            text += line("-", one.target, one.why);
        }
    }
    for (const std::string& remark : order.remarks) {
        text += "Note: " + remark + "\n";
    }
    return text;
}

/// Names may come from a saved file that anyone could write: nothing in them steers a terminal.
std::string printable_lines(std::string_view text) {
    std::string lines;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        lines += detail::printable(text.substr(0, end)) + '\n';
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return lines;
}

std::string_view unit_of(criterion by) {
    switch (by) {
    case criterion::read_latency:
    case criterion::write_latency:
        return "ps";
    case criterion::read_bandwidth:
    case criterion::write_bandwidth:
        return "B/s";
    case criterion::capacity:
    case criterion::free:
        break;
    }
    return "B";
}

using json = nlohmann::ordered_json;

json value_of(const ranked_target& one) {
    switch (one.state) {
    case knowledge::known:
        return one.value;
    case knowledge::unreachable:
        return "unreachable";
    case knowledge::unknown:
        break;
    }
    return nullptr;
}

json places_of(const topology& machine, const ranking& order) {
    json list = json::array();
    for (const ranked_target& one : order.places) {
        list.push_back({{"target", machine.targets()[one.target.index].name},
                        {"value", value_of(one)},
                        {"why", reason(order, one)}});
    }
    return list;
}

json left_out_of(const topology& machine, const ranking& order) {
    json list = json::array();
    for (const left_out_target& one : order.left_out) {
        list.push_back({{"target", machine.targets()[one.target.index].name}, {"why", one.why}});
    }
    return list;
}

std::string as_json(const topology& machine, const ranking& order) {
    json from = json::array();
    for (const initiator_id one : order.from) {
        from.push_back(machine.initiators()[one.index].name);
    }
    const json document = {{"format", "hetmem-ranking"},
                           {"version", 1},
                           {"by", to_string(order.by)},
                           {"unit", unit_of(order.by)},
                           {"from", std::move(from)},
                           {"source", order.used ? json(to_string(*order.used)) : json(nullptr)},
                           {"places", places_of(machine, order)},
                           {"left_out", left_out_of(machine, order)},
                           {"remarks", order.remarks}};
    return document.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

} // namespace

void rank(const rank_arguments& asked) {
    const topology machine = read_machine(asked.machine);
    rank_options options;
    options.from = chosen_initiators(machine, asked);
    options.include_reserved = asked.all;
    if (is_running_machine(asked.machine)) {
        options.nodes = allowed_nodes();
    }
    const ranking order = hetmem::rank(machine, asked.by, options);
    write_output(asked.json ? as_json(machine, order) : printable_lines(as_text(machine, order)));
}

} // namespace hetmem::tool
