#include "publish/test_machines.hpp"
#include "publish/views.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>

namespace hetmem::detail {
namespace {

using test::figures;
using kind = tree_entry::kind;

const std::string nodes = "sys/devices/system/node/";

const tree_entry* find(const file_tree& tree, std::string_view path) {
    const auto found = std::find_if(tree.begin(), tree.end(),
                                    [&](const tree_entry& entry) { return entry.path == path; });
    return found == tree.end() ? nullptr : &*found;
}

std::string content(const file_tree& tree, std::string_view path) {
    const tree_entry* const found = find(tree, path);
    return found == nullptr ? "(none)" : found->content;
}

/// Entries and the directories that they need.
std::size_t inodes(const file_tree& tree) {
    std::set<std::string> all;
    for (const tree_entry& entry : tree) {
        std::string path = entry.path;
        while (!path.empty() && all.insert(path).second) {
            const std::size_t slash = path.rfind('/');
            path.resize(slash == std::string::npos ? 0 : slash);
        }
    }
    return all.size();
}

TEST(hwloc_root, links_to_the_machine_but_for_the_nodes) {
    const file_tree tree = hwloc_root(test::three_memories());
    for (const std::string path :
         {"proc", "sys/bus", "sys/class", "sys/kernel", "sys/fs", "sys/devices/system/cpu"}) {
        const tree_entry* const entry = find(tree, path);
        ASSERT_NE(entry, nullptr) << path;
        EXPECT_EQ(entry->what, kind::link);
        EXPECT_EQ(entry->content, "/" + path);
    }
    EXPECT_EQ(find(tree, "sys"), nullptr);
    EXPECT_EQ(content(tree, nodes + "online"), "0-2\n");
    EXPECT_EQ(content(tree, nodes + "has_cpu"), "0\n");
    EXPECT_EQ(content(tree, nodes + "has_memory"), "0-2\n");
    EXPECT_EQ(content(tree, nodes + "possible"), "/sys/devices/system/node/possible");
    EXPECT_EQ(content(tree, nodes + "node1/meminfo"), "/sys/devices/system/node/node1/meminfo");
    EXPECT_EQ(content(tree, nodes + "node1/distance"), "/sys/devices/system/node/node1/distance");
}

TEST(hwloc_root, figures_as_the_kernel_prints_them) {
    const file_tree tree = hwloc_root(test::three_memories());
    const std::string at = nodes + "node1/access1/initiators/";
    EXPECT_EQ(content(tree, at + "node0"), "../../../node0");
    EXPECT_EQ(content(tree, at + "read_latency"), "120\n");
    EXPECT_EQ(content(tree, at + "write_latency"), "125\n");
    EXPECT_EQ(content(tree, at + "read_bandwidth"), "409600\n");
    EXPECT_EQ(find(tree, at + "write_bandwidth"), nullptr) << "nobody said";
    EXPECT_EQ(content(tree, nodes + "node2/access1/initiators/read_latency"), "301\n");
    const tree_entry* const all = find(tree, nodes + "node1/access0");
    ASSERT_NE(all, nullptr);
    EXPECT_EQ(all->what, kind::link);
    EXPECT_EQ(all->content, "access1");
}

TEST(hwloc_root, the_strongest_source_is_what_hwloc_sees) {
    test::machine_text text;
    text.targets = R"({"name": "node0", "kind": "dram", "state": "online", "node": 0, "size": 1},
                      {"name": "node1", "kind": "hbm", "state": "online", "node": 1, "size": 1})";
    text.figures = figures("sysfs", "read_bandwidth", "[100000000000, 50000000000]") + "," +
                   figures("measured", "read_bandwidth", "[null, 399123456789]");
    text.distances = "[10, 20]";
    const file_tree tree = hwloc_root(text.read());
    EXPECT_EQ(content(tree, nodes + "node0/access1/initiators/read_bandwidth"), "100000\n");
    EXPECT_EQ(content(tree, nodes + "node1/access1/initiators/read_bandwidth"), "399124\n");
}

TEST(hwloc_root, only_memory_that_is_online) {
    const file_tree tree = hwloc_root(test::odd_memories());
    EXPECT_EQ(content(tree, nodes + "online"), "0\n");
    EXPECT_EQ(find(tree, nodes + "node3/meminfo"), nullptr) << "a dax device";
    EXPECT_EQ(find(tree, nodes + "node2/meminfo"), nullptr) << "a Generic Initiator";
    // The kernel's row has a column for node 2, which hwloc would take for another node's.
    EXPECT_EQ(content(tree, nodes + "node0/distance"), "10\n");
}

TEST(hwloc_root, distances_that_are_not_all_known_are_left_out) {
    test::machine_text text;
    text.initiators += R"(, {"name": "gi2", "kind": "generic_initiator", "node": 2})";
    text.targets = R"({"name": "node0", "kind": "dram", "state": "online", "node": 0, "size": 1},
                      {"name": "node1", "kind": "hbm", "state": "online", "node": 1, "size": 1})";
    text.distances = "[10, 20], [30, 20]";
    const file_tree tree = hwloc_root(text.read());
    EXPECT_EQ(find(tree, nodes + "node0/distance"), nullptr) << "node1 has no row";
}

TEST(hwloc_root, the_best_of_all_and_the_best_cpus) {
    test::machine_text text;
    text.initiators += R"(, {"name": "gi1", "kind": "generic_initiator", "node": 1})";
    text.targets = R"({"name": "node0", "kind": "dram", "state": "online", "node": 0, "size": 1},
                      {"name": "node1", "kind": "hbm", "state": "online", "node": 1, "size": 1})";
    text.figures = figures("hmat", "read_latency", "[80000, 200000], [90000, 50000]");
    text.distances = "[10, 20], [20, 10]";
    const file_tree tree = hwloc_root(text.read());
    EXPECT_EQ(content(tree, nodes + "node1/access0/initiators/read_latency"), "50\n");
    EXPECT_NE(find(tree, nodes + "node1/access0/initiators/node1"), nullptr);
    EXPECT_EQ(content(tree, nodes + "node1/access1/initiators/read_latency"), "200\n");
    EXPECT_NE(find(tree, nodes + "node1/access1/initiators/node0"), nullptr);
    EXPECT_EQ(content(tree, nodes + "node0/access0"), "access1");
}

TEST(hwloc_root, nodes_with_cpus_only_stay) {
    test::machine_text text;
    text.initiators += R"(, {"name": "node1", "kind": "cpu", "node": 1, "cpus": "4-7"})";
    text.targets = R"({"name": "node0", "kind": "dram", "state": "online", "node": 0, "size": 1})";
    text.distances = "[10], [20]";
    const file_tree tree = hwloc_root(text.read());
    EXPECT_EQ(content(tree, nodes + "online"), "0-1\n");
    EXPECT_EQ(content(tree, nodes + "has_memory"), "0\n");
    EXPECT_EQ(content(tree, nodes + "node1/cpumap"), "/sys/devices/system/node/node1/cpumap");
    EXPECT_EQ(content(tree, nodes + "node1/distance"), "/sys/devices/system/node/node1/distance");
}

TEST(hwloc_root, side_caches) {
    const file_tree tree = hwloc_root(test::three_memories());
    const std::string at = nodes + "node2/memory_side_cache/index1/";
    EXPECT_EQ(content(tree, at + "size"), "67108864\n");
    EXPECT_EQ(content(tree, at + "line_size"), "64\n");
    EXPECT_EQ(content(tree, at + "indexing"), "0\n");
    EXPECT_EQ(content(tree, at + "write_policy"), "0\n");
}

TEST(hwloc_root, a_kernel_without_nodes) {
    test::machine_text text;
    text.initiators = R"({"name": "cpus", "kind": "cpu", "cpus": "0-3"})";
    text.targets = R"({"name": "ram", "kind": "dram", "state": "online", "size": 4096})";
    const file_tree tree = hwloc_root(text.read());
    EXPECT_NE(find(tree, "proc"), nullptr);
    EXPECT_TRUE(std::none_of(tree.begin(), tree.end(), [](const tree_entry& entry) {
        return entry.path.starts_with(nodes);
    }));
}

// Both trees together, for a machine of 1024 nodes: what /run has to hold.
TEST(views, few_files_for_many_nodes) {
    const topology ordinary = test::many_nodes(1024);
    EXPECT_LT(inodes(hmem_tree(ordinary)), 30'000U);
    EXPECT_LT(inodes(hwloc_root(ordinary)), 20'000U);
    // Everybody is everybody's best initiator: 262,144 links, if each were one.
    const topology alike = test::many_nodes(512, [](std::size_t, std::size_t) { return 100U; });
    EXPECT_LT(inodes(hmem_tree(alike)), 30'000U);
    const file_tree root = hwloc_root(alike);
    EXPECT_LT(inodes(root), 20'000U);
    EXPECT_NE(find(root, nodes + "node300/access1/initiators/node300"), nullptr);
}

} // namespace
} // namespace hetmem::detail
