#include "topology/measured_marks.hpp"

#include <algorithm>

namespace hetmem::detail {

namespace {

/// What the kernel takes for itself differs from boot to boot.
constexpr std::uint64_t size_tolerance_percent = 10;

bool alike(byte_size was, byte_size is) {
    const std::uint64_t larger = std::max(was.bytes(), is.bytes());
    const std::uint64_t smaller = std::min(was.bytes(), is.bytes());
    return larger - smaller <= larger / 100 * size_tolerance_percent;
}

/// Of the same name: processors that are off for a while do not make it another one.
bool still(const id_set& was, const id_set& is) {
    return was.empty() == is.empty() && (was.includes(is) || is.includes(was));
}

/// Of the same name: what nobody tells is no difference.
bool still(const target_mark& was, const target_mark& is) {
    return was.dax == is.dax && still(was.cpus, is.cpus) &&
           (!was.size || !is.size || alike(*was.size, *is.size));
}

/// Of another name.
bool looks_like(const target_mark& was, const target_mark& is) {
    return was.dax == is.dax && was.cpus == is.cpus && was.size && is.size &&
           alike(*was.size, *is.size);
}

template <class Named>
std::optional<std::uint32_t> index_of(std::span<const Named> all, std::string_view name) {
    const auto at =
        std::find_if(all.begin(), all.end(), [&](const Named& one) { return one.name == name; });
    return at == all.end() ? std::nullopt
                           : std::optional(static_cast<std::uint32_t>(at - all.begin()));
}

} // namespace

target_mark mark_of(const target& memory) {
    return {memory.name, memory.size, memory.cpus,
            memory.state == target_state::reserved && !memory.dax.empty()};
}

initiator_mark mark_of(const initiator& from) {
    return {from.name, from.cpus};
}

bool same_machine(const machine_mark& a, const machine_mark& b) {
    const auto agree = [](const std::string& x, const std::string& y) {
        return x.empty() || y.empty() || x == y;
    };
    return agree(a.cpu_model, b.cpu_model) && agree(a.modalias, b.modalias);
}

std::string in_words(const machine_mark& mark) {
    const std::string cpu = mark.cpu_model.empty() ? "unknown processor" : mark.cpu_model;
    return mark.modalias.empty() ? cpu : cpu + ", " + mark.modalias;
}

mark_matcher::mark_matcher(const topology& machine, const measurements& stored)
    : machine_(machine) {
    match_initiators(stored);
    match_targets(stored);
}

void mark_matcher::match_initiators(const measurements& stored) {
    const auto now = machine_.initiators();
    for (const initiator_mark& mark : stored.initiators) {
        place found;
        for (const hetmem::initiator& one : now) {
            if (!mark.cpus.empty() && one.cpus == mark.cpus) {
                found = {fate::here, one.id.index};
            }
        }
        const auto namesake = index_of(now, mark.name);
        if (found.what != fate::here && namesake) {
            found = still(mark.cpus, now[*namesake].cpus) ? place{fate::here, *namesake}
                                                          : place{fate::changed, 0};
        }
        initiators_[mark.name] = found;
    }
}

void mark_matcher::match_targets(const measurements& stored) {
    const auto now = machine_.targets();
    std::vector<bool> taken(now.size(), false);
    std::vector<const target_mark*> lost;
    for (const target_mark& mark : stored.targets) {
        const auto namesake = index_of(now, mark.name);
        if (!namesake) {
            lost.push_back(&mark);
            targets_[mark.name] = {};
        } else if (still(mark, mark_of(now[*namesake]))) {
            taken[*namesake] = true;
            targets_[mark.name] = {fate::here, *namesake};
        } else {
            targets_[mark.name] = {fate::changed, 0};
        }
    }
    // Another name, as a dax device may get: when there is one candidate for one that is missing.
    for (const target_mark* mark : lost) {
        std::vector<std::uint32_t> candidates;
        for (const hetmem::target& one : now) {
            if (!taken[one.id.index] && looks_like(*mark, mark_of(one))) {
                candidates.push_back(one.id.index);
            }
        }
        if (candidates.size() != 1) {
            continue;
        }
        const target_mark candidate = mark_of(now[candidates.front()]);
        const auto rivals = std::count_if(lost.begin(), lost.end(), [&](const target_mark* other) {
            return looks_like(*other, candidate);
        });
        if (rivals == 1) {
            targets_[mark->name] = {fate::here, candidates.front()};
        }
    }
}

mark_matcher::place mark_matcher::initiator(std::string_view name) const {
    if (const auto known = initiators_.find(name); known != initiators_.end()) {
        return known->second;
    }
    const auto namesake = index_of(machine_.initiators(), name);
    return namesake ? place{fate::here, *namesake} : place{};
}

mark_matcher::place mark_matcher::target(std::string_view name) const {
    if (const auto known = targets_.find(name); known != targets_.end()) {
        return known->second;
    }
    const auto namesake = machine_.find_target(name);
    return namesake ? place{fate::here, namesake->index} : place{};
}

} // namespace hetmem::detail
