// What becomes of a store when figures are added to it or taken out.
#include "topology/figure_store.hpp"
#include "topology/measured_marks.hpp"

#include <hetmem/error.hpp>

#include <algorithm>
#include <iterator>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <utility>

#include <fmt/format.h>

namespace hetmem::detail {

namespace {

/// Does something with each entry that has an initiator and a target.
template <class Measurements, class Action> void for_each_list(Measurements& all, Action act) {
    act(all.cells);
    act(all.curves);
    act(all.given);
}

/// What others say: not what was measured or given before.
std::vector<claim> claims_of_others(const topology& machine, quantity what, std::uint32_t initiator,
                                    std::uint32_t target) {
    std::vector<claim> all = machine.claims(what, {initiator}, {target});
    std::erase_if(all, [](const claim& c) { return c.from < source::hma; });
    return all;
}

class importer {
public:
    importer(const topology& machine, const measurements& more)
        : machine_(machine), match_(machine, more), all_(more) {}

    measurements import() {
        for_each_list(all_, [this](auto& list) {
            for (auto& one : list) {
                one.initiator = machine_.initiators()[initiator(one.initiator)].name;
                one.target = machine_.targets()[target(one.target)].name;
            }
        });
        declare();
        all_.initiators.clear();
        for (const std::uint32_t i : initiators_) {
            all_.initiators.push_back(mark_of(machine_.initiators()[i]));
        }
        all_.targets.clear();
        for (const std::uint32_t t : targets_) {
            all_.targets.push_back(mark_of(machine_.targets()[t]));
        }
        return std::move(all_);
    }

private:
    std::uint32_t initiator(const std::string& name) {
        const mark_matcher::place found = match_.initiator(name);
        refuse_other(found, "initiator", name);
        initiators_.insert(found.index);
        return found.index;
    }
    std::uint32_t target(const std::string& name) {
        const mark_matcher::place found = match_.target(name);
        refuse_other(found, "memory", name);
        targets_.insert(found.index);
        return found.index;
    }

    static void refuse_other(const mark_matcher::place& found, std::string_view kind,
                             const std::string& name) {
        if (found.what == mark_matcher::fate::gone) {
            throw no_such_target(
                fmt::format("no {} is called '{}': hetmem show names them", kind, name));
        }
        if (found.what == mark_matcher::fate::changed) {
            throw no_such_target(
                fmt::format("'{}' is another {} now than these figures are of", name, kind));
        }
    }

    /// A figure that says already what was declared when it was taken keeps that.
    void declare() {
        const auto fill = [this](auto& one, std::optional<quantity> what) {
            if (what && one.declared.empty()) {
                one.declared = claims_of_others(machine_, *what,
                                                match_now(machine_.initiators(), one.initiator),
                                                match_now(machine_.targets(), one.target));
            }
        };
        for (measured_cell& c : all_.cells) {
            fill(c, c.in == measured_in::memory ? quantity_of(c.what) : std::nullopt);
        }
        for (given_figure& g : all_.given) {
            fill(g, g.what);
        }
    }

    template <class Named>
    static std::uint32_t match_now(std::span<const Named> all, std::string_view name) {
        const auto at = std::find_if(all.begin(), all.end(),
                                     [&](const Named& one) { return one.name == name; });
        return static_cast<std::uint32_t>(at - all.begin());
    }

    const topology& machine_;
    const mark_matcher match_;
    measurements all_;
    std::set<std::uint32_t> initiators_;
    std::set<std::uint32_t> targets_;
};

/// What a store's names become: today's; nothing for one whose name means something else by now.
class renaming {
public:
    renaming(const topology& machine, const measurements& old, const measurements& more)
        : machine_(machine), match_(machine, old) {
        for (const target_mark& mark : more.targets) {
            taken_targets_.insert(mark.name);
        }
        for (const initiator_mark& mark : more.initiators) {
            taken_initiators_.insert(mark.name);
        }
        take(old.targets, machine_.targets(), taken_targets_,
             [this](const std::string& name) { return match_.target(name); });
        take(old.initiators, machine_.initiators(), taken_initiators_,
             [this](const std::string& name) { return match_.initiator(name); });
    }

    std::string initiator(const std::string& name) const {
        return renamed(name, match_.initiator(name), machine_.initiators(), taken_initiators_);
    }
    std::string target(const std::string& name) const {
        return renamed(name, match_.target(name), machine_.targets(), taken_targets_);
    }

private:
    template <class Mark, class Named, class Find>
    static void take(const std::vector<Mark>& marks, std::span<const Named> now,
                     std::set<std::string>& taken, Find find) {
        for (const Mark& mark : marks) {
            if (const auto where = find(mark.name); where.what == mark_matcher::fate::here) {
                taken.insert(now[where.index].name);
            }
        }
    }

    template <class Named>
    static std::string renamed(const std::string& name, const mark_matcher::place& where,
                               std::span<const Named> now, const std::set<std::string>& taken) {
        if (where.what == mark_matcher::fate::here) {
            return now[where.index].name;
        }
        return taken.contains(name) ? std::string() : name;
    }

    const topology& machine_;
    const mark_matcher match_;
    std::set<std::string> taken_targets_;
    std::set<std::string> taken_initiators_;
};

void rename(measurements& all, const renaming& to) {
    for_each_list(all, [&](auto& list) {
        for (auto& one : list) {
            one.initiator = to.initiator(one.initiator);
            one.target = to.target(one.target);
        }
        std::erase_if(list,
                      [](const auto& one) { return one.initiator.empty() || one.target.empty(); });
    });
    for (initiator_mark& mark : all.initiators) {
        mark.name = to.initiator(mark.name);
    }
    for (target_mark& mark : all.targets) {
        mark.name = to.target(mark.name);
    }
    std::erase_if(all.initiators, [](const initiator_mark& mark) { return mark.name.empty(); });
    std::erase_if(all.targets, [](const target_mark& mark) { return mark.name.empty(); });
}

/// Appends, in place of what has the same key.
template <class Item, class Key>
void add(std::vector<Item>& to, const std::vector<Item>& more, Key key) {
    to.insert(to.end(), more.begin(), more.end());
    // Of those with one key the last counts.
    std::set<decltype(key(to.front()))> seen;
    std::vector<Item> kept;
    for (auto one = to.rbegin(); one != to.rend(); ++one) {
        if (seen.insert(key(*one)).second) {
            kept.push_back(std::move(*one));
        }
    }
    to.assign(std::make_move_iterator(kept.rbegin()), std::make_move_iterator(kept.rend()));
}

/// Marks of what no figure is about.
void drop_unused_marks(measurements& all) {
    std::set<std::string> initiators;
    std::set<std::string> targets;
    for_each_list(all, [&](const auto& list) {
        for (const auto& one : list) {
            initiators.insert(one.initiator);
            targets.insert(one.target);
        }
    });
    std::erase_if(all.initiators,
                  [&](const initiator_mark& mark) { return !initiators.contains(mark.name); });
    std::erase_if(all.targets,
                  [&](const target_mark& mark) { return !targets.contains(mark.name); });
}

} // namespace

measurements import_for(const topology& machine, const machine_mark& mark,
                        const measurements& more) {
    if (!same_machine(mark, more.machine)) {
        throw error(std::errc::invalid_argument,
                    fmt::format("these figures are of another machine ({}; this is {})",
                                in_words(more.machine), in_words(mark)));
    }
    measurements kept = importer(machine, more).import();
    kept.machine = mark;
    return kept;
}

measurements merged(const topology& machine, const measurements& old, const measurements& more) {
    measurements all = old;
    if (!same_machine(old.machine, more.machine)) {
        all = {};
        all.remarks.push_back(
            fmt::format("figures of another machine ({}) were dropped", in_words(old.machine)));
    }
    rename(all, renaming(machine, old, more));
    all.machine = more.machine;
    const auto name_of = [](const auto& mark) { return mark.name; };
    add(all.initiators, more.initiators, name_of);
    add(all.targets, more.targets, name_of);
    add(all.cells, more.cells,
        [](const measured_cell& c) { return std::tuple(c.initiator, c.target, c.what); });
    add(all.curves, more.curves,
        [](const measured_curve& c) { return std::tuple(c.initiator, c.target, c.read_percent); });
    add(all.given, more.given,
        [](const given_figure& g) { return std::tuple(g.initiator, g.target, g.what); });
    add(all.remarks, more.remarks, [](const std::string& remark) { return remark; });
    drop_unused_marks(all);
    return all;
}

std::size_t forget(measurements& all, const std::vector<std::string>& targets) {
    std::size_t count = 0;
    for_each_list(all, [&](auto& list) {
        count += std::erase_if(list, [&](const auto& one) {
            return targets.empty() ||
                   std::find(targets.begin(), targets.end(), one.target) != targets.end();
        });
    });
    drop_unused_marks(all);
    if (targets.empty()) {
        all.remarks.clear();
    }
    return count;
}

} // namespace hetmem::detail
