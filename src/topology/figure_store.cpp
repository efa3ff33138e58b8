#include "topology/figure_store.hpp"

#include "topology/measured_marks.hpp"
#include "topology/notices.hpp"
#include "topology/value_text.hpp"

#include <algorithm>
#include <map>
#include <span>
#include <string>
#include <tuple>
#include <utility>

#include <fmt/format.h>

namespace hetmem {

std::optional<quantity> quantity_of(metric what) {
    switch (what) {
    case metric::local_latency:
        return quantity::read_latency;
    case metric::read_bandwidth:
        return quantity::read_bandwidth;
    case metric::nontemporal_write_bandwidth:
        return quantity::write_bandwidth;
    default:
        return std::nullopt;
    }
}

namespace detail {

namespace {

/// A table says something else than then when it differs by more than rounding does.
constexpr double rounding = 0.01;
/// And what it says now may be what was measured, within what repeated measurements differ.
constexpr double repeatability = 0.10;
/// So many are told one by one.
constexpr std::size_t most_told = 10;

constexpr std::string_view how_to_mend =
    "hetmem measure measures it again; hetmem measure --forget drops it";

/// One figure of a store.
struct candidate {
    source from{};
    quantity what{};
    std::string_view initiator;
    std::string_view target;
    std::uint64_t value = 0;
    bool disturbed = false;
    bool in_side_cache = false;
    std::span<const claim> declared;
};

/// Those that are about what a topology knows of, the more trusted later.
std::vector<candidate> candidates_of(const measurements& stored) {
    std::vector<candidate> all;
    for (const given_figure& g : stored.given) {
        all.push_back({g.from, g.what, g.initiator, g.target, g.value, false, false, g.declared});
    }
    for (const measured_cell& c : stored.cells) {
        const auto what = quantity_of(c.what);
        if (what && c.in != measured_in::cpu_cache) {
            all.push_back({source::measured, *what, c.initiator, c.target, c.figure.median,
                           c.verdict == interference::disturbed, c.in == measured_in::side_cache,
                           c.declared});
        }
    }
    return all;
}

bool differs(std::uint64_t a, std::uint64_t b, double share) {
    const auto larger = static_cast<double>(std::max(a, b));
    return larger - static_cast<double>(std::min(a, b)) > larger * share;
}

/// The firmware's table and the one that replaced it at run time are one source here: a new table.
source table_of(source from) {
    return from == source::hma ? source::hmat : from;
}

const claim* find_claim(std::span<const claim> all, source of) {
    const auto found = std::find_if(all.begin(), all.end(), [&](const claim& c) {
        return table_of(c.from) == of && c.state != knowledge::unknown;
    });
    return found == all.end() ? nullptr : &*found;
}

std::string in_words(quantity what, const claim& c) {
    return c.state == knowledge::known ? format_value(what, c.value) : "unreachable";
}

/// "hmat said 120 ns then and says 200 ns now"; "" when nobody says anything new.
std::string what_is_new(const candidate& figure, std::span<const claim> now) {
    for (const claim& then : figure.declared) {
        const claim* is = find_claim(now, table_of(then.from));
        if (then.from < source::hma || then.state == knowledge::unknown || is == nullptr) {
            continue;
        }
        const bool both_known = then.state == knowledge::known && is->state == knowledge::known;
        const bool same =
            both_known ? !differs(then.value, is->value, rounding) : then.state == is->state;
        const bool confirmed =
            is->state == knowledge::known && !differs(is->value, figure.value, repeatability);
        if (!same && !confirmed) {
            return fmt::format("{} said {} then and says {} now", to_string(is->from),
                               in_words(figure.what, then), in_words(figure.what, *is));
        }
    }
    return {};
}

class store_layers {
public:
    store_layers(const topology& machine, const measurements& stored)
        : machine_(machine), s_(state_access::of(machine)), match_(machine, stored),
          all_(candidates_of(stored)) {}

    topology add() {
        for (const bool disturbed : {false, true}) { // these only where nothing else is known
            for (const candidate& figure : all_) {
                if (figure.disturbed == disturbed) {
                    take(figure);
                }
            }
        }
        for (const auto& [key, cells] : layers_) {
            add_layer(key, cells);
        }
        if (!layers_.empty()) {
            std::erase_if(s_.notices, [](const notice& n) { return n.what == all_figures; });
        }
        if (untold_ != 0) {
            s_.notices.push_back({fmt::format("{} more measured and given figures", untold_),
                                  "lapsed, or were disturbed", std::string(how_to_mend)});
        }
        return finish_topology(std::move(s_));
    }

private:
    using layer_key = std::tuple<source, quantity, unsigned>;
    using pair_key = std::pair<std::uint32_t, std::uint32_t>;

    void take(const candidate& figure) {
        const mark_matcher::place from = match_.initiator(figure.initiator);
        const mark_matcher::place to = match_.target(figure.target);
        if (!present("initiator", figure.initiator, from) ||
            !present("memory", figure.target, to)) {
            return;
        }
        const std::optional<unsigned> level = level_of(figure, machine_.targets()[to.index]);
        if (!level) {
            return;
        }
        const std::vector<claim> now =
            machine_.claims(figure.what, {from.index}, {to.index}, *level);
        if (const std::string why = what_is_new(figure, now); !why.empty()) {
            tell({name_of(figure), "lapsed: " + why, std::string(how_to_mend)});
            return;
        }
        if (figure.disturbed) {
            const bool better = !now.empty() || known(figure, from.index, to.index, *level);
            tell({name_of(figure),
                  better ? "measured while the machine was disturbed: not used"
                         : "measured while the machine was disturbed: used, since nothing better "
                           "is known",
                  std::string(how_to_mend)});
            if (better) {
                return;
            }
        }
        layers_[{figure.from, figure.what, *level}][{from.index, to.index}] = figure.value;
    }

    /// Which layer a figure belongs to. What was measured in a cache is the medium's for nobody.
    static std::optional<unsigned> level_of(const candidate& figure, const target& memory) {
        if (!figure.in_side_cache) {
            return 0U;
        }
        // Of several, nobody knows which it was.
        return memory.caches.size() == 1 ? std::optional(memory.caches.front().level)
                                         : std::nullopt;
    }

    bool known(const candidate& figure, std::uint32_t i, std::uint32_t t, unsigned level) const {
        return std::any_of(layers_.begin(), layers_.end(), [&](const auto& layer) {
            return std::get<quantity>(layer.first) == figure.what &&
                   std::get<unsigned>(layer.first) == level && layer.second.contains({i, t});
        });
    }

    /// Tells once of each that is not there.
    bool present(std::string_view kind, std::string_view name, const mark_matcher::place& where) {
        if (where.what == mark_matcher::fate::here) {
            return true;
        }
        if (std::find(missing_.begin(), missing_.end(), std::pair(kind, name)) == missing_.end()) {
            missing_.emplace_back(kind, name);
            const bool changed = where.what == mark_matcher::fate::changed;
            tell({fmt::format("figures that are stored of {} {}", kind, name),
                  changed ? fmt::format("lapsed: it is another {} now", kind)
                          : fmt::format("not used: there is no such {} now", kind),
                  changed ? std::string(how_to_mend)
                          : fmt::format("hetmem measure --forget {} drops them", name)});
        }
        return false;
    }

    static std::string name_of(const candidate& figure) {
        return fmt::format("{} {} {} -> {}, {}",
                           figure.from == source::override_ ? "given" : "measured",
                           to_string(figure.what), figure.initiator, figure.target,
                           format_value(figure.what, figure.value));
    }

    void tell(notice n) {
        if (++told_ <= most_told) {
            s_.notices.push_back(std::move(n));
        } else {
            ++untold_;
        }
    }

    void add_layer(const layer_key& key, const std::map<pair_key, std::uint64_t>& cells) {
        const auto [from, what, level] = key;
        // Of the machine's store, when this is a user's.
        const auto old = std::find_if(s_.layers.begin(), s_.layers.end(), [&](const auto& layer) {
            return layer_key(layer.from(), layer.what(), layer.level()) == key;
        });
        const std::size_t initiators = s_.initiators.size();
        const std::size_t targets = s_.targets.size();
        // A handful of pairs as a list, so that a thousand nodes' local pairs stay small.
        constexpr std::size_t dense_from = 4;
        figure_layer layer(from, what, level, initiators, targets,
                           cells.size() * dense_from > initiators * targets
                               ? figure_layer::storage::dense
                               : figure_layer::storage::sparse);
        if (old != s_.layers.end()) {
            std::vector<std::uint64_t> row(targets);
            for (std::size_t i = 0; i < initiators; ++i) {
                old->row(i, row);
                for (std::size_t t = 0; t < targets; ++t) {
                    if (row[t] != topology::unknown_value) {
                        layer.set(i, t, row[t]);
                    }
                }
            }
            s_.layers.erase(old);
        }
        for (const auto& [pair, value] : cells) {
            layer.set(pair.first, pair.second, value);
        }
        layer.finish();
        s_.layers.push_back(std::move(layer));
    }

    const topology& machine_;
    topology::state s_;
    const mark_matcher match_;
    const std::vector<candidate> all_;
    std::map<layer_key, std::map<pair_key, std::uint64_t>> layers_;
    std::vector<std::pair<std::string_view, std::string_view>> missing_; // of what kind, its name
    std::size_t told_ = 0;
    std::size_t untold_ = 0;
};

} // namespace

topology with_measurements(const topology& machine, const machine_mark& mark,
                           const measurements& stored) {
    if (same_machine(mark, stored.machine)) {
        return store_layers(machine, stored).add();
    }
    topology::state s = state_access::of(machine);
    s.notices.push_back({"measured and given figures",
                         fmt::format("they are of another machine ({})", in_words(stored.machine)),
                         "hetmem measure measures this one; hetmem measure --forget drops them"});
    return finish_topology(std::move(s));
}

} // namespace detail

} // namespace hetmem
