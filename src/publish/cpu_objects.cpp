#include "publish/cpu_objects.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <tuple>
#include <utility>

#include <fmt/format.h>

namespace hetmem::detail {
namespace {

/// Of objects with the same CPUs the first is outermost (hwloc's obj_type_order).
constexpr std::array<std::string_view, 12> outermost_first = {
    "Package", "Die",      "L5Cache", "L4Cache",  "L3Cache", "L3iCache",
    "L2Cache", "L2iCache", "L1Cache", "L1iCache", "Core",    "PU"};

std::size_t order_of(const cpu_object& object) {
    return static_cast<std::size_t>(
        std::find(outermost_first.begin(), outermost_first.end(), object.type) -
        outermost_first.begin());
}

cpu_object plain_object(std::string_view type, std::optional<unsigned> number, id_set cpus) {
    cpu_object out;
    out.type = type;
    out.os_index = number;
    out.cpus = std::move(cpus);
    return out;
}

cpu_object cache_object(const kernel::cpu_cache& cache) {
    cpu_object out = plain_object(
        fmt::format("L{}{}Cache", cache.level, cache.type == 'I' ? "i" : ""), cache.id, cache.cpus);
    // hwloc's cache_type: 0 unified, 1 data, 2 instruction.
    out.attributes =
        fmt::format(R"( cache_size="{}" depth="{}" cache_linesize="{}" cache_associativity="{}")"
                    R"( cache_type="{}")",
                    cache.size_bytes, cache.level, cache.line_bytes, cache.ways,
                    cache.type == 'D'   ? 1
                    : cache.type == 'I' ? 2
                                        : 0);
    return out;
}

void insert(cpu_object& parent, cpu_object object) {
    for (cpu_object& child : parent.children) {
        if (child.cpus.includes(object.cpus)) {
            insert(child, std::move(object));
            return;
        }
        if (child.cpus.intersects(object.cpus)) {
            return;
        }
    }
    parent.children.push_back(std::move(object));
}

/// A group around those children of `parent` that it holds; nothing when it cuts through one.
cpu_object* insert_group(cpu_object& parent, const id_set& cpus) {
    cpu_object group = plain_object("Group", std::nullopt, cpus);
    // HWLOC_GROUP_KIND_MEMORY: for the sake of a memory.
    group.attributes = R"( kind="1001" subkind="0")";
    for (const cpu_object& child : parent.children) {
        if (child.cpus.intersects(cpus) && !cpus.includes(child.cpus)) {
            return nullptr;
        }
    }
    const auto inside =
        std::stable_partition(parent.children.begin(), parent.children.end(),
                              [&](const cpu_object& child) { return !cpus.includes(child.cpus); });
    std::move(inside, parent.children.end(), std::back_inserter(group.children));
    parent.children.erase(inside, parent.children.end());
    const auto first = [](const cpu_object& a, const cpu_object& b) {
        return a.cpus.first() < b.cpus.first();
    };
    const auto place =
        std::upper_bound(parent.children.begin(), parent.children.end(), group, first);
    return &*parent.children.insert(place, std::move(group));
}

void sort_by_first_cpu(cpu_object& object) {
    std::sort(
        object.children.begin(), object.children.end(),
        [](const cpu_object& a, const cpu_object& b) { return a.cpus.first() < b.cpus.first(); });
    for (cpu_object& child : object.children) {
        sort_by_first_cpu(child);
    }
}

} // namespace

cpu_objects::cpu_objects(const kernel::cpu_tree& processors)
    : root_(plain_object("Machine", 0U, processors.online)) {
    std::vector<cpu_object> all;
    for (const kernel::cpu_group& package : processors.packages) {
        all.push_back(plain_object("Package", package.id, package.cpus));
    }
    for (const kernel::cpu_group& die : processors.dies) {
        all.push_back(plain_object("Die", die.id, die.cpus));
    }
    for (const kernel::cpu_cache& cache : processors.caches) {
        all.push_back(cache_object(cache));
    }
    for (const kernel::cpu_group& core : processors.cores) {
        all.push_back(plain_object("Core", core.id, core.cpus));
    }
    for (const unsigned cpu : processors.online.to_vector()) {
        id_set self;
        self.insert(cpu);
        all.push_back(plain_object("PU", cpu, std::move(self)));
    }
    // What hwloc has no name for (a sixth level of caches) would make it refuse the whole.
    std::erase_if(all, [](const cpu_object& object) {
        return order_of(object) == outermost_first.size() || object.cpus.empty();
    });
    std::stable_sort(all.begin(), all.end(), [](const cpu_object& a, const cpu_object& b) {
        return std::tuple(b.cpus.size(), order_of(a)) < std::tuple(a.cpus.size(), order_of(b));
    });
    for (cpu_object& object : all) {
        insert(root_, std::move(object));
    }
    sort_by_first_cpu(root_);
}

void cpu_objects::attach_memory(std::size_t memory, const id_set& cpus) {
    cpu_object* holder = &root_;
    for (bool deeper = !cpus.empty(); deeper && (holder == &root_ || holder->cpus != cpus);) {
        const auto child = std::find_if(
            holder->children.begin(), holder->children.end(),
            [&](const cpu_object& c) { return c.type != "PU" && c.cpus.includes(cpus); });
        deeper = child != holder->children.end();
        if (deeper) {
            holder = &*child;
        }
    }
    if (!cpus.empty() && holder->cpus != cpus) {
        if (cpu_object* const group = insert_group(*holder, cpus)) {
            holder = group;
        }
    }
    holder->memories.push_back(memory);
}

} // namespace hetmem::detail
