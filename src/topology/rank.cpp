#include "topology/names.hpp"
#include "topology/target_state.hpp"

#include <hetmem/error.hpp>
#include <hetmem/rank.hpp>

#include "kernel/calls.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace hetmem {

namespace {

constexpr std::uint64_t unknown = topology::unknown_value;
constexpr std::uint64_t unreachable = topology::unreachable_value;

std::optional<quantity> quantity_of(criterion by) {
    switch (by) {
    case criterion::read_latency:
        return quantity::read_latency;
    case criterion::write_latency:
        return quantity::write_latency;
    case criterion::read_bandwidth:
        return quantity::read_bandwidth;
    case criterion::write_bandwidth:
        return quantity::write_bandwidth;
    case criterion::capacity:
    case criterion::free:
        break;
    }
    return std::nullopt;
}

bool smaller_is_better(criterion by) {
    return by == criterion::read_latency || by == criterion::write_latency;
}

std::vector<initiator_id> initiators_here(const topology& machine) {
    const id_set cpus = machine.live() ? allowed_cpus() : id_set{};
    std::vector<initiator_id> out;
    std::vector<initiator_id> all;
    for (const initiator& i : machine.initiators()) {
        if (i.kind != initiator_kind::cpu) {
            continue;
        }
        all.push_back(i.id);
        if (i.cpus.intersects(cpus)) {
            out.push_back(i.id);
        }
    }
    return out.empty() ? all : out;
}

std::string why_left_out(const target& t, const std::optional<id_set>& nodes,
                         bool include_reserved) {
    if (t.reserved && !include_reserved) {
        return "reserved: " + t.reserved_reason;
    }
    if (t.state == target_state::absent ||
        (t.state == target_state::offline && !include_reserved)) {
        return std::string(to_string(t.state));
    }
    if (t.size && t.size->bytes() == 0) {
        return "no memory";
    }
    if (nodes && detail::is_node(t) && !nodes->contains(static_cast<unsigned>(*t.node))) {
        return "not allowed here";
    }
    return {};
}

/// The worst of what one source says from several initiators, a value a target.
class worst_row {
public:
    explicit worst_row(std::size_t targets) : row_(targets), values_(targets) {}

    std::span<const std::uint64_t> of(const topology& machine, source from, quantity what,
                                      std::span<const initiator_id> initiators) {
        const bool latency = what == quantity::read_latency || what == quantity::write_latency;
        bool first = true;
        for (const initiator_id i : initiators) {
            machine.row(from, what, i, first ? values_ : row_);
            if (!first) {
                for (std::size_t t = 0; t < row_.size(); ++t) {
                    values_[t] = worse(values_[t], row_[t], latency);
                }
            }
            first = false;
        }
        return values_;
    }

private:
    /// Unreachable from one of them is unreachable; unknown from one of them is unknown.
    static std::uint64_t worse(std::uint64_t a, std::uint64_t b, bool latency) {
        if (a == unreachable || b == unreachable) {
            return unreachable;
        }
        if (a == unknown || b == unknown) {
            return unknown;
        }
        return latency ? std::max(a, b) : std::min(a, b);
    }

    std::vector<std::uint64_t> row_;
    std::vector<std::uint64_t> values_;
};

std::size_t count_known(std::span<const ranked_target> places,
                        std::span<const std::uint64_t> values) {
    return static_cast<std::size_t>(
        std::count_if(places.begin(), places.end(), [&](const ranked_target& place) {
            return values[place.target.index] != unknown;
        }));
}

void set_figure(ranked_target& place, std::uint64_t value) {
    place.state = value == unknown       ? knowledge::unknown
                  : value == unreachable ? knowledge::unreachable
                                         : knowledge::known;
    place.value = place.state == knowledge::known ? value : 0;
}

std::string in_words(quantity what) {
    std::string words(to_string(what));
    std::replace(words.begin(), words.end(), '_', ' ');
    return words;
}

/// What the reader must know of the figures in use: `known` places have one.
void remark(quantity what, std::size_t known, ranking& order) {
    const std::size_t all = order.places.size();
    if (known == 0 && all != 0) {
        order.remarks.push_back(
            fmt::format("nothing is known of the {} from {}: ordered by distance", in_words(what),
                        order.from.size() > 1 ? "all of these initiators at once (from one of "
                                                "them more may be known)"
                                              : "here"));
    } else if (known < all) {
        order.remarks.push_back(
            fmt::format("{} knows {} of {} targets from here; the others follow by distance",
                        to_string(*order.used), known, all));
    }
}

/// Fills `places` with the figures of the strongest source that covers all of them, or else of the
/// one that covers most, and says what was set aside.
void take_figures(const topology& machine, quantity what, ranking& order) {
    worst_row row(machine.targets().size());
    std::size_t most = 0;
    std::vector<std::pair<source, std::size_t>> set_aside;
    for (const source from : machine.sources_of(what)) {
        const auto values = row.of(machine, from, what, order.from);
        const std::size_t known = count_known(order.places, values);
        if (known <= most) {
            continue;
        }
        if (order.used) {
            set_aside.emplace_back(*order.used, most);
        }
        most = known;
        order.used = from;
        for (ranked_target& place : order.places) {
            set_figure(place, values[place.target.index]);
        }
        if (known == order.places.size()) {
            break;
        }
    }
    for (const auto& [from, known] : set_aside) {
        order.remarks.push_back(
            fmt::format("{} covers {} of {} targets: not comparable, so {} is used for all",
                        to_string(from), known, order.places.size(), to_string(*order.used)));
    }
    remark(what, most, order);
}

void take_sizes(const topology& machine, criterion by, ranking& order) {
    for (ranked_target& place : order.places) {
        const target& t = machine.targets()[place.target.index];
        if (const auto size = by == criterion::capacity ? t.size : t.free) {
            place.state = knowledge::known;
            place.value = size->bytes();
        }
    }
}

void sort_places(criterion by, std::vector<ranked_target>& places) {
    struct key {
        std::uint64_t value; // smaller is better
        std::uint64_t tie;   // distance, local, position
    };
    std::vector<std::pair<key, std::uint32_t>> keys;
    keys.reserve(places.size());
    for (std::size_t p = 0; p < places.size(); ++p) {
        const ranked_target& place = places[p];
        const std::uint64_t value =
            place.state == knowledge::known
                ? (smaller_is_better(by) ? place.value
                                         : unreachable - 1 - std::min(place.value, unreachable - 1))
            : place.state == knowledge::unknown ? unreachable
                                                : unknown;
        const std::uint64_t distance = place.distance == 0 ? 256 : place.distance;
        keys.push_back({{value, distance << 40 | std::uint64_t{!place.local} << 39 |
                                    std::uint64_t{place.target.index}},
                        static_cast<std::uint32_t>(p)});
    }
    std::sort(keys.begin(), keys.end(), [](const auto& a, const auto& b) {
        return a.first.value != b.first.value ? a.first.value < b.first.value
                                              : a.first.tie < b.first.tie;
    });
    std::vector<ranked_target> sorted;
    sorted.reserve(places.size());
    for (const auto& [k, p] : keys) {
        sorted.push_back(places[p]);
    }
    places = std::move(sorted);
}

} // namespace

ranking rank(const topology& machine, criterion by, const rank_options& options) {
    ranking order;
    order.by = by;
    order.from = options.from.empty() ? initiators_here(machine) : options.from;
    for (const initiator_id i : order.from) {
        if (i.index >= machine.initiators().size()) {
            throw no_such_target(fmt::format("no initiator {} in this topology", i.index));
        }
    }
    const std::optional<id_set> nodes =
        options.nodes || !machine.live() ? options.nodes : std::optional(allowed_nodes());
    for (const target& t : machine.targets()) {
        std::string why = why_left_out(t, nodes, options.include_reserved);
        if (!why.empty()) {
            order.left_out.push_back({t.id, std::move(why)});
            continue;
        }
        ranked_target place;
        place.target = t.id;
        for (const initiator_id i : order.from) {
            const unsigned distance = machine.distance(i, t.id).value_or(0);
            place.distance = std::max(place.distance, distance);
            const initiator& from = machine.initiators()[i.index];
            place.local = place.local || (from.node && from.node == t.node);
        }
        order.places.push_back(place);
    }
    if (const auto what = quantity_of(by)) {
        take_figures(machine, *what, order);
    } else {
        take_sizes(machine, by, order);
    }
    sort_places(by, order.places);
    return order;
}

std::string explain(const ranking& order, const ranked_target& place) {
    const std::string distance =
        place.distance == 0 ? std::string() : fmt::format("; distance {}", place.distance);
    switch (place.state) {
    case knowledge::unknown:
        return (quantity_of(order.by) ? "no figure" : "size unknown") + distance;
    case knowledge::unreachable:
        return "unreachable from here";
    case knowledge::known:
        break;
    }
    const std::string_view from = order.used ? to_string(*order.used) : std::string_view();
    if (!quantity_of(order.by)) {
        return place.value >> 30 != 0
                   ? fmt::format("{:.1f} GiB", byte_size::from_bytes(place.value).gib())
                   : fmt::format("{:.1f} MiB", static_cast<double>(place.value) / (1U << 20));
    }
    return smaller_is_better(order.by)
               ? fmt::format("{:g} ns ({})", static_cast<double>(place.value) / 1e3, from)
               : fmt::format("{:g} GB/s ({})", static_cast<double>(place.value) / 1e9, from);
}

id_set allowed_nodes() {
    return kernel::thread_allowed_nodes();
}

id_set allowed_cpus() {
    return kernel::thread_allowed_cpus();
}

} // namespace hetmem
