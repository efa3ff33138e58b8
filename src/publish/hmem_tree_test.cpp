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
using testing::Each;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using kind = tree_entry::kind;

const tree_entry* find(const file_tree& tree, std::string_view path) {
    const auto found = std::find_if(tree.begin(), tree.end(),
                                    [&](const tree_entry& entry) { return entry.path == path; });
    return found == tree.end() ? nullptr : &*found;
}

/// What `cat` or `readlink` prints of it.
std::string content(const file_tree& tree, std::string_view path) {
    const tree_entry* const found = find(tree, path);
    return found == nullptr ? "(none)" : found->content;
}

TEST(hmem_tree, a_target_and_its_initiator) {
    const file_tree tree = hmem_tree(test::three_memories());
    EXPECT_EQ(content(tree, "mem_tgt2/firmware_id"), "7\n");
    EXPECT_EQ(content(tree, "mem_tgt2/is_cached"), "1\n");
    EXPECT_EQ(content(tree, "mem_tgt0/is_cached"), "0\n");
    EXPECT_EQ(content(tree, "mem_tgt2/is_isolated"), "0\n");
    EXPECT_EQ(content(tree, "mem_tgt2/is_enabled"), "1\n");
    EXPECT_EQ(content(tree, "mem_tgt1/kind"), "hbm\n");
    EXPECT_EQ(content(tree, "mem_tgt1/state"), "online\n");
    EXPECT_EQ(content(tree, "mem_tgt1/name"), "node1\n");
    EXPECT_EQ(content(tree, "mem_tgt1/size"), "268435456\n");
    const tree_entry* const node = find(tree, "mem_tgt1/node1");
    ASSERT_NE(node, nullptr);
    EXPECT_EQ(node->what, kind::link);
    EXPECT_EQ(node->content, "/sys/devices/system/node/node1");

    EXPECT_EQ(content(tree, "mem_init0/cpulist"), "0-3\n");
    EXPECT_EQ(content(tree, "mem_init0/cpu0"), "/sys/devices/system/cpu/cpu0");
    EXPECT_EQ(content(tree, "mem_init0/mem_tgt1"), "../mem_tgt1");
    EXPECT_EQ(content(tree, "generation"), "1\n");
}

TEST(hmem_tree, local_figures_are_whole_numbers_and_never_invented) {
    const file_tree tree = hmem_tree(test::three_memories());
    EXPECT_EQ(content(tree, "mem_tgt1/local_init/read_lat_nsec"), "120\n");
    EXPECT_EQ(content(tree, "mem_tgt1/local_init/read_bw_MBps"), "409600\n");
    EXPECT_EQ(content(tree, "mem_tgt1/local_init/mem_init0"), "../../mem_init0");
    EXPECT_EQ(content(tree, "mem_tgt1/local_init/mem_tgt1"), "../../mem_tgt1");
    // Rounded as the kernel rounds.
    EXPECT_EQ(content(tree, "mem_tgt2/local_init/read_lat_nsec"), "301\n");
    EXPECT_EQ(find(tree, "mem_tgt2/local_init/write_lat_nsec"), nullptr);
    EXPECT_EQ(find(tree, "mem_tgt1/local_init/write_bw_MBps"), nullptr);
}

TEST(hmem_tree, every_pair_with_its_sources) {
    const file_tree tree = hmem_tree(test::three_memories());
    EXPECT_EQ(content(tree, "mem_tgt0/access"),
              "initiators read_lat_nsec from write_lat_nsec from read_bw_MBps from write_bw_MBps "
              "from distance\n"
              "0 80 hmat 80 hmat 102400 hmat 96000 sysfs 10\n");
    EXPECT_THAT(content(tree, "mem_tgt2/access"), EndsWith("0 300.5 hmat - - 30000 hmat - - 30\n"));
}

TEST(hmem_tree, initiators_that_are_alike_are_one_row) {
    const file_tree tree = hmem_tree(test::many_nodes(8));
    EXPECT_THAT(content(tree, "mem_tgt2/access"), EndsWith("distance\n"
                                                           "0-1,3 120 hmat - - - - - - 20\n"
                                                           "2 80 hmat - - - - - - 10\n"
                                                           "4-7 200 hmat - - - - - - 20\n"));
}

TEST(hmem_tree, all_equally_fast_initiators_are_local) {
    const auto alike = [](std::size_t i, std::size_t t) { return (i + t) % 2 == 0 ? 80U : 90U; };
    const file_tree tree = hmem_tree(test::many_nodes(4, alike));
    EXPECT_NE(find(tree, "mem_tgt1/local_init/mem_init1"), nullptr);
    EXPECT_NE(find(tree, "mem_tgt1/local_init/mem_init3"), nullptr);
    EXPECT_EQ(find(tree, "mem_tgt1/local_init/mem_init2"), nullptr);
    EXPECT_NE(find(tree, "mem_init3/mem_tgt1"), nullptr);
}

TEST(hmem_tree, what_is_not_ordinary_memory) {
    const file_tree tree = hmem_tree(test::odd_memories());
    // A dax device is called after the node that it would become, which is not there yet.
    EXPECT_EQ(content(tree, "mem_tgt3/name"), "dax0.0\n");
    EXPECT_EQ(content(tree, "mem_tgt3/state"), "reserved\n");
    EXPECT_EQ(content(tree, "mem_tgt3/is_isolated"), "1\n");
    EXPECT_EQ(content(tree, "mem_tgt3/reserved_reason"), "device-dax\n");
    EXPECT_EQ(find(tree, "mem_tgt3/node3"), nullptr);
    // One without any node after itself.
    EXPECT_EQ(content(tree, "mem_tgt_mem0/state"), "offline\n");
    EXPECT_EQ(find(tree, "mem_tgt_mem0/firmware_id"), nullptr);
    EXPECT_EQ(find(tree, "mem_tgt_mem0/is_enabled"), nullptr) << "no firmware described it";
    EXPECT_EQ(content(tree, "mem_tgt_node4/firmware_id"), "9\n");
    EXPECT_EQ(content(tree, "mem_init2/device"), "pci 0000:00:03.0\n");
    EXPECT_EQ(find(tree, "mem_init2/cpulist"), nullptr);
    EXPECT_THAT(content(tree, "mem_tgt3/access"),
                EndsWith("0 120 hmat 130.7 measured - - - - 20\n2 90 hmat - - - - - - 10\n"));
    EXPECT_EQ(content(tree, "mem_tgt3/local_init/mem_init2"), "../../mem_init2");
    EXPECT_THAT(content(tree, "mem_tgt_node4/access"),
                EndsWith("0,2 unreachable hmat - - - - - - -\n"));
    EXPECT_EQ(find(tree, "mem_tgt_node4/local_init/mem_tgt_node4"), nullptr);
}

TEST(hmem_tree, several_that_would_become_one_node_go_by_their_names) {
    test::machine_text text;
    text.targets = R"({"name": "node1", "kind": "dram", "state": "online", "node": 1, "size": 4096},
        {"name": "pxm7", "kind": "dram", "state": "absent", "node": 1, "pxm": 7, "size": 4096},
        {"name": "dax0.0", "kind": "hbm", "state": "reserved", "node": 2, "size": 4096},
        {"name": "dax0.1", "kind": "hbm", "state": "reserved", "node": 2, "size": 4096})";
    text.distances = "[null, null, null, null]";
    const file_tree tree = hmem_tree(text.read());
    EXPECT_EQ(content(tree, "mem_tgt1/name"), "node1\n");
    EXPECT_EQ(content(tree, "mem_tgt_pxm7/name"), "pxm7\n");
    EXPECT_EQ(content(tree, "mem_tgt_dax0.0/name"), "dax0.0\n");
    EXPECT_EQ(content(tree, "mem_tgt_dax0.1/name"), "dax0.1\n");
    EXPECT_EQ(find(tree, "mem_tgt1/local_init/read_lat_nsec"), nullptr) << "nothing is known";
}

TEST(hmem_tree, physical_addresses_are_for_root) {
    test::machine_text text;
    text.targets = R"({"name": "node0", "kind": "dram", "state": "online", "node": 0, "pxm": 0,
        "size": 3221225472, "ranges": [{"base": 0, "length": 2147483648},
                                       {"base": 4294967296, "length": 1073741824}]})";
    const file_tree tree = hmem_tree(text.read());
    EXPECT_EQ(content(tree, "mem_tgt0/phys_addr_base"), "0x0\n0x100000000\n");
    EXPECT_EQ(content(tree, "mem_tgt0/phys_length_bytes"), "0x80000000\n0x40000000\n");
    for (const tree_entry& entry : tree) {
        EXPECT_EQ(entry.mode == 0400, entry.path.find("phys_") != std::string::npos) << entry.path;
    }
    EXPECT_EQ(find(hmem_tree(test::three_memories()), "mem_tgt0/phys_addr_base"), nullptr);
}

TEST(hmem_tree, names_from_elsewhere_do_not_leave_the_tree) {
    const file_tree tree = hmem_tree(test::hostile_machine());
    std::set<std::string> paths;
    for (const tree_entry& entry : tree) {
        EXPECT_TRUE(paths.insert(entry.path).second) << entry.path << " twice";
        EXPECT_THAT(entry.path, testing::MatchesRegex("[a-zA-Z0-9._:/-]+"));
        EXPECT_THAT(entry.path, Not(HasSubstr("..")));
        if (entry.what == kind::file && !entry.path.ends_with("/access")) {
            EXPECT_EQ(std::count(entry.content.begin(), entry.content.end(), '\n'), 1);
        }
    }
    test::machine_text text;
    text.targets = R"({"name": "../../etc/x", "kind": "dram", "state": "absent", "size": 1},
                      {"name": ".._..:etc/x", "kind": "dram", "state": "absent", "size": 1},
                      {"name": "..", "kind": "dram", "state": "absent", "size": 1})";
    text.distances = "[null, null, null]";
    for (const tree_entry& entry : hmem_tree(text.read())) {
        EXPECT_THAT(entry.path, Not(HasSubstr("/../")));
        EXPECT_THAT(entry.path, Not(StartsWith("..")));
    }
}

} // namespace
} // namespace hetmem::detail
