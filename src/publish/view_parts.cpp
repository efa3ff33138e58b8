#include "publish/view_parts.hpp"

#include "publish/format.hpp"

#include "kernel/text.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace hetmem::detail {
namespace {

template <class Unit> plain_figure plain_of(const figure<Unit>& f, std::uint64_t value) {
    // What means nothing must not make two alike figures differ.
    return {f.state, f.known() ? value : 0, f.state == knowledge::unknown ? source{} : f.from};
}

bool says_something(const plain_figures& figures) {
    return std::any_of(figures.begin(), figures.end(),
                       [](const plain_figure& f) { return f.state == knowledge::known; });
}

bool reaches(const plain_figures& figures) {
    return std::none_of(figures.begin(), figures.end(),
                        [](const plain_figure& f) { return f.state == knowledge::unreachable; });
}

/// Smaller is better.
std::uint64_t preference(quantity what, const plain_figure& f) {
    constexpr std::uint64_t worst = ~std::uint64_t{0};
    return f.state != knowledge::known ? worst : is_latency(what) ? f.value : worst - f.value;
}

/// The best initiator that is a CPU, where the best of all is none.
std::optional<initiator_id> best_cpu_initiator(const topology& machine, target_id to) {
    const auto best = machine.best_initiator(to);
    if (!best || machine.initiators()[best->index].kind == initiator_kind::cpu) {
        return best;
    }
    using key = std::tuple<std::array<std::uint64_t, std::size(all_quantities)>, unsigned>;
    std::optional<std::pair<key, initiator_id>> found;
    for (const initiator& from : machine.initiators()) {
        const plain_figures figures = plain(machine.access(from.id, to));
        if (from.kind != initiator_kind::cpu || !says_something(figures) || !reaches(figures)) {
            continue;
        }
        key k;
        for (const quantity what : all_quantities) {
            const auto q = static_cast<std::size_t>(what);
            std::get<0>(k)[q] = preference(what, figures[q]);
        }
        std::get<1>(k) = machine.distance(from.id, to).value_or(~0U);
        if (!found || k < found->first) {
            found.emplace(k, from.id);
        }
    }
    return found ? std::optional(found->second) : std::nullopt;
}

} // namespace

plain_figures plain(const access& figures) {
    return {plain_of(figures.read_latency, figures.read_latency.value.picoseconds()),
            plain_of(figures.write_latency, figures.write_latency.value.picoseconds()),
            plain_of(figures.read_bandwidth, figures.read_bandwidth.value.bytes_per_second()),
            plain_of(figures.write_bandwidth, figures.write_bandwidth.value.bytes_per_second())};
}

std::vector<alike_initiators> group_alike(const topology& machine, target_id to) {
    std::vector<alike_initiators> groups;
    std::map<std::pair<plain_figures, std::optional<unsigned>>, std::size_t> group_of;
    for (const initiator& from : machine.initiators()) {
        const plain_figures figures = plain(machine.access(from.id, to));
        const std::optional<unsigned> distance = machine.distance(from.id, to);
        const auto [place, is_new] =
            group_of.try_emplace(std::pair(figures, distance), groups.size());
        if (is_new) {
            groups.push_back({{}, figures, distance});
        }
        groups[place->second].initiators.push_back(from.id.index);
    }
    return groups;
}

std::size_t most_nearest(const topology& machine) {
    // On a machine of 1024 nodes, all alike, every one would be a link in every other: a million.
    constexpr std::size_t links = 8192;
    constexpr std::size_t always = 8;
    return std::max(always, links / std::max<std::size_t>(machine.targets().size(), 1));
}

std::optional<alike_initiators> nearest(const topology& machine, target_id to,
                                        which_initiators among) {
    const auto best = among == which_initiators::all ? machine.best_initiator(to)
                                                     : best_cpu_initiator(machine, to);
    if (!best) {
        return std::nullopt;
    }
    alike_initiators out{{}, plain(machine.access(*best, to)), machine.distance(*best, to)};
    if (!says_something(out.figures)) {
        return std::nullopt;
    }
    for (const initiator& from : machine.initiators()) {
        if ((among == which_initiators::all || from.kind == initiator_kind::cpu) &&
            plain(machine.access(from.id, to)) == out.figures) {
            out.initiators.push_back(from.id.index);
        }
    }
    const std::size_t most = most_nearest(machine);
    if (out.initiators.size() > most) {
        std::vector<std::tuple<bool, unsigned, std::uint32_t>> by_nearness;
        for (const std::uint32_t i : out.initiators) {
            const initiator& from = machine.initiators()[i];
            by_nearness.emplace_back(!same_node(from, machine.targets()[to.index]),
                                     machine.distance(from.id, to).value_or(~0U), i);
        }
        std::sort(by_nearness.begin(), by_nearness.end());
        by_nearness.resize(most);
        out.initiators.clear();
        for (const auto& [other_node, distance, i] : by_nearness) {
            out.initiators.push_back(i);
        }
        std::sort(out.initiators.begin(), out.initiators.end());
    }
    return out;
}

std::uint64_t kernel_units(quantity what, std::uint64_t base_units) {
    const std::uint64_t unit = is_latency(what) ? 1000 : 1'000'000;
    return base_units / unit + (base_units % unit != 0 ? 1 : 0);
}

std::vector<usable_node> usable_nodes(const topology& machine) {
    std::map<unsigned, usable_node> nodes;
    const auto is_node = [](std::optional<int> number) {
        return number && *number >= 0 && static_cast<unsigned>(*number) < kernel::node_limit;
    };
    // Linux may have put the CPUs of several initiators (proximity domains) into one node.
    for (const initiator& from : machine.initiators()) {
        if (from.kind == initiator_kind::cpu && is_node(from.node)) {
            nodes[static_cast<unsigned>(*from.node)].cpus.insert(from.cpus);
        }
    }
    for (const target& memory : machine.targets()) {
        if (is_online(memory) && is_node(memory.node)) {
            nodes[static_cast<unsigned>(*memory.node)].memory = &memory;
        }
    }
    std::vector<usable_node> out;
    for (auto& [number, node] : nodes) {
        node.number = number;
        out.push_back(std::move(node));
    }
    return out;
}

std::string_view proposal_name(quantity what) {
    switch (what) {
    case quantity::read_latency:
        return "read_lat_nsec";
    case quantity::write_latency:
        return "write_lat_nsec";
    case quantity::read_bandwidth:
        return "read_bw_MBps";
    case quantity::write_bandwidth:
        return "write_bw_MBps";
    }
    return "";
}

} // namespace hetmem::detail
