// What firmware and kernel claim, against what was measured.
#include "check/parts.hpp"

#include "topology/value_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hetmem::detail {
namespace {

/// So much may figures of a data sheet be off: a fifth of what was measured.
constexpr std::uint64_t allowed_part = 5;

/// A measurement and what it is the measurement of.
struct measured_pair {
    initiator_id from;
    target_id to;
    quantity what{};
    std::uint64_t value = 0;
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    std::optional<claim> claimed; ///< the strongest of firmware or kernel
};

std::optional<initiator_id> find_initiator(const topology& machine, std::string_view name) {
    const auto all = machine.initiators();
    const auto found = std::ranges::find(all, name, &initiator::name);
    return found == all.end() ? std::nullopt : std::optional(found->id);
}

bool is_claim(const claim& said) {
    return said.state == knowledge::known && said.from != source::override_ &&
           said.from != source::measured && said.from != source::cdat;
}

std::optional<measured_pair> pair_of(const topology& machine, std::string_view initiator,
                                     std::string_view target, quantity what) {
    const auto from = find_initiator(machine, initiator);
    const auto to = machine.find_target(target);
    if (!from || !to) {
        return std::nullopt;
    }
    measured_pair pair{*from, *to, what, 0, 0, 0, std::nullopt};
    const std::vector<claim> claims = machine.claims(what, *from, *to);
    const auto claimed = std::ranges::find_if(claims, is_claim);
    if (claimed != claims.end()) {
        pair.claimed = *claimed;
    }
    return pair;
}

/// Of the medium itself and by nobody disturbed.
std::vector<measured_pair> comparable(const topology& machine, const measurements& stored,
                                      std::size_t& disturbed) {
    std::vector<measured_pair> pairs;
    for (const measured_cell& cell : stored.cells) {
        const auto what = quantity_of(cell.what);
        if (!what || cell.in != measured_in::memory) {
            continue;
        }
        if (cell.verdict == interference::disturbed) {
            ++disturbed;
            continue;
        }
        if (auto pair = pair_of(machine, cell.initiator, cell.target, *what)) {
            pair->value = cell.figure.median;
            pair->low = cell.figure.low;
            pair->high = cell.figure.high;
            pairs.push_back(*pair);
        }
    }
    for (const given_figure& given : stored.given) {
        if (given.from != source::measured) {
            continue;
        }
        if (auto pair = pair_of(machine, given.initiator, given.target, given.what)) {
            pair->value = pair->low = pair->high = given.value;
            pairs.push_back(*pair);
        }
    }
    return pairs;
}

std::string name_of(const topology& machine, const measured_pair& pair) {
    return fmt::format("{} -> {}", machine.initiators()[pair.from.index].name,
                       machine.targets()[pair.to.index].name);
}

std::string words_of(quantity what) {
    std::string words(to_string(what));
    std::ranges::replace(words, '_', ' ');
    return words;
}

bool far_off(const measured_pair& pair) {
    const std::uint64_t claimed = pair.claimed->value;
    if (claimed >= pair.low && claimed <= pair.high) {
        return false;
    }
    const std::uint64_t apart = claimed > pair.value ? claimed - pair.value : pair.value - claimed;
    return apart > pair.value / allowed_part;
}

void check_values(const topology& machine, const std::vector<measured_pair>& pairs,
                  check_result& result) {
    told off(result, "claim-far-off");
    for (const measured_pair& pair : pairs) {
        if (!pair.claimed || !far_off(pair)) {
            continue;
        }
        off.add(name_of(machine, pair), [&] {
            return fmt::format(
                "{}: {} says {}, measured were {} ({} to {}).", words_of(pair.what),
                to_string(pair.claimed->from), format_value(pair.what, pair.claimed->value),
                format_value(pair.what, pair.value), format_value(pair.what, pair.low),
                format_value(pair.what, pair.high));
        });
    }
}

/// Whether a is better than b by what was measured, beyond doubt.
bool measured_better(const measured_pair& a, const measured_pair& b) {
    return is_latency(a.what) ? a.high < b.low : a.low > b.high;
}
bool claimed_better(const measured_pair& a, const measured_pair& b) {
    return is_latency(a.what) ? a.claimed->value < b.claimed->value
                              : a.claimed->value > b.claimed->value;
}

/// Of one initiator and one quantity.
void check_order_of(const topology& machine, const std::vector<measured_pair>& pairs,
                    told& reversed) {
    for (const measured_pair& a : pairs) {
        for (const measured_pair& b : pairs) {
            if (!a.claimed || !b.claimed || a.claimed->from != b.claimed->from ||
                !claimed_better(a, b) || !measured_better(b, a)) {
                continue;
            }
            reversed.add(machine.initiators()[a.from.index].name, [&] {
                const std::string_view first = machine.targets()[a.to.index].name;
                const std::string_view second = machine.targets()[b.to.index].name;
                return fmt::format("{}: by {} {} is better ({}) than {} ({}); measured were {} "
                                   "and {}.",
                                   words_of(a.what), to_string(a.claimed->from), first,
                                   format_value(a.what, a.claimed->value), second,
                                   format_value(a.what, b.claimed->value),
                                   format_value(a.what, a.value), format_value(a.what, b.value));
            });
        }
    }
}

void check_order(const topology& machine, const std::vector<measured_pair>& pairs,
                 check_result& result) {
    told reversed(result, "claim-order");
    std::map<std::pair<initiator_id, quantity>, std::vector<measured_pair>> comparable_pairs;
    for (const measured_pair& pair : pairs) {
        comparable_pairs[{pair.from, pair.what}].push_back(pair);
    }
    for (const auto& [key, group] : comparable_pairs) {
        check_order_of(machine, group, reversed);
    }
}

} // namespace

void check_measured(const check_subject& subject, check_result& result) {
    if (!subject.machine || !subject.stored) {
        return;
    }
    std::size_t disturbed = 0;
    const std::vector<measured_pair> pairs =
        comparable(*subject.machine, *subject.stored, disturbed);
    told noise(result, "measured-disturbed");
    if (disturbed > 0) {
        noise.add("measurements", [&] {
            return fmt::format("{} taken while something else ran, and not compared.",
                               disturbed == 1 ? "1 figure was"
                                              : fmt::format("{} figures were", disturbed));
        });
    }
    check_values(*subject.machine, pairs, result);
    check_order(*subject.machine, pairs, result);
}

} // namespace hetmem::detail
