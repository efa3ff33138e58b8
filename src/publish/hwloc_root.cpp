#include "publish/views.hpp"

#include "publish/view_parts.hpp"

#include <algorithm>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace hetmem::detail {
namespace {

using enum tree_entry::kind;

constexpr std::string_view nodes_place = "sys/devices/system/node";

/// What hwloc reads below its root beside the nodes. Links may be absolute: hwloc does not resolve
/// them within the root.
constexpr std::string_view same_as_here[] = {
    "proc",   "sys/bus",      "sys/class",  "sys/devices/system/cpu", "sys/devices/virtual",
    "sys/fs", "sys/firmware", "sys/kernel",
};

/// What the kernel alone knows of a node and hwloc or libnuma look at.
constexpr std::string_view of_a_node[] = {"cpumap", "cpulist", "meminfo", "hugepages", "numastat"};

class root_writer {
public:
    explicit root_writer(const topology& machine)
        : machine_(machine), nodes_(usable_nodes(machine)) {}

    file_tree write() {
        for (const std::string_view place : same_as_here) {
            link_to_here(std::string(place));
        }
        if (nodes_.empty()) {
            return std::move(tree_); // a kernel without NUMA has no such directory
        }
        add_lists();
        const bool real_distances = has_all_nodes();
        const std::vector<std::string> distances =
            real_distances ? std::vector<std::string>() : known_distances();
        for (std::size_t n = 0; n < nodes_.size(); ++n) {
            const std::string at = place_of(nodes_[n].number);
            for (const std::string_view name : of_a_node) {
                link_to_here(fmt::format("{}/{}", at, name));
            }
            if (real_distances) {
                link_to_here(at + "/distance");
            } else if (!distances.empty()) {
                add(at + "/distance", distances[n]);
            }
            if (nodes_[n].memory != nullptr) {
                add_initiators(at, *nodes_[n].memory);
                add_side_caches(at, *nodes_[n].memory);
            }
        }
        return std::move(tree_);
    }

private:
    static std::string place_of(unsigned node) {
        return fmt::format("{}/node{}", nodes_place, node);
    }
    void link_to_here(const std::string& path) { tree_.push_back({path, link, "/" + path}); }
    void add(std::string path, std::string_view content) {
        tree_.push_back({std::move(path), file, fmt::format("{}\n", content)});
    }

    void add_lists() {
        id_set online;
        id_set has_cpu;
        id_set has_memory;
        for (const usable_node& node : nodes_) {
            online.insert(node.number);
            if (!node.cpus.empty()) {
                has_cpu.insert(node.number);
            }
            if (node.memory != nullptr) {
                has_memory.insert(node.number);
            }
        }
        const std::string at(nodes_place);
        add(at + "/online", online.to_string());
        add(at + "/has_cpu", has_cpu.to_string());
        add(at + "/has_memory", has_memory.to_string());
        // What zones memory is in, and how many nodes the kernel has room for, only it knows.
        link_to_here(at + "/has_normal_memory");
        link_to_here(at + "/possible");
    }

    bool is_shown(int number) const {
        return std::any_of(nodes_.begin(), nodes_.end(), [&](const usable_node& node) {
            return static_cast<int>(node.number) == number;
        });
    }

    /// The kernel's row of distances has a column for each of its nodes, which hwloc counts off
    /// against those it finds: the real rows do only where no node is left out here.
    bool has_all_nodes() const {
        const auto shown = [&](const auto& thing) { return !thing.node || is_shown(*thing.node); };
        return std::all_of(machine_.initiators().begin(), machine_.initiators().end(), shown) &&
               std::all_of(
                   machine_.targets().begin(), machine_.targets().end(), [&](const target& memory) {
                       return memory.name != fmt::format("node{}", memory.node.value_or(-1)) ||
                              shown(memory);
                   });
    }

    /// A row for each node, where all are known; otherwise none at all.
    std::vector<std::string> known_distances() const {
        std::vector<std::string> rows;
        for (const usable_node& from : nodes_) {
            const auto initiator = std::find_if(
                machine_.initiators().begin(), machine_.initiators().end(),
                [&](const auto& i) { return i.node == static_cast<int>(from.number); });
            std::string row;
            for (const usable_node& to : nodes_) {
                const auto distance = initiator != machine_.initiators().end() && to.memory
                                          ? machine_.distance(initiator->id, to.memory->id)
                                          : std::nullopt;
                if (!distance) {
                    return {};
                }
                row += fmt::format("{}{}", row.empty() ? "" : " ", *distance);
            }
            rows.push_back(std::move(row));
        }
        return rows;
    }

    /// access1: the best that are CPUs; access0: the best of all. hwloc takes the first it finds.
    void add_initiators(const std::string& at, const target& memory) {
        const auto cpus = nearest(machine_, memory.id, which_initiators::cpus);
        const auto all = nearest(machine_, memory.id, which_initiators::all);
        if (cpus) {
            add_access_class(at + "/access1", *cpus);
        }
        if (!all) {
            return;
        }
        if (cpus && cpus->initiators == all->initiators) {
            tree_.push_back({at + "/access0", link, "access1"});
        } else {
            add_access_class(at + "/access0", *all);
        }
    }

    void add_access_class(const std::string& place, const alike_initiators& from) {
        const std::string at = place + "/initiators/";
        id_set nodes;
        for (const std::uint32_t i : from.initiators) {
            if (const auto node = machine_.initiators()[i].node; node && is_shown(*node)) {
                nodes.insert(static_cast<unsigned>(*node));
            }
        }
        for (const unsigned node : nodes.to_vector()) {
            tree_.push_back(
                {fmt::format("{}node{}", at, node), link, fmt::format("../../../node{}", node)});
        }
        for (const quantity what : all_quantities) {
            const plain_figure& f = from.figures[static_cast<std::size_t>(what)];
            const std::uint64_t value = kernel_units(what, f.value);
            // The kernel has 32 bits for it; zero is its way to say that it does not know.
            if (f.state == knowledge::known && value != 0 &&
                value <= std::numeric_limits<std::uint32_t>::max()) {
                add(fmt::format("{}{}", at, to_string(what)), fmt::format("{}", value));
            }
        }
    }

    /// Documentation/ABI/stable/sysfs-devices-node; hwloc wants size, line_size and indexing.
    void add_side_caches(const std::string& node, const target& memory) {
        for (const memory_side_cache& cache : memory.caches) {
            const std::string at = fmt::format("{}/memory_side_cache/index{}/", node, cache.level);
            const auto number = [&](std::string_view name, std::optional<std::uint64_t> value) {
                if (value) {
                    add(fmt::format("{}{}", at, name), fmt::format("{}", *value));
                }
            };
            number("size", cache.size ? std::optional(cache.size->bytes()) : std::nullopt);
            number("line_size",
                   cache.line_size ? std::optional(cache.line_size->bytes()) : std::nullopt);
            number("indexing", place_in({"direct", "complex", "none"}, cache.associativity));
            number("write_policy",
                   place_in({"write-back", "write-through", "none"}, cache.write_policy));
        }
    }

    static std::optional<std::uint64_t> place_in(std::initializer_list<std::string_view> words,
                                                 std::string_view word) {
        const auto found = std::find(words.begin(), words.end(), word);
        return found == words.end()
                   ? std::nullopt
                   : std::optional(static_cast<std::uint64_t>(found - words.begin()));
    }

    const topology& machine_;
    std::vector<usable_node> nodes_;
    file_tree tree_;
};

} // namespace

file_tree hwloc_root(const topology& machine) {
    return root_writer(machine).write();
}

} // namespace hetmem::detail
