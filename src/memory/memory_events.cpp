#include "memory/memory_events.hpp"

#include "memory/resolve.hpp"
#include "memory/words.hpp"
#include "topology/target_state.hpp"

#include <hetmem/error.hpp>
#include <hetmem/rank.hpp>

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include <fmt/format.h>

namespace hetmem::detail {
namespace {

/// The node itself, or else what is known of the memory that would be this node.
const target* find_node(const topology& machine, int node) {
    const target* found = nullptr;
    for (const target& memory : machine.targets()) {
        if (memory.node == node && (found == nullptr || is_online(memory))) {
            found = &memory;
        }
    }
    return found;
}

const dax_device* find_device(const topology& machine, const std::string& name) {
    for (const target& memory : machine.targets()) {
        for (const dax_device& device : memory.dax) {
            if (device.name == name) {
                return &device;
            }
        }
    }
    return nullptr;
}

/// Memory of a node that is online. Blocks and the kernel's count change one after the other, and
/// virtio-mem and balloons take parts of blocks: what both agree on is there.
std::uint64_t usable_bytes(const target* memory) {
    if (memory == nullptr || !is_online(*memory)) {
        return 0;
    }
    const std::uint64_t counted = memory->size.value_or(byte_size{}).bytes();
    const std::uint64_t of_blocks =
        memory->block_size ? memory->blocks_online * memory->block_size->bytes() : 0;
    return counted == 0 || of_blocks == 0 ? std::max(counted, of_blocks)
                                          : std::min(counted, of_blocks);
}

std::string what_happened(const target* now) {
    if (now == nullptr || now->state == target_state::absent) {
        return "vanished";
    }
    switch (now->state) {
    case target_state::partly_online:
        return "went offline in part";
    case target_state::offline:
        return "went offline";
    case target_state::reserved:
        return fmt::format("became reserved ({})", now->reserved_reason);
    default:
        return "became smaller";
    }
}

memory_event event_of(memory_event_kind kind, const std::string& target, std::string what,
                      const topology& now) {
    return {kind, target, std::move(what), {}, now.generation()};
}

bool can_be_mapped(const dax_device* device) {
    return device != nullptr && device->driver == "device_dax";
}

/// Whether both have a value, and not the same. Ordinary users are not told everything.
template <class Value>
bool differ(const std::optional<Value>& one, const std::optional<Value>& other) {
    return one && other && *one != *other;
}

/// Only a device that nobody can map changes so: it was without its driver in between.
bool was_made_anew(const dax_device& before, const dax_device& after) {
    return before.size != after.size || differ(before.align, after.align) ||
           differ(before.resource, after.resource);
}

std::string how_lost(const std::string& name, const dax_device* now) {
    if (now == nullptr) {
        return fmt::format("{} is there no more: what lay on it is gone", name);
    }
    if (now->driver.empty()) {
        return fmt::format("{} has no driver any more: what lay on it is gone", name);
    }
    if (now->driver == "kmem") {
        return fmt::format("{} was made ordinary memory of {} (driver kmem): what lay on it is "
                           "gone",
                           name,
                           now->target_node ? fmt::format("node{}", *now->target_node) : "a node");
    }
    return fmt::format("{} has another driver now ({}): what lay on it is gone", name, now->driver);
}

void follow_device(const leg& one, const topology& before, const topology& after,
                   std::vector<memory_event>& events) {
    const std::string name = one.path.filename();
    const dax_device* const was = find_device(before, name);
    const dax_device* const is = find_device(after, name);
    if (can_be_mapped(was) && !can_be_mapped(is)) {
        events.push_back(event_of(memory_event_kind::lost, one.name, how_lost(name, is), after));
    } else if (!can_be_mapped(was) && can_be_mapped(is)) {
        events.push_back(event_of(
            memory_event_kind::returned, one.name,
            fmt::format("{} can be mapped again: {}", name, in_words(is->size.bytes())), after));
    } else if (can_be_mapped(was) && was_made_anew(*was, *is)) {
        events.push_back(
            event_of(memory_event_kind::lost, one.name,
                     fmt::format("{} was made anew, {} instead of {}: what lay on it is gone", name,
                                 in_words(is->size.bytes()), in_words(was->size.bytes())),
                     after));
    }
}

/// What best() says of a topology; empty when it has nothing that may be used.
std::vector<leg> chosen_again(const topology& machine, const best_choice& choice) {
    try {
        const placement made = best(machine, choice);
        return {made.legs().begin(), made.legs().end()};
    } catch (const no_such_target&) {
        return {};
    }
}

bool has(std::span<const leg> legs, const leg& one) {
    return std::ranges::any_of(legs, [&](const leg& other) { return same_memory(one, other); });
}

/// A leg's place in a ranking, in words; "" when it has none.
std::string explained(const topology& machine, const ranking& order, const leg& one) {
    for (const ranked_target& place : order.places) {
        const target& memory = machine.targets()[place.target.index];
        const bool is_it = one.kind == leg_kind::node
                               ? memory.node == one.node && is_online(memory)
                               : std::ranges::any_of(memory.dax, [&](const dax_device& device) {
                                     return device.name == one.name;
                                 });
        if (is_it) {
            return explain(order, place);
        }
    }
    return {};
}

std::optional<memory_event> find_better(const placement& where, const topology& before,
                                        const topology& after) {
    if (!where.chosen()) {
        return std::nullopt;
    }
    const best_choice& choice = *where.chosen();
    const leg& have = where.legs().front();
    const std::vector<leg> now = chosen_again(after, choice);
    if (now.empty() || same_memory(now.front(), have)) {
        return std::nullopt;
    }
    const leg& first = now.front();
    const std::vector<leg> earlier = chosen_again(before, choice);
    if (!earlier.empty()) {
        const bool known = same_memory(earlier.front(), first);
        // What moves up because a better one left is no news: its leaving is.
        const bool moved_up = has(earlier, first) && !has(now, earlier.front());
        if (known || moved_up) {
            return std::nullopt;
        }
    }
    const ranking order = rank(after, choice.by, options_of(after, choice));
    std::string what = fmt::format("{} is the best by {} now: {}", first.name, to_string(choice.by),
                                   explained(after, order, first));
    if (const std::string had = explained(after, order, have); !had.empty()) {
        what += fmt::format("; {} has {}", have.name, had);
    }
    return event_of(memory_event_kind::better, first.name, std::move(what), after);
}

} // namespace

std::vector<memory_event> memory_history::next(const placement& where, const topology& before,
                                               const topology& after) {
    forget_all_but(where);
    std::vector<memory_event> events;
    for (const std::span<const leg> part : {where.legs(), where.overflow()}) {
        for (const leg& one : part) {
            if (one.kind == leg_kind::node) {
                follow(one, before, after, events);
            } else if (one.kind == leg_kind::dax) {
                follow_device(one, before, after, events);
            }
        }
    }
    if (std::optional<memory_event> better = find_better(where, before, after)) {
        // One event a memory: that it is the best says that it is there, too.
        std::erase_if(events, [&](const memory_event& e) { return e.target == better->target; });
        events.push_back(std::move(*better));
    }
    return events;
}

void memory_history::follow(const leg& node, const topology& before, const topology& after,
                            std::vector<memory_event>& events) {
    const target* const now = find_node(after, node.node);
    const std::uint64_t had = usable_bytes(find_node(before, node.node));
    const std::uint64_t left = usable_bytes(now);
    if (left < had) {
        const std::uint64_t whole = whole_.try_emplace(node.node, had).first->second;
        events.push_back(
            event_of(memory_event_kind::leaving, node.name,
                     fmt::format("{} {}: {} of {} {} left", node.name, what_happened(now),
                                 in_words(left), in_words(whole), left == 0 ? "is" : "are"),
                     after));
        return;
    }
    const auto known = whole_.find(node.node);
    // That a leg was there when the placement was made is sure, how large it was is not.
    const bool had_left = known != whole_.end() || had == 0;
    if (left == had || !had_left) {
        return;
    }
    std::string what = fmt::format("{} is there again: {}", node.name, in_words(left));
    if (known != whole_.end()) {
        if (left < known->second) {
            what = fmt::format("{} is there again in part: {} of {}", node.name, in_words(left),
                               in_words(known->second));
        } else {
            whole_.erase(known);
        }
    }
    events.push_back(event_of(memory_event_kind::returned, node.name, std::move(what), after));
}

void memory_history::forget_all_but(const placement& where) {
    std::erase_if(whole_, [&](const auto& known) {
        const auto is_it = [&](const leg& one) {
            return one.kind == leg_kind::node && one.node == known.first;
        };
        return std::ranges::none_of(where.legs(), is_it) &&
               std::ranges::none_of(where.overflow(), is_it);
    });
}

} // namespace hetmem::detail
