#include "publish/views.hpp"

#include "publish/format.hpp"
#include "publish/utf8.hpp"
#include "publish/view_parts.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace hetmem::detail {
namespace {

using enum tree_entry::kind;

constexpr mode_t root_only = 0400;

/// What a file or directory may be called, of a name that may come from anywhere.
std::string file_name(std::string_view name) {
    std::string out(name.substr(0, 100));
    std::replace_if(
        out.begin(), out.end(),
        [](char c) {
            return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '.' || c == '-' || c == '_' || c == ':');
        },
        '_');
    return out;
}

template <class Thing> bool is_the_node(const Thing& thing) {
    return thing.node && thing.name == fmt::format("node{}", *thing.node);
}

/// What stands behind mem_tgt or mem_init, for each of a list: the number of the node that it is,
/// or that it would become and no other; otherwise "_" and the name.
template <class Things> std::vector<std::string> suffixes_of(const Things& things) {
    std::map<int, int> with_node;
    for (const auto& thing : things) {
        if (thing.node) {
            ++with_node[*thing.node];
        }
    }
    std::vector<std::string> out;
    std::set<std::string> taken;
    for (const auto& thing : things) {
        const bool numbered = thing.node && (is_the_node(thing) || with_node[*thing.node] == 1);
        std::string suffix =
            numbered ? fmt::format("{}", *thing.node) : "_" + file_name(thing.name);
        // Different names can become one file name; only descriptions made by hand have such.
        while (!taken.insert(suffix).second) {
            suffix += "_";
        }
        out.push_back(std::move(suffix));
    }
    return out;
}

/// "0.3" of 300: without what would be zeros at the end.
std::string decimal(std::uint64_t value, std::uint64_t unit) {
    std::string out = fmt::format("{}", value / unit);
    if (value % unit != 0) {
        // unit + rest: a leading one keeps the zeros in front of the rest.
        std::string rest = fmt::format("{}", unit + value % unit).substr(1);
        rest.erase(rest.find_last_not_of('0') + 1);
        out += "." + rest;
    }
    return out;
}

std::string cell(quantity what, const plain_figure& f) {
    switch (f.state) {
    case knowledge::unknown:
        return "- -";
    case knowledge::unreachable:
        return fmt::format("unreachable {}", to_string(f.from));
    case knowledge::known:
        break;
    }
    return fmt::format("{} {}", decimal(f.value, is_latency(what) ? 1000 : 1'000'000),
                       to_string(f.from));
}

class hmem_writer {
public:
    explicit hmem_writer(const topology& machine)
        : machine_(machine), target_suffix_(suffixes_of(machine.targets())),
          initiator_suffix_(suffixes_of(machine.initiators())),
          local_targets_(machine.initiators().size()) {}

    file_tree write() {
        add("generation", machine_.generation());
        for (const target& memory : machine_.targets()) {
            add_target(memory);
        }
        for (const initiator& from : machine_.initiators()) {
            add_initiator(from);
        }
        return std::move(tree_);
    }

private:
    template <class Value> void add(std::string path, const Value& value, mode_t mode = 0644) {
        tree_.push_back({std::move(path), file, fmt::format("{}\n", value), mode});
    }
    void link(std::string path, std::string to) {
        tree_.push_back({std::move(path), tree_entry::kind::link, std::move(to)});
    }

    void add_target(const target& memory) {
        const std::string at = "mem_tgt" + target_suffix_[memory.id.index] + "/";
        if (memory.pxm) {
            add(at + "firmware_id", *memory.pxm);
            add(at + "is_enabled", 1); // what firmware does not enable is not described at all
        }
        add(at + "is_cached", memory.caches.empty() ? 0 : 1);
        add(at + "is_isolated", memory.reserved ? 1 : 0);
        if (memory.reserved) {
            add(at + "reserved_reason", printable(memory.reserved_reason));
        }
        add(at + "name", printable(memory.name));
        add(at + "kind", to_string(memory.kind));
        add(at + "state", to_string(memory.state));
        if (memory.size) {
            add(at + "size", memory.size->bytes());
        }
        add_ranges(at, memory);
        // A dax device knows the node that it would become: there is no such node yet.
        if (is_the_node(memory) && memory.state != target_state::absent) {
            link_node(at, *memory.node);
        }
        add_local(at, memory);
        add_access(at, memory);
    }

    void link_node(const std::string& at, int node) {
        link(fmt::format("{}node{}", at, node),
             fmt::format("/sys/devices/system/node/node{}", node));
    }

    void add_ranges(const std::string& at, const target& memory) {
        std::string bases;
        std::string lengths;
        for (const address_range& range : memory.ranges) {
            fmt::format_to(std::back_inserter(bases), "{:#x}\n", range.base);
            fmt::format_to(std::back_inserter(lengths), "{:#x}\n", range.length);
        }
        if (!memory.ranges.empty()) {
            tree_.push_back({at + "phys_addr_base", file, bases, root_only});
            tree_.push_back({at + "phys_length_bytes", file, lengths, root_only});
        }
    }

    void add_local(const std::string& target_at, const target& memory) {
        const auto near = nearest(machine_, memory.id, which_initiators::all);
        if (!near) {
            return;
        }
        const std::string at = target_at + "local_init/";
        for (const quantity what : all_quantities) {
            const plain_figure& f = near->figures[static_cast<std::size_t>(what)];
            if (f.state == knowledge::known) {
                add(fmt::format("{}{}", at, proposal_name(what)), kernel_units(what, f.value));
            }
        }
        const std::string own = "mem_tgt" + target_suffix_[memory.id.index];
        link(at + own, "../../" + own);
        for (const std::uint32_t i : near->initiators) {
            const std::string from = "mem_init" + initiator_suffix_[i];
            link(at + from, "../../" + from);
            local_targets_[i].push_back(memory.id.index);
        }
    }

    void add_access(const std::string& at, const target& memory) {
        std::string text = "initiators";
        for (const quantity what : all_quantities) {
            fmt::format_to(std::back_inserter(text), " {} from", proposal_name(what));
        }
        text += " distance\n";
        for (const alike_initiators& group : group_alike(machine_, memory.id)) {
            text += suffix_list(group.initiators);
            for (const quantity what : all_quantities) {
                text += " " + cell(what, group.figures[static_cast<std::size_t>(what)]);
            }
            text += group.distance ? fmt::format(" {}\n", *group.distance) : " -\n";
        }
        tree_.push_back({at + "access", file, std::move(text)});
    }

    /// "0-3,8,_gi9": "mem_init" before each gives the directory.
    std::string suffix_list(const positions& initiators) const {
        id_set numbers;
        std::string names;
        for (const std::uint32_t i : initiators) {
            const std::string& suffix = initiator_suffix_[i];
            const std::optional<int> node = machine_.initiators()[i].node;
            if (suffix.front() != '_' && node && *node >= 0 &&
                static_cast<unsigned>(*node) < id_set::limit) {
                numbers.insert(static_cast<unsigned>(*node));
            } else {
                names += "," + suffix;
            }
        }
        return numbers.empty() ? names.substr(1) : numbers.to_string() + names;
    }

    void add_initiator(const initiator& from) {
        const std::string at = "mem_init" + initiator_suffix_[from.id.index] + "/";
        if (from.pxm) {
            add(at + "firmware_id", *from.pxm);
            add(at + "is_enabled", 1);
        }
        add(at + "name", printable(from.name));
        add(at + "kind", to_string(from.kind));
        if (from.kind == initiator_kind::cpu) {
            add(at + "cpulist", from.cpus.to_string());
        }
        if (!from.device.empty()) {
            add(at + "device", printable(from.device));
        }
        if (const auto cpu = from.cpus.first()) {
            link(fmt::format("{}cpu{}", at, *cpu),
                 fmt::format("/sys/devices/system/cpu/cpu{}", *cpu));
        }
        if (from.node) {
            link_node(at, *from.node);
        }
        for (const std::uint32_t t : local_targets_[from.id.index]) {
            const std::string to = "mem_tgt" + target_suffix_[t];
            link(at + to, "../" + to);
        }
    }

    const topology& machine_;
    std::vector<std::string> target_suffix_;
    std::vector<std::string> initiator_suffix_;
    std::vector<positions> local_targets_;
    file_tree tree_;
};

} // namespace

file_tree hmem_tree(const topology& machine) {
    return hmem_writer(machine).write();
}

} // namespace hetmem::detail
