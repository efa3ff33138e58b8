#include "topology/value_text.hpp"

#include <hetmem/change.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <optional>
#include <span>
#include <tuple>
#include <unordered_map>

#include <fmt/format.h>

namespace hetmem {

namespace {

constexpr std::uint64_t unknown = topology::unknown_value;
constexpr std::uint64_t unreachable = topology::unreachable_value;

/// So many changes of one kind are told one by one, the rest is counted: another HMAT on a machine
/// of 1024 nodes would make millions of lines.
constexpr std::size_t most_of_a_kind = 1000;
constexpr std::size_t kinds = static_cast<std::size_t>(change_kind::setting) + 1;
/// The memory itself and its caches: ACPI 6.4, table 5.146, has three levels of these.
constexpr unsigned most_levels = 4;

std::size_t number_of(change_kind kind) {
    return static_cast<std::size_t>(kind);
}

/// The changes found so far.
class findings {
public:
    /// Counts one; whether it is to be told by add().
    bool found(change_kind kind) { return ++counts_[number_of(kind)] <= most_of_a_kind; }
    void add(change one) { told_.push_back(std::move(one)); }

    void compare(change_kind kind, const target& of, std::string_view what, std::string before,
                 std::string after) {
        if (before != after && found(kind)) {
            add({kind, of.name, {}, std::string(what), std::move(before), std::move(after)});
        }
    }

    std::vector<change> finish() {
        for (std::size_t k = 0; k < kinds; ++k) {
            if (counts_[k] > most_of_a_kind) {
                add({static_cast<change_kind>(k),
                     {},
                     {},
                     fmt::format("{} more", counts_[k] - most_of_a_kind),
                     {},
                     {}});
            }
        }
        return std::move(told_);
    }

private:
    std::vector<change> told_;
    std::array<std::uint64_t, kinds> counts_{};
};

// ---- what people are shown

/// The short form, or an exact one where the short ones are the same.
template <class Value, class Short, class Exact>
std::pair<std::string, std::string> told_apart(const Value& before, const Value& after,
                                               Short short_form, Exact exact_form) {
    std::pair texts(short_form(before), short_form(after));
    if (texts.first == texts.second) {
        texts = {exact_form(before), exact_form(after)};
    }
    return texts;
}

std::string text_of(const std::optional<bool>& value) {
    return value ? *value ? "on" : "off" : "unknown";
}

template <class Number> std::string text_of(const std::optional<Number>& value) {
    return value ? fmt::format("{}", *value) : "unknown";
}

std::string state_text(const target& of) {
    return of.state == target_state::partly_online
               ? fmt::format("{} ({} of {} blocks)", to_string(of.state), of.blocks_online,
                             of.blocks)
               : std::string(to_string(of.state));
}

std::string reservation_text(const target& of) {
    return of.reserved ? fmt::format("reserved ({})", of.reserved_reason) : "not reserved";
}

std::string joined(const std::vector<std::string>& parts, std::string_view with) {
    return parts.empty() ? "none" : fmt::format("{}", fmt::join(parts, with));
}

std::string cache_text(const target& of) {
    std::vector<std::string> caches;
    for (const memory_side_cache& one : of.caches) {
        std::string text = fmt::format("level {}: {}", one.level, detail::format_size(one.size));
        if (one.line_size) {
            text += fmt::format(", lines of {}", detail::format_size(*one.line_size));
        }
        for (const std::string& attribute :
             {one.associativity, one.write_policy, one.address_mode}) {
            if (!attribute.empty()) {
                text.append(", ").append(attribute);
            }
        }
        caches.push_back(std::move(text));
    }
    return joined(caches, "; ");
}

std::string dax_text(const target& of) {
    std::vector<std::string> devices;
    for (const dax_device& one : of.dax) {
        devices.push_back(fmt::format("{} ({}, {})", one.name, detail::format_size(one.size),
                                      one.driver.empty() ? "no driver" : one.driver));
    }
    return joined(devices, ", ");
}

template <class Unit> std::string figure_text(const figure<Unit>& f) {
    if (f.state == knowledge::known) {
        if constexpr (std::is_same_v<Unit, latency>) {
            return detail::format_latency(f.value);
        } else {
            return detail::format_bandwidth(f.value);
        }
    }
    return f.state == knowledge::unknown ? "unknown" : "unreachable";
}

std::string leg_text(const target& of) {
    std::vector<std::string> legs;
    for (const device_leg& one : of.device_legs) {
        legs.push_back(fmt::format(
            "{}{}: read {} and {}, write {} and {}", one.device,
            one.non_volatile ? " (persistent)" : "", figure_text(one.figures.read_latency),
            figure_text(one.figures.read_bandwidth), figure_text(one.figures.write_latency),
            figure_text(one.figures.write_bandwidth)));
    }
    return joined(legs, "; ");
}

/// The figure of a pair that counts, and whose it is.
struct cell {
    std::uint64_t value = unknown;
    source from{};
    friend bool operator==(const cell& a, const cell& b) {
        return a.value == b.value && (a.value == unknown || a.from == b.from);
    }
};

std::pair<std::string, std::string> cell_texts(quantity what, const cell& before,
                                               const cell& after) {
    const auto in_words = [](const cell& c, auto known) {
        return c.value == unknown
                   ? std::string("unknown")
                   : fmt::format("{} ({})", c.value == unreachable ? "unreachable" : known(c.value),
                                 to_string(c.from));
    };
    return told_apart(
        before, after,
        [&](const cell& c) {
            return in_words(c, [&](std::uint64_t n) { return detail::format_value(what, n); });
        },
        [&](const cell& c) {
            return in_words(c, [&](std::uint64_t n) {
                return fmt::format("{} {}", n, detail::is_latency(what) ? "ps" : "B/s");
            });
        });
}

// ---- what is compared

/// Where the things of one topology, by their names, are in another.
template <class Thing> class positions {
public:
    explicit positions(std::span<const Thing> things) {
        for (std::size_t i = 0; i < things.size(); ++i) {
            at_.emplace(things[i].name, i);
        }
    }
    std::optional<std::size_t> of(const Thing& thing) const {
        const auto it = at_.find(thing.name);
        return it == at_.end() ? std::nullopt : std::optional(it->second);
    }
    /// For every one of `things`.
    std::vector<std::optional<std::size_t>> of(std::span<const Thing> things) const {
        std::vector<std::optional<std::size_t>> out;
        out.reserve(things.size());
        for (const Thing& thing : things) {
            out.push_back(of(thing));
        }
        return out;
    }

private:
    std::unordered_map<std::string_view, std::size_t> at_;
};

bool same_places(const std::vector<std::optional<std::size_t>>& places, std::size_t before) {
    for (std::size_t i = 0; i < places.size(); ++i) {
        if (places[i] != i) {
            return false;
        }
    }
    return places.size() == before;
}

/// All sources' words on one quantity, a row at a time.
class quantity_rows {
public:
    quantity_rows(const topology& of, quantity what, unsigned level)
        : of_(of), what_(what), level_(level), sources_(of.sources_of(what, level)),
          values_(sources_.size() * of.targets().size()) {}

    bool empty() const { return sources_.empty(); }

    void read(std::size_t initiator) {
        const initiator_id id{static_cast<std::uint32_t>(initiator)};
        const std::size_t width = of_.targets().size();
        for (std::size_t s = 0; s < sources_.size(); ++s) {
            of_.row(sources_[s], what_, id, std::span(values_).subspan(s * width, width), level_);
        }
    }
    /// The strongest source that knows the target, in the row that was read.
    cell at(std::size_t target) const {
        const std::size_t width = of_.targets().size();
        for (std::size_t s = 0; s < sources_.size(); ++s) {
            if (const std::uint64_t value = values_[s * width + target]; value != unknown) {
                return {value, sources_[s]};
            }
        }
        return {};
    }
    friend bool operator==(const quantity_rows& a, const quantity_rows& b) {
        return a.sources_ == b.sources_ && a.values_ == b.values_;
    }

private:
    const topology& of_;
    quantity what_;
    unsigned level_;
    std::vector<source> sources_; // strongest first
    std::vector<std::uint64_t> values_;
};

class comparison {
public:
    comparison(const topology& before, const topology& after)
        : before_(before), after_(after), old_targets_(before.targets()),
          old_initiators_(before.initiators()), target_places_(old_targets_.of(after.targets())),
          initiator_places_(old_initiators_.of(after.initiators())) {}

    std::vector<change> all() {
        compare_targets();
        compare_initiators();
        for (unsigned level = 0; level < most_levels; ++level) {
            for (const quantity what : all_quantities) {
                compare_figures(what, level);
            }
        }
        tell_figures();
        compare_distances();
        compare_settings();
        return found_.finish();
    }

private:
    void compare_targets() {
        const positions<target> now(after_.targets());
        for (const target& gone : before_.targets()) {
            if (!now.of(gone) && found_.found(change_kind::target_vanished)) {
                found_.add({change_kind::target_vanished, gone.name, {}, {}, state_text(gone), {}});
            }
        }
        for (std::size_t t = 0; t < target_places_.size(); ++t) {
            const target& now_there = after_.targets()[t];
            if (target_places_[t]) {
                compare(before_.targets()[*target_places_[t]], now_there);
            } else if (found_.found(change_kind::target_appeared)) {
                found_.add({change_kind::target_appeared,
                            now_there.name,
                            {},
                            {},
                            {},
                            state_text(now_there)});
            }
        }
    }

    void compare(const target& before, const target& after) {
        found_.compare(change_kind::state, after, "", state_text(before), state_text(after));
        compare_sizes(before, after);
        found_.compare(change_kind::reservation, after, "", reservation_text(before),
                       reservation_text(after));
        const auto identity = [&](std::string_view what, std::string was, std::string is) {
            found_.compare(change_kind::identity, after, what, std::move(was), std::move(is));
        };
        identity("kind", std::string(to_string(before.kind)), std::string(to_string(after.kind)));
        identity("pxm", text_of(before.pxm), text_of(after.pxm));
        identity("node", text_of(before.node), text_of(after.node));
        identity("package", text_of(before.package), text_of(after.package));
        identity("tier", text_of(before.tier), text_of(after.tier));
        identity("side caches", cache_text(before), cache_text(after));
        identity("dax devices", dax_text(before), dax_text(after));
        identity("device legs", leg_text(before), leg_text(after));
    }

    void compare_sizes(const target& before, const target& after) {
        if (before.size == after.size || !found_.found(change_kind::size)) {
            return;
        }
        std::string_view how;
        if (before.size && after.size) {
            how = *after.size > *before.size ? "grew" : "shrank";
        }
        auto [was, is] = told_apart(
            before.size, after.size,
            [](const std::optional<byte_size>& size) { return detail::format_size(size); },
            [](const std::optional<byte_size>& size) {
                return fmt::format("{} B", size->bytes());
            });
        found_.add(
            {change_kind::size, after.name, {}, std::string(how), std::move(was), std::move(is)});
    }

    void compare_initiators() {
        const positions<initiator> now(after_.initiators());
        for (const initiator& gone : before_.initiators()) {
            if (!now.of(gone) && found_.found(change_kind::initiator_vanished)) {
                add(change_kind::initiator_vanished, gone, "", description(gone), {});
            }
        }
        for (std::size_t i = 0; i < initiator_places_.size(); ++i) {
            const initiator& now_there = after_.initiators()[i];
            if (initiator_places_[i]) {
                compare(before_.initiators()[*initiator_places_[i]], now_there);
            } else if (found_.found(change_kind::initiator_appeared)) {
                add(change_kind::initiator_appeared, now_there, "", {}, description(now_there));
            }
        }
    }

    void compare(const initiator& before, const initiator& after) {
        const auto compare = [&](change_kind kind, std::string_view what, std::string was,
                                 std::string is) {
            if (was != is && found_.found(kind)) {
                add(kind, after, what, std::move(was), std::move(is));
            }
        };
        compare(change_kind::initiator_cpus, "", description(before), description(after));
        compare(change_kind::identity, "pxm", text_of(before.pxm), text_of(after.pxm));
        compare(change_kind::identity, "node", text_of(before.node), text_of(after.node));
        compare(change_kind::identity, "package", text_of(before.package), text_of(after.package));
    }

    /// The CPUs, or the device of one that has none.
    static std::string description(const initiator& of) {
        return of.kind == initiator_kind::cpu ? of.cpus.empty() ? "none" : of.cpus.to_string()
                                              : of.device;
    }

    void add(change_kind kind, const initiator& of, std::string_view what, std::string before,
             std::string after) {
        found_.add({kind, {}, of.name, std::string(what), std::move(before), std::move(after)});
    }

    void compare_figures(quantity what, unsigned level) {
        quantity_rows was(before_, what, level);
        quantity_rows is(after_, what, level);
        if (was.empty() && is.empty()) {
            return;
        }
        const bool comparable = same_places(target_places_, before_.targets().size());
        for (std::size_t i = 0; i < initiator_places_.size(); ++i) {
            if (!initiator_places_[i]) {
                continue;
            }
            was.read(*initiator_places_[i]);
            is.read(i);
            if (comparable && was == is) {
                continue; // the ordinary case, at the speed of memcmp
            }
            for (std::size_t t = 0; t < target_places_.size(); ++t) {
                if (!target_places_[t]) {
                    continue;
                }
                const cell before = was.at(*target_places_[t]);
                const cell after = is.at(t);
                if (before != after && found_.found(change_kind::figure)) {
                    figures_.push_back({t, i, level, what, before, after});
                }
            }
        }
    }

    void tell_figures() {
        std::sort(figures_.begin(), figures_.end(), [](const auto& a, const auto& b) {
            return std::tie(a.target, a.initiator, a.level, a.what) <
                   std::tie(b.target, b.initiator, b.level, b.what);
        });
        for (const changed_figure& one : figures_) {
            auto [was, is] = cell_texts(one.what, one.before, one.after);
            found_.add({change_kind::figure, after_.targets()[one.target].name,
                        after_.initiators()[one.initiator].name,
                        one.level == 0 ? std::string(to_string(one.what))
                                       : fmt::format("level {} {}", one.level, to_string(one.what)),
                        std::move(was), std::move(is)});
        }
    }

    void compare_distances() {
        for (std::size_t t = 0; t < target_places_.size(); ++t) {
            for (std::size_t i = 0; target_places_[t] && i < initiator_places_.size(); ++i) {
                if (!initiator_places_[i]) {
                    continue;
                }
                const auto was =
                    before_.distance({static_cast<std::uint32_t>(*initiator_places_[i])},
                                     {static_cast<std::uint32_t>(*target_places_[t])});
                const auto is = after_.distance({static_cast<std::uint32_t>(i)},
                                                {static_cast<std::uint32_t>(t)});
                if (was != is && found_.found(change_kind::distance)) {
                    found_.add({change_kind::distance,
                                after_.targets()[t].name,
                                after_.initiators()[i].name,
                                {},
                                text_of(was),
                                text_of(is)});
                }
            }
        }
    }

    void compare_settings() {
        const auto was = before_.machine().demotion;
        const auto is = after_.machine().demotion;
        if (was != is && found_.found(change_kind::setting)) {
            found_.add({change_kind::setting, {}, {}, "demotion", text_of(was), text_of(is)});
        }
        for (std::size_t t = 0; t < target_places_.size(); ++t) {
            if (target_places_[t]) {
                const target& now = after_.targets()[t];
                found_.compare(change_kind::setting, now, "interleave weight",
                               text_of(before_.targets()[*target_places_[t]].interleave_weight),
                               text_of(now.interleave_weight));
            }
        }
    }

    struct changed_figure {
        std::size_t target;
        std::size_t initiator;
        unsigned level;
        quantity what;
        cell before;
        cell after;
    };

    const topology& before_;
    const topology& after_;
    positions<target> old_targets_;
    positions<initiator> old_initiators_;
    // Of what is in after_, the position in before_.
    std::vector<std::optional<std::size_t>> target_places_;
    std::vector<std::optional<std::size_t>> initiator_places_;
    std::vector<changed_figure> figures_;
    findings found_;
};

constexpr std::array<std::string_view, kinds> kind_names = {
    "target_appeared",    "target_vanished", "state",    "size",
    "reservation",        "identity",        "figure",   "initiator_appeared",
    "initiator_vanished", "initiator_cpus",  "distance", "setting"};

} // namespace

std::vector<change> changes(const topology& before, const topology& after) {
    return comparison(before, after).all();
}

std::string to_string(const change& c) {
    if (c.before.empty() && c.after.empty()) {
        return fmt::format("{} of kind {}", c.what, to_string(c.kind)); // "12 more of kind figure"
    }
    const std::string& name = c.target.empty() ? c.initiator : c.target;
    switch (c.kind) {
    case change_kind::target_appeared:
        return fmt::format("{} appeared: {}", name, c.after);
    case change_kind::target_vanished:
        return fmt::format("{} vanished, was {}", name, c.before);
    case change_kind::state:
        if (c.after == to_string(target_state::offline)) {
            return fmt::format("{} went offline", name);
        }
        if (c.after == to_string(target_state::online)) {
            return fmt::format("{} came online", name);
        }
        return fmt::format("{}: {}, now {}", name, c.before, c.after);
    case change_kind::size:
        return c.what.empty() ? fmt::format("{}: size {}, now {}", name, c.before, c.after)
                              : fmt::format("{} {} from {} to {}", name, c.what, c.before, c.after);
    case change_kind::reservation:
        return fmt::format("{}: {}, now {}", name, c.before, c.after);
    case change_kind::figure:
        return fmt::format("{} {} -> {}: {}, now {}", c.what, c.initiator, c.target, c.before,
                           c.after);
    case change_kind::initiator_appeared:
        return fmt::format("initiator {} appeared ({})", name, c.after);
    case change_kind::initiator_vanished:
        return fmt::format("initiator {} vanished ({})", name, c.before);
    case change_kind::initiator_cpus:
        return fmt::format("initiator {}: {}, now {}", name, c.before, c.after);
    case change_kind::distance:
        return fmt::format("distance {} -> {}: {}, now {}", c.initiator, c.target, c.before,
                           c.after);
    case change_kind::identity:
    case change_kind::setting:
        break;
    }
    const std::string_view of = c.target.empty() && !c.initiator.empty() ? "initiator " : "";
    return fmt::format("{}{}{}{} {}, now {}", of, name, name.empty() ? "" : ": ", c.what, c.before,
                       c.after);
}

std::string_view to_string(change_kind kind) {
    const std::size_t number = number_of(kind);
    return number < kind_names.size() ? kind_names[number] : "?";
}

} // namespace hetmem
