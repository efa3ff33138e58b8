#include "publish/groups.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <unordered_map>

#include "publish/figures.hpp"
#include "publish/format.hpp"

namespace hetmem::detail {
namespace {

/// Everything about a memory that a drawing shows and that is not its own alone.
std::string likeness_of(const topology& machine, const target& memory) {
    std::string key =
        fmt::format("{}|{}|{}|{}|{}|{}|{}", static_cast<int>(memory.kind), format_state(memory),
                    memory.reserved_reason, memory.size.has_value(), memory.tier.value_or(-1),
                    memory.interleave_weight.value_or(0), memory.dax.size());
    const auto more = std::back_inserter(key);
    for (const memory_side_cache& cache : memory.caches) {
        fmt::format_to(more, "|{} {} {} {}", cache.level, cache.size.value_or(byte_size{}).bytes(),
                       cache.associativity, cache.write_policy);
    }
    for (const huge_page_pool& pool : memory.huge_pages) {
        fmt::format_to(more, "|{}x{}", pool.page.bytes(), pool.total);
    }
    const auto best = machine.best_initiator(memory.id);
    fmt::format_to(more, "|{}|{}", format_access(best_access(machine, memory)),
                   best && same_node(machine.initiators()[best->index], memory));
    if (!memory.device_legs.empty()) {
        fmt::format_to(more, "|{}", memory.device_legs.size());
    }
    return key;
}

bool about_equal(const std::optional<byte_size>& a, const std::optional<byte_size>& b) {
    if (!a || !b) {
        return a == b;
    }
    const std::uint64_t small = std::min(a->bytes(), b->bytes());
    const std::uint64_t large = std::max(a->bytes(), b->bytes());
    return large - small <= large / 8;
}

/// A name as its text and its number: "node12" is ("node", 12).
struct numbered_name {
    std::string_view stem;
    std::uint64_t number = 0;
    bool has_number = false;
};

numbered_name split_name(std::string_view name) {
    const std::size_t last = name.find_last_not_of("0123456789");
    const std::size_t digits = last == std::string_view::npos ? 0 : last + 1;
    const std::string_view number = name.substr(digits);
    if (number.empty() || number.size() > 9 || (number.size() > 1 && number.front() == '0')) {
        return {name, 0, false};
    }
    std::uint64_t value = 0;
    for (const char c : number) {
        value = value * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return {name.substr(0, digits), value, true};
}

} // namespace

bool same_node(const initiator& from, const target& to) {
    return from.node.has_value() && from.node == to.node;
}

access best_access(const topology& machine, const target& memory) {
    const auto best = machine.best_initiator(memory.id);
    return best ? machine.access(*best, memory.id) : access{};
}

std::vector<bool> unreachable_targets(const topology& machine) {
    const auto targets = machine.targets();
    std::vector<bool> unreachable(targets.size());
    std::vector<std::uint32_t> without_best;
    for (const target& memory : targets) {
        if (!machine.best_initiator(memory.id)) {
            without_best.push_back(memory.id.index);
        }
    }
    if (without_best.empty()) {
        return unreachable;
    }
    row_reader reader(machine);
    for (const initiator& from : machine.initiators()) {
        for (const quantity what : all_quantities) {
            const merged_row& row = reader.read(what, from.id);
            for (const std::uint32_t t : without_best) {
                if (row.values[t] == topology::unreachable_value) {
                    unreachable[t] = true;
                }
            }
        }
    }
    return unreachable;
}

std::vector<place> places_of(const topology& machine) {
    std::vector<place> places;
    std::unordered_map<int, std::size_t> index_of_package;
    for (const package& p : machine.packages()) {
        if (index_of_package.try_emplace(p.id, places.size()).second) {
            places.push_back({&p, {}, {}});
        }
    }
    const std::size_t none = places.size();
    places.emplace_back();
    const auto place_for = [&](const std::optional<int>& id) -> place& {
        const auto found = id ? index_of_package.find(*id) : index_of_package.end();
        return places[found == index_of_package.end() ? none : found->second];
    };
    for (const initiator& i : machine.initiators()) {
        place_for(i.package).initiators.push_back(i.id.index);
    }
    for (const target& t : machine.targets()) {
        place_for(t.package).targets.push_back(t.id.index);
    }
    std::erase_if(places, [](const place& p) { return p.initiators.empty() && p.targets.empty(); });
    return places;
}

std::vector<positions> fold_equal(const topology& machine, std::span<const std::uint32_t> targets) {
    std::vector<positions> folds;
    std::unordered_map<std::string, std::vector<std::size_t>> folds_of_likeness;
    for (const std::uint32_t t : targets) {
        const target& memory = machine.targets()[t];
        std::vector<std::size_t>& candidates = folds_of_likeness[likeness_of(machine, memory)];
        const auto fits = std::find_if(candidates.begin(), candidates.end(), [&](std::size_t f) {
            return about_equal(machine.targets()[folds[f].front()].size, memory.size);
        });
        if (fits == candidates.end()) {
            candidates.push_back(folds.size());
            folds.push_back({t});
        } else {
            folds[*fits].push_back(t);
        }
    }
    return folds;
}

std::vector<positions> folds_of(const topology& machine, std::span<const std::uint32_t> targets) {
    if (machine.targets().size() > fold_above) {
        return fold_equal(machine, targets);
    }
    std::vector<positions> each;
    for (const std::uint32_t t : targets) {
        each.push_back({t});
    }
    return each;
}

std::string join_names(std::span<const std::string_view> names, std::size_t most) {
    std::string text;
    std::size_t ranges = 0;
    for (std::size_t i = 0; i < names.size();) {
        if (ranges == most) {
            return text.append(fmt::format(" and {} more", names.size() - i));
        }
        const numbered_name first = split_name(names[i]);
        std::size_t next = i + 1;
        while (first.has_number && next < names.size()) {
            const numbered_name n = split_name(names[next]);
            if (!n.has_number || n.stem != first.stem || n.number != first.number + (next - i)) {
                break;
            }
            ++next;
        }
        text.append(ranges == 0 ? "" : ", ").append(names[i]);
        if (next - i > 1) {
            text.append(next - i == 2 ? ", " : "-").append(names[next - 1]);
        }
        i = next;
        ++ranges;
    }
    return text;
}

std::string target_names(const topology& machine, std::span<const std::uint32_t> targets,
                         std::size_t most) {
    std::vector<std::string_view> names;
    for (const std::uint32_t t : targets) {
        names.emplace_back(machine.targets()[t].name);
    }
    return join_names(names, most);
}

std::string initiator_names(const topology& machine, std::span<const std::uint32_t> initiators,
                            std::size_t most) {
    std::vector<std::string_view> names;
    for (const std::uint32_t i : initiators) {
        names.emplace_back(machine.initiators()[i].name);
    }
    return join_names(names, most);
}

} // namespace hetmem::detail
