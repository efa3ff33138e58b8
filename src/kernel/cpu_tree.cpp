#include "kernel/cpu_tree.hpp"

#include "kernel/cpu.hpp"
#include "kernel/text.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

namespace hetmem::kernel {
namespace {

std::optional<unsigned> read_unsigned(const directory& from, std::string_view name) {
    const std::optional<std::uint64_t> number = from.read_u64(name);
    if (!number || *number > std::numeric_limits<unsigned>::max()) {
        return std::nullopt;
    }
    return static_cast<unsigned>(*number);
}

/// CPUs of one group, as whichever file of the same meaning is there: a list (new name, old name)
/// or a mask (of which copies of other machines have no lists).
class cpu_files {
public:
    cpu_files(std::string_view list, std::string_view old_list, std::string_view mask,
              std::string_view old_mask)
        : lists_{list, old_list}, masks_{mask, old_mask} {}

    std::optional<id_set> read(const directory& from) const {
        for (const std::string_view name : lists_) {
            if (auto cpus = name.empty() ? std::nullopt : from.read_ids(name)) {
                return cpus;
            }
        }
        for (const std::string_view name : masks_) {
            if (name.empty()) {
                continue;
            }
            if (const read_result mask = from.read(name)) {
                if (auto cpus = parse_mask(mask.text)) {
                    return cpus;
                }
            }
        }
        return std::nullopt;
    }

private:
    std::string_view lists_[2];
    std::string_view masks_[2];
};

class tree_reader {
public:
    explicit tree_reader(const rooted_reader& reader)
        : all_(reader.open("sys/devices/system/cpu")) {
        // Those that have a directory: the list of a copy may claim a million.
        const id_set online = read_online_cpus(reader).value_or(id_set());
        for (const unsigned cpu : all_.numbered("cpu")) {
            if (online.contains(cpu)) {
                tree_.online.insert(cpu);
            }
        }
    }

    cpu_tree read() {
        for (const unsigned cpu : tree_.online.to_vector()) {
            const std::string name = "cpu" + std::to_string(cpu);
            add_groups(cpu, all_.open(name + "/topology"));
            add_caches(cpu, all_.open(name + "/cache"));
        }
        drop_dies_that_are_packages();
        return std::move(tree_);
    }

private:
    /// Those that are online, and `cpu` itself: what the kernel says of a CPU may be anything in a
    /// copy of a machine.
    id_set online_part(std::optional<id_set> cpus, unsigned cpu) const {
        id_set out;
        if (cpus) {
            id_set offline = *cpus;
            offline.erase(tree_.online);
            out = std::move(*cpus);
            out.erase(offline);
        }
        out.insert(cpu);
        return out;
    }

    void add_groups(unsigned cpu, const directory& topology) {
        static const cpu_files package_files("package_cpus_list", "core_siblings_list",
                                             "package_cpus", "core_siblings");
        static const cpu_files die_files("die_cpus_list", "", "die_cpus", "");
        static const cpu_files core_files("core_cpus_list", "thread_siblings_list", "core_cpus",
                                          "thread_siblings");
        if (!in_package_.contains(cpu)) {
            id_set cpus = online_part(package_files.read(topology), cpu);
            in_package_.insert(cpus);
            tree_.packages.push_back(
                {read_unsigned(topology, "physical_package_id"), std::move(cpus)});
        }
        if (!in_die_.contains(cpu)) {
            if (auto said = die_files.read(topology)) {
                id_set cpus = online_part(std::move(said), cpu);
                in_die_.insert(cpus);
                tree_.dies.push_back({read_unsigned(topology, "die_id"), std::move(cpus)});
            }
        }
        if (!in_core_.contains(cpu)) {
            const std::optional<unsigned> id = read_unsigned(topology, "core_id");
            id_set cpus = with_core_id(id, online_part(core_files.read(topology), cpu), cpu);
            in_core_.insert(cpus);
            tree_.cores.push_back({id, std::move(cpus)});
        }
    }

    /// Bulldozer's modules are "siblings" of different core ids: cores of their own.
    id_set with_core_id(std::optional<unsigned> id, const id_set& siblings, unsigned cpu) const {
        id_set out;
        out.insert(cpu);
        for (const unsigned other : siblings.to_vector()) {
            if (other != cpu &&
                read_unsigned(all_.open("cpu" + std::to_string(other) + "/topology"), "core_id") ==
                    id) {
                out.insert(other);
            }
        }
        return out;
    }

    void add_caches(unsigned cpu, const directory& caches) {
        static const cpu_files files("shared_cpu_list", "", "shared_cpu_map", "");
        if (!caches) {
            return;
        }
        for (const unsigned number : caches.numbered("index")) {
            const directory one = caches.open("index" + std::to_string(number));
            cpu_cache cache;
            cache.cpus = online_part(files.read(one), cpu);
            const std::optional<unsigned> level = read_unsigned(one, "level");
            if (cache.cpus.first() != cpu || !level) {
                continue;
            }
            cache.level = *level;
            const std::string type = one.read_line("type").value_or("");
            cache.type = type == "Data" ? 'D' : type == "Instruction" ? 'I' : 'U';
            cache.id = read_unsigned(one, "id");
            cache.size_bytes = read_size(one);
            cache.line_bytes = read_unsigned(one, "coherency_line_size").value_or(0);
            cache.ways = ways_of(cache, one);
            tree_.caches.push_back(std::move(cache));
        }
    }

    /// "32K", as the kernel prints it (drivers/base/cacheinfo.c).
    static std::uint64_t read_size(const directory& cache) {
        std::string text = cache.read_line("size").value_or("");
        if (!text.ends_with('K')) {
            return 0;
        }
        text.pop_back();
        const std::uint64_t kib = parse_u64(text).value_or(0);
        return kib > std::numeric_limits<std::uint64_t>::max() >> 10 ? 0 : kib << 10;
    }

    /// Worked out from the number of sets: ways_of_associativity is 0 for a fully associative
    /// cache on some architectures, and garbage on others.
    static unsigned ways_of(const cpu_cache& cache, const directory& from) {
        const std::uint64_t sets = read_unsigned(from, "number_of_sets").value_or(0);
        const std::uint64_t partition = read_unsigned(from, "physical_line_partition").value_or(1);
        if (sets < 2 || cache.line_bytes == 0 || partition == 0) {
            return 0;
        }
        const std::uint64_t ways = cache.size_bytes / cache.line_bytes / partition / sets;
        return ways > std::numeric_limits<unsigned>::max() ? 0 : static_cast<unsigned>(ways);
    }

    /// Most machines have one die a package, which tells nothing; architectures that know no dies
    /// print one for each CPU.
    void drop_dies_that_are_packages() {
        std::erase_if(tree_.dies, [&](const cpu_group& die) {
            return die.cpus.size() == 1 ||
                   std::any_of(tree_.packages.begin(), tree_.packages.end(),
                               [&](const cpu_group& p) { return p.cpus == die.cpus; });
        });
    }

    directory all_;
    cpu_tree tree_;
    id_set in_package_;
    id_set in_die_;
    id_set in_core_;
};

} // namespace

cpu_tree read_cpu_tree(const rooted_reader& reader) {
    return tree_reader(reader).read();
}

} // namespace hetmem::kernel
