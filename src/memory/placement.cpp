// The placements: values made of legs, and the five ways to make one.
#include "memory/resolve.hpp"

#include <hetmem/error.hpp>
#include <hetmem/placement.hpp>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace hetmem {
namespace {

constexpr unsigned largest_weight = 255;

using detail::same_memory;

bool has(std::span<const leg> legs, const leg& one) {
    return std::any_of(legs.begin(), legs.end(),
                       [&](const leg& other) { return same_memory(one, other); });
}

[[noreturn]] void refuse(const std::string& why) {
    throw error(std::errc::invalid_argument, why);
}

void check_legs(placement_kind kind, std::span<const leg> legs, std::span<const leg> overflow) {
    if (legs.empty()) {
        refuse(fmt::format("{}: no memory is named", to_string(kind)));
    }
    if ((kind == placement_kind::bind || kind == placement_kind::prefer) && legs.size() > 1) {
        refuse(fmt::format("{} is of one memory, and {} are named", to_string(kind), legs.size()));
    }
    if (kind == placement_kind::prefer && legs.front().kind != leg_kind::node) {
        refuse(fmt::format("prefer is of a node: {} has none that could fall back to others",
                           legs.front().name));
    }
    if (!overflow.empty() && kind != placement_kind::interleave) {
        refuse(fmt::format("only interleave has an overflow: a {} is not full until its end",
                           to_string(kind)));
    }
    std::vector<leg> seen;
    for (const auto part : {legs, overflow}) {
        for (const leg& one : part) {
            if (has(seen, one)) {
                refuse(fmt::format("{} is named twice", one.name));
            }
            if (one.weight < 1 || one.weight > largest_weight) {
                refuse(fmt::format("the weight of {} is {}: weights are 1 to {}", one.name,
                                   one.weight, largest_weight));
            }
            seen.push_back(one);
        }
    }
}

void give_headroom(std::vector<leg>& legs, byte_size headroom) {
    for (leg& one : legs) {
        if (!one.headroom) {
            one.headroom = headroom;
        }
    }
}

std::string listed(std::span<const leg> legs, bool with_weights) {
    std::string text;
    for (const leg& one : legs) {
        text += (text.empty() ? "" : ",") + one.name;
        if (with_weights) {
            text += fmt::format(":{}", one.weight);
        }
    }
    return text;
}

/// What several names stand for, in order. A kind leaves out what is there already, but nothing is
/// to be named twice.
std::vector<leg> resolved(const topology& machine, std::span<const memory_name> names) {
    const detail::resolver resolve(machine);
    std::vector<leg> legs;
    for (const memory_name& name : names) {
        const std::vector<leg> found = resolve.all(name);
        for (const leg& one : found) {
            if (found.size() == 1 || !has(legs, one)) {
                legs.push_back(one);
            }
        }
    }
    return legs;
}

} // namespace

memory_name::memory_name(const std::filesystem::path& directory)
    : name_(directory.string().find('/') == std::string::npos ? "./" + directory.string()
                                                              : directory.string()) {}

memory_name memory_name::with_headroom(byte_size headroom) const {
    memory_name changed = *this;
    changed.headroom_ = headroom;
    return changed;
}

placement::placement(placement_kind kind, std::vector<leg> legs, std::vector<leg> overflow)
    : kind_(kind), legs_(std::move(legs)), overflow_(std::move(overflow)) {
    check_legs(kind_, legs_, overflow_);
}

placement placement::with_overflow(const topology& machine,
                                   std::span<const memory_name> where) const {
    return placement(kind_, legs_, resolved(machine, where));
}

placement placement::with_headroom(byte_size headroom) const {
    placement changed = *this;
    give_headroom(changed.legs_, headroom);
    give_headroom(changed.overflow_, headroom);
    return changed;
}

std::string placement::to_string() const {
    const auto kind = kind_ == placement_kind::best ? placement_kind::chain : kind_;
    std::string text = fmt::format("{}:{}", hetmem::to_string(kind),
                                   listed(legs_, kind_ == placement_kind::interleave));
    return overflow_.empty() ? text : text + "|" + listed(overflow_, false);
}

placement bind(const topology& machine, const memory_name& where) {
    return placement(placement_kind::bind, {detail::resolver(machine).one(where)});
}

placement chain(const topology& machine, std::span<const memory_name> where) {
    return placement(placement_kind::chain, resolved(machine, where));
}

placement chain(const topology& machine, std::initializer_list<memory_name> where) {
    return chain(machine, std::span(where.begin(), where.size()));
}

placement best(const topology& machine, criterion by, const rank_options& options) {
    const ranking order = rank(machine, by, options);
    const detail::resolver resolve(machine);
    std::vector<leg> legs;
    for (const ranked_target& place : order.places) {
        const target& memory = machine.targets()[place.target.index];
        try {
            legs.push_back(resolve.of(memory));
        } catch (const error&) {
            // A ranking also has what cannot be used as it is now (reserved memory without a
            // driver): the chain goes on with the next.
            continue;
        }
    }
    if (legs.empty()) {
        throw no_such_target(
            fmt::format("by {}: no memory that this process may use", to_string(by)));
    }
    placement made(placement_kind::best, std::move(legs));
    made.chosen_ = detail::choice_of(machine, order, options);
    return made;
}

placement best(const topology& machine, const best_choice& again) {
    return best(machine, again.by, detail::options_of(machine, again));
}

placement interleave(const topology& machine, std::span<const weighted_name> where) {
    const detail::resolver resolve(machine);
    std::vector<leg> legs;
    for (const weighted_name& one : where) {
        for (leg found : resolve.all(one.name)) {
            found.weight = one.weight;
            legs.push_back(std::move(found));
        }
    }
    return placement(placement_kind::interleave, std::move(legs));
}

placement interleave(const topology& machine, std::initializer_list<weighted_name> where) {
    return interleave(machine, std::span(where.begin(), where.size()));
}

placement prefer(const topology& machine, const memory_name& where) {
    return placement(placement_kind::prefer, {detail::resolver(machine).one(where)});
}

std::string_view to_string(placement_kind kind) {
    switch (kind) {
    case placement_kind::bind:
        return "bind";
    case placement_kind::chain:
        return "chain";
    case placement_kind::best:
        return "best";
    case placement_kind::interleave:
        return "interleave";
    case placement_kind::prefer:
        return "prefer";
    }
    return "unknown";
}

} // namespace hetmem
