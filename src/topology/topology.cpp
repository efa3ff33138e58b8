#include "topology/state.hpp"
#include "topology/value_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <tuple>

#include <fmt/format.h>

namespace hetmem {

namespace {

using detail::figure_layer;
using detail::is_latency;

constexpr std::uint64_t unknown = topology::unknown_value;
constexpr std::uint64_t unreachable = topology::unreachable_value;

knowledge knowledge_of(std::uint64_t value) {
    return value == unknown       ? knowledge::unknown
           : value == unreachable ? knowledge::unreachable
                                  : knowledge::known;
}

/// Smaller is better; what is not known is worst.
std::uint64_t preference(quantity what, std::uint64_t value) {
    if (value == unknown || value == unreachable) {
        return ~std::uint64_t{0};
    }
    return is_latency(what) ? value : unreachable - value;
}

/// One source's figures of a target decide which initiator is best for it: the strongest of the
/// sources that know the most initiators. Measured against rated would not be a comparison.
class deciding_figures {
public:
    deciding_figures(const topology::state& s, quantity what) {
        for (const figure_layer& layer : s.layers) {
            if (layer.what() == what && layer.level() == 0) {
                layers_.push_back(&layer);
            }
        }
        const std::size_t targets = s.targets.size();
        row_.resize(targets);
        if (layers_.size() < 2) {
            return;
        }
        chosen_.assign(targets, 0);
        std::vector<std::uint32_t> most(targets, 0);
        for (std::size_t l = 0; l < layers_.size(); ++l) {
            std::vector<std::uint32_t> known(targets, 0);
            for (std::size_t i = 0; i < s.initiators.size(); ++i) {
                layers_[l]->row(i, row_);
                for (std::size_t t = 0; t < targets; ++t) {
                    known[t] += row_[t] != unknown ? 1U : 0U;
                }
            }
            for (std::size_t t = 0; t < targets; ++t) {
                if (known[t] > most[t]) {
                    most[t] = known[t];
                    chosen_[t] = l;
                }
            }
        }
    }

    /// The deciding values from one initiator, a value a target.
    void row(std::size_t initiator, std::span<std::uint64_t> values) {
        std::fill(values.begin(), values.end(), unknown);
        for (std::size_t l = 0; l < layers_.size(); ++l) {
            if (layers_.size() == 1) {
                layers_[l]->row(initiator, values);
                return;
            }
            layers_[l]->row(initiator, row_);
            for (std::size_t t = 0; t < values.size(); ++t) {
                if (chosen_[t] == l) {
                    values[t] = row_[t];
                }
            }
        }
    }

private:
    std::vector<const figure_layer*> layers_;
    std::vector<std::size_t> chosen_;
    std::vector<std::uint64_t> row_;
};

std::vector<std::optional<initiator_id>> find_best_initiators(const topology::state& s) {
    const std::size_t targets = s.targets.size();
    // Read latency, write latency, read and write bandwidth, distance, same node: smaller is
    // better.
    using key = std::array<std::uint64_t, 6>;
    key worst;
    worst.fill(~std::uint64_t{0});
    std::vector<key> best_key(targets, worst);
    std::vector<std::optional<initiator_id>> best(targets);

    std::vector<deciding_figures> figures;
    std::vector<std::vector<std::uint64_t>> rows;
    for (const quantity q : all_quantities) {
        figures.emplace_back(s, q);
        rows.emplace_back(targets, unknown);
    }
    for (std::size_t i = 0; i < s.initiators.size(); ++i) {
        for (std::size_t q = 0; q < figures.size(); ++q) {
            figures[q].row(i, rows[q]);
        }
        const initiator& from = s.initiators[i];
        for (std::size_t t = 0; t < targets; ++t) {
            key k = worst;
            bool reachable = true;
            for (std::size_t q = 0; q < rows.size(); ++q) {
                reachable = reachable && rows[q][t] != unreachable;
                k[q] = preference(all_quantities[q], rows[q][t]);
            }
            if (!reachable) {
                continue;
            }
            const unsigned distance = s.distances.empty() ? 0 : s.distances[i * targets + t];
            if (distance != 0) {
                k[4] = distance;
            }
            // Without nodes (a kernel without NUMA) the CPUs are those of the one memory.
            if (from.node ? from.node == s.targets[t].node
                          : from.cpus.intersects(s.targets[t].cpus)) {
                k[5] = 0;
            }
            if (k < best_key[t]) {
                best_key[t] = k;
                best[t] = initiator_id{static_cast<std::uint32_t>(i)};
            }
        }
    }
    return best;
}

template <class Unit>
figure<Unit> merged_figure(const topology::state& s, quantity what, std::size_t i, std::size_t t,
                           unsigned level, Unit (*make)(std::uint64_t)) {
    for (const figure_layer& layer : s.layers) {
        if (layer.what() == what && layer.level() == level) {
            const std::uint64_t value = layer.at(i, t);
            if (value != unknown) {
                const knowledge state = knowledge_of(value);
                return {state, state == knowledge::known ? make(value) : Unit{}, layer.from()};
            }
        }
    }
    return {};
}

/// The kernel shows whole nanoseconds and megabytes per second, rounded up; figures that are equal
/// at that precision do not contradict each other.
std::uint64_t coarse(quantity what, std::uint64_t value) {
    const std::uint64_t unit = is_latency(what) ? 1000 : 1'000'000;
    return value == unreachable ? value : value / unit + (value % unit != 0 ? 1 : 0);
}

std::string in_words(const figure_layer& layer, std::uint64_t value) {
    const std::string_view from = to_string(layer.from());
    if (value == unreachable) {
        return fmt::format("unreachable ({})", from);
    }
    return is_latency(layer.what())
               ? fmt::format("{:g} ns ({})", static_cast<double>(value) / 1e3, from)
               : fmt::format("{:g} GB/s ({})", static_cast<double>(value) / 1e9, from);
}

/// What is given by hand is meant to differ from what is claimed; the claims are not meant to
/// differ from each other, nor a measurement from them by more than repeated measurements do.
bool is_claimed(source from) {
    return from == source::hma || from == source::hmat || from == source::cxl_region ||
           from == source::sysfs;
}

constexpr std::uint64_t repeatability_percent = 10;

bool contradict(const figure_layer& strong, std::uint64_t a, std::uint64_t b) {
    if (strong.from() != source::measured || a == unreachable || b == unreachable) {
        return coarse(strong.what(), a) != coarse(strong.what(), b);
    }
    return std::max(a, b) - std::min(a, b) > std::max(a, b) / 100 * repeatability_percent;
}

void compare_layers(const topology::state& s, const figure_layer& strong, const figure_layer& weak,
                    std::vector<disagreement>& out) {
    const auto compare = [&](std::size_t i, std::size_t t, std::uint64_t a, std::uint64_t b) {
        if (a != unknown && b != unknown && contradict(strong, a, b)) {
            out.push_back({fmt::format("{} {} -> {}", to_string(strong.what()),
                                       s.initiators[i].name, s.targets[t].name),
                           in_words(strong, a), in_words(weak, b)});
        }
    };
    if (!weak.cells().empty()) {
        for (const figure_layer::cell& c : weak.cells()) {
            compare(c.initiator, c.target, strong.at(c.initiator, c.target), c.value);
        }
        return;
    }
    std::vector<std::uint64_t> a(s.targets.size());
    std::vector<std::uint64_t> b(s.targets.size());
    for (std::size_t i = 0; i < s.initiators.size(); ++i) {
        strong.row(i, a);
        weak.row(i, b);
        for (std::size_t t = 0; t < a.size(); ++t) {
            compare(i, t, a[t], b[t]);
        }
    }
}

} // namespace

topology::topology(std::shared_ptr<const state> s) : state_(std::move(s)) {}
topology::topology(const topology&) = default;
topology& topology::operator=(const topology&) = default;
topology::~topology() = default;

std::uint64_t topology::generation() const {
    return state_->generation;
}
bool topology::live() const {
    return state_->live;
}
const machine_info& topology::machine() const {
    return state_->machine;
}
std::span<const package> topology::packages() const {
    return state_->packages;
}
std::span<const initiator> topology::initiators() const {
    return state_->initiators;
}
std::span<const target> topology::targets() const {
    return state_->targets;
}
std::span<const source_report> topology::sources() const {
    return state_->sources;
}
std::span<const notice> topology::notices() const {
    return state_->notices;
}
std::span<const defect> topology::defects() const {
    return state_->defects;
}

access topology::access(initiator_id from, target_id to, unsigned level) const {
    const state& s = *state_;
    const std::size_t i = from.index;
    const std::size_t t = to.index;
    return {
        merged_figure(s, quantity::read_latency, i, t, level, latency::from_picoseconds),
        merged_figure(s, quantity::write_latency, i, t, level, latency::from_picoseconds),
        merged_figure(s, quantity::read_bandwidth, i, t, level, bandwidth::from_bytes_per_second),
        merged_figure(s, quantity::write_bandwidth, i, t, level, bandwidth::from_bytes_per_second),
    };
}

std::vector<claim> topology::claims(quantity what, initiator_id from, target_id to,
                                    unsigned level) const {
    std::vector<claim> out;
    for (const figure_layer& layer : state_->layers) {
        if (layer.what() == what && layer.level() == level) {
            const std::uint64_t value = layer.at(from.index, to.index);
            if (value != unknown) {
                out.push_back(
                    {layer.from(), knowledge_of(value), value == unreachable ? 0 : value});
            }
        }
    }
    return out;
}

std::vector<source> topology::sources_of(quantity what, unsigned level) const {
    std::vector<source> out;
    for (const figure_layer& layer : state_->layers) {
        if (layer.what() == what && layer.level() == level) {
            out.push_back(layer.from());
        }
    }
    return out;
}

void topology::row(source from, quantity what, initiator_id initiator,
                   std::span<std::uint64_t> values, unsigned level) const {
    for (const figure_layer& layer : state_->layers) {
        if (layer.from() == from && layer.what() == what && layer.level() == level) {
            layer.row(initiator.index, values);
            return;
        }
    }
    std::fill(values.begin(), values.end(), unknown);
}

std::optional<unsigned> topology::distance(initiator_id from, target_id to) const {
    const state& s = *state_;
    if (from.index >= s.initiators.size() || to.index >= s.targets.size() || s.distances.empty()) {
        return std::nullopt;
    }
    const unsigned d = s.distances[from.index * s.targets.size() + to.index];
    return d == 0 ? std::nullopt : std::optional(d);
}

std::optional<initiator_id> topology::best_initiator(target_id to) const {
    return to.index < state_->best.size() ? state_->best[to.index] : std::nullopt;
}

std::optional<target_id> topology::find_target(std::string_view name) const {
    for (const target& t : state_->targets) {
        if (t.name == name) {
            return t.id;
        }
    }
    std::string_view number = name;
    if (number.starts_with('N')) {
        number.remove_prefix(1);
    }
    int node = -1;
    const auto [end, status] = std::from_chars(number.data(), number.data() + number.size(), node);
    if (status == std::errc{} && end == number.data() + number.size() && node >= 0) {
        for (const target& t : state_->targets) {
            if (t.node == node) {
                return t.id;
            }
        }
    }
    return std::nullopt;
}

std::optional<initiator_id> topology::initiator_of_cpu(unsigned cpu) const {
    for (const initiator& i : state_->initiators) {
        if (i.cpus.contains(cpu)) {
            return i.id;
        }
    }
    return std::nullopt;
}

std::vector<disagreement> topology::disagreements() const {
    std::vector<disagreement> out = state_->disagreements;
    std::vector<disagreement> figures = detail::figure_disagreements(*state_);
    out.insert(out.end(), std::make_move_iterator(figures.begin()),
               std::make_move_iterator(figures.end()));
    return out;
}

namespace detail {

std::vector<disagreement> figure_disagreements(const topology::state& s) {
    std::vector<disagreement> out;
    for (std::size_t a = 0; a < s.layers.size(); ++a) {
        const bool measured = s.layers[a].from() == source::measured;
        if (!measured && !is_claimed(s.layers[a].from())) {
            continue;
        }
        for (std::size_t b = a + 1; b < s.layers.size(); ++b) {
            if (is_claimed(s.layers[b].from()) && s.layers[a].what() == s.layers[b].what() &&
                s.layers[a].level() == s.layers[b].level()) {
                compare_layers(s, s.layers[a], s.layers[b], out);
                if (measured) {
                    break; // the weaker claims mostly repeat the strongest
                }
            }
        }
    }
    return out;
}

topology finish_topology(topology::state s) {
    for (std::size_t i = 0; i < s.initiators.size(); ++i) {
        s.initiators[i].id = {static_cast<std::uint32_t>(i)};
    }
    for (std::size_t t = 0; t < s.targets.size(); ++t) {
        s.targets[t].id = {static_cast<std::uint32_t>(t)};
    }
    std::erase_if(s.layers, [](const figure_layer& layer) { return layer.empty(); });
    std::stable_sort(s.layers.begin(), s.layers.end(),
                     [](const figure_layer& a, const figure_layer& b) {
                         return std::tuple(a.from(), a.level(), a.what()) <
                                std::tuple(b.from(), b.level(), b.what());
                     });
    s.best = find_best_initiators(s);
    return topology(std::make_shared<const topology::state>(std::move(s)));
}

} // namespace detail

} // namespace hetmem
