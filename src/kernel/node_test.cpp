#include "kernel/node.hpp"

#include "tests/support/tree.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace hetmem::kernel {
namespace {

using test::tree;
using testing::ElementsAre;
using testing::Eq;
using testing::IsEmpty;
using testing::Optional;
using testing::SizeIs;

constexpr std::uint64_t kib = 1024;

std::string node_path(unsigned number, const std::string& file) {
    return "sys/devices/system/node/node" + std::to_string(number) + "/" + file;
}

node_list nodes_of(const tree& files) {
    return read_nodes(rooted_reader(files.root()));
}

TEST(node, a_machine_with_a_fast_and_a_large_memory) {
    tree files({
        {"sys/devices/system/node/online", "0-1\n"},
        {"sys/devices/system/node/possible", "0-7\n"},
        {"sys/devices/system/node/has_cpu", "0\n"},
        {"sys/devices/system/node/has_memory", "0-1\n"},
        {"sys/devices/system/node/has_generic_initiator", "\n"},
        {node_path(0, "cpulist"), "0-3\n"},
        {node_path(0, "meminfo"), "Node 0 MemTotal:       1024 kB\nNode 0 MemFree:        512 kB\n"
                                  "Node 0 MemUsed:        512 kB\n"},
        {node_path(0, "distance"), "10 15\n"},
        {node_path(0, "access0/initiators/read_latency"), "100\n"},
        {node_path(0, "memory0/valid_zones"), "none\n"},
        {node_path(0, "memory32/valid_zones"), "none\n"},
        {node_path(0, "memory5/valid_zones"), "none\n"},
        {node_path(0, "hugepages/hugepages-1048576kB/nr_hugepages"), "0\n"},
        {node_path(0, "hugepages/hugepages-1048576kB/free_hugepages"), "0\n"},
        {node_path(0, "hugepages/hugepages-2048kB/nr_hugepages"), "12\n"},
        {node_path(0, "hugepages/hugepages-2048kB/free_hugepages"), "7\n"},
        {node_path(1, "cpulist"), "\n"},
        {node_path(1, "meminfo"), "Node 1 MemTotal: 2048 kB\nNode 1 MemFree: 2000 kB\n"},
        {node_path(1, "distance"), "15 10\n"},
        {node_path(1, "access0/initiators/read_latency"), "120\n"},
        {node_path(1, "access0/initiators/write_latency"), "130\n"},
        {node_path(1, "access0/initiators/read_bandwidth"), "409600\n"},
        {node_path(1, "access0/initiators/write_bandwidth"), "0\n"},
        {node_path(1, "access1/initiators/read_latency"), "121\n"},
        {node_path(1, "memory_side_cache/index2/size"), "67108864\n"},
        {node_path(1, "memory_side_cache/index1/size"), "4096\n"},
        {node_path(1, "memory_side_cache/index1/line_size"), "64\n"},
        {node_path(1, "memory_side_cache/index1/indexing"), "0\n"},
        {node_path(1, "memory_side_cache/index1/write_policy"), "1\n"},
        {node_path(1, "memory_side_cache/index1/address_mode"), "1\n"},
    });
    files.link(node_path(1, "access0/initiators/node0"), "../../../node0");
    files.link(node_path(1, "access0/initiators/node4"), "../../../node4");

    const node_list list = nodes_of(files);
    EXPECT_TRUE(list.listed);
    EXPECT_EQ(list.online->to_string(), "0-1");
    EXPECT_EQ(list.possible->to_string(), "0-7");
    EXPECT_EQ(list.has_cpu->to_string(), "0");
    EXPECT_TRUE(list.has_generic_initiator->empty());
    ASSERT_THAT(list.nodes, SizeIs(2));

    const node& near = list.nodes[0];
    EXPECT_EQ(near.number, 0U);
    EXPECT_EQ(near.cpus.to_string(), "0-3");
    EXPECT_THAT(near.total_bytes, Optional(1024 * kib));
    EXPECT_THAT(near.free_bytes, Optional(512 * kib));
    EXPECT_THAT(near.memory_blocks, ElementsAre(0, 5, 32));
    ASSERT_THAT(near.huge_pages, SizeIs(2));
    EXPECT_EQ(near.huge_pages[0].page_bytes, 2048 * kib);
    EXPECT_EQ(near.huge_pages[0].total, 12U);
    EXPECT_EQ(near.huge_pages[0].free, 7U);
    EXPECT_EQ(near.huge_pages[1].page_bytes, 1048576 * kib);
    EXPECT_EQ(near.huge_pages[1].total, 0U);
    EXPECT_FALSE(near.access1);
    EXPECT_THAT(near.caches, IsEmpty());

    const node& fast = list.nodes[1];
    EXPECT_TRUE(fast.cpus.empty());
    ASSERT_TRUE(fast.access0);
    EXPECT_THAT(fast.access0->initiators, ElementsAre(0, 4));
    EXPECT_THAT(fast.access0->read_latency_ns, Optional(120U));
    EXPECT_THAT(fast.access0->write_latency_ns, Optional(130U));
    EXPECT_THAT(fast.access0->read_bandwidth_mb, Optional(409600U));
    EXPECT_THAT(fast.access0->write_bandwidth_mb, Optional(0U)) << "0 is not made into nothing";
    ASSERT_TRUE(fast.access1);
    EXPECT_THAT(fast.access1->read_latency_ns, Optional(121U));
    EXPECT_THAT(fast.access1->write_latency_ns, Eq(std::nullopt));
    ASSERT_THAT(fast.caches, SizeIs(2));
    EXPECT_EQ(fast.caches[0].level, 1U);
    EXPECT_THAT(fast.caches[0].size_bytes, Optional(4096U));
    EXPECT_THAT(fast.caches[0].line_size_bytes, Optional(64U));
    EXPECT_THAT(fast.caches[0].indexing, Optional(0U));
    EXPECT_THAT(fast.caches[0].write_policy, Optional(1U));
    EXPECT_THAT(fast.caches[0].address_mode, Optional(1U));
    EXPECT_EQ(fast.caches[1].level, 2U);
    EXPECT_THAT(fast.caches[1].address_mode, Eq(std::nullopt)) << "kernels before 6.15";

    EXPECT_THAT(list.distance(0, 1), Optional(15U));
    EXPECT_THAT(list.distance(1, 1), Optional(10U));
    EXPECT_THAT(list.distance(0, 2), Eq(std::nullopt));
    EXPECT_THAT(list.distance(2, 0), Eq(std::nullopt));
    EXPECT_EQ(list.find(2), nullptr);
}

TEST(node, distances_speak_of_online_nodes_however_sparse) {
    tree files({
        {"sys/devices/system/node/online", "0,8,250-251\n"},
        {node_path(0, "distance"), "10 40 80 81\n"},
        {node_path(8, "distance"), "40 10 82 83\n"},
        {node_path(250, "distance"), "80 82 10 84\n"},
        {node_path(251, "distance"), "81 83 84 10\n"},
        {node_path(9, "cpulist"), "\n"}, // a directory of a node that is not online
    });
    const node_list list = nodes_of(files);
    EXPECT_THAT(list.distance_columns, ElementsAre(0, 8, 250, 251));
    EXPECT_THAT(list.distance(8, 250), Optional(82U));
    EXPECT_THAT(list.distance(251, 0), Optional(81U));
    EXPECT_THAT(list.distance(0, 9), Eq(std::nullopt));
    EXPECT_THAT(list.distance(9, 0), Eq(std::nullopt));
}

TEST(node, a_copy_without_the_list_of_online_nodes) {
    const tree files({
        {node_path(0, "cpumap"), "00000000,00000003\n"},
        {node_path(0, "distance"), "10 20\n"},
        {node_path(3, "cpumap"), "00000001,00000000\n"},
        {node_path(3, "distance"), "20 10\n"},
    });
    const node_list list = nodes_of(files);
    EXPECT_FALSE(list.online);
    ASSERT_THAT(list.nodes, SizeIs(2));
    EXPECT_EQ(list.nodes[0].cpus.to_string(), "0-1");
    EXPECT_EQ(list.nodes[1].cpus.to_string(), "32");
    EXPECT_THAT(list.distance(0, 3), Optional(20U));
}

TEST(node, a_row_that_does_not_fit_is_left_out) {
    const tree files({
        {"sys/devices/system/node/online", "0-1\n"},
        {node_path(0, "distance"), "10 20\n"},
        {node_path(1, "distance"), "20 ten\n"},
    });
    const node_list list = nodes_of(files);
    EXPECT_THAT(list.distance(0, 1), Optional(20U));
    EXPECT_THAT(list.distance(1, 0), Eq(std::nullopt));

    const tree large({
        {"sys/devices/system/node/online", "0\n"},
        {node_path(0, "distance"), "256\n"},
    });
    EXPECT_THAT(nodes_of(large).distance(0, 0), Eq(std::nullopt));
}

TEST(node, garbage_is_skipped) {
    tree files({
        {"sys/devices/system/node/online", "all of them\n"},
        {"sys/devices/system/node/nodeX/cpulist", "0\n"},
        {"sys/devices/system/node/node99999999/cpulist", "0\n"},
        {"sys/devices/system/node/node99999/cpulist", "0\n"},
        {"sys/devices/system/node/node3", "a file, not a directory"},
        {node_path(1, "cpulist"), "5-2\n"},
        {node_path(1, "meminfo"), "Node 1 MemTotal: 99999999999999999999 kB\n"
                                  "Node 1 MemFree: 18446744073709551615 kB\n:::\n\0\n"},
        {node_path(1, "access0"), "a file"},
        {node_path(1, "access1/initiators/read_latency"), "-5\n"},
        {node_path(1, "access1/initiators/nodeabc"), ""},
        {node_path(1, "memory_side_cache/index1"), "a file"},
        {node_path(1, "memory_side_cache/index99999999999/size"), "1"},
        {node_path(1, "hugepages/hugepages-kB/nr_hugepages"), "1\n"},
        {node_path(1, "hugepages/hugepages-99999999999999999999kB/nr_hugepages"), "1\n"},
        {node_path(1, "hugepages/hugepages-18014398509481984kB/nr_hugepages"), "1\n"},
        {node_path(1, "hugepages/hugepages-64kB/nr_hugepages"), "many\n"},
        {node_path(1, "memory99999999999/state"), "online"},
    });
    files.make_directory(node_path(1, "distance"));
    const node_list list = nodes_of(files);
    EXPECT_FALSE(list.online);
    ASSERT_THAT(list.nodes, SizeIs(1));
    const node& one = list.nodes[0];
    EXPECT_TRUE(one.cpus.empty());
    EXPECT_FALSE(one.total_bytes);
    EXPECT_FALSE(one.free_bytes);
    EXPECT_FALSE(one.access0);
    ASSERT_TRUE(one.access1);
    EXPECT_FALSE(one.access1->read_latency_ns);
    EXPECT_THAT(one.access1->initiators, IsEmpty());
    EXPECT_THAT(one.caches, IsEmpty());
    EXPECT_THAT(one.huge_pages, IsEmpty());
    EXPECT_THAT(one.memory_blocks, IsEmpty());
}

TEST(node, no_nodes_at_all) {
    const tree files(
        {{"proc/meminfo", "MemTotal:        2048 kB\nMemFree:   1 kB\nBuffers: 0 kB\n"}});
    const rooted_reader reader(files.root());
    const node_list list = read_nodes(reader);
    EXPECT_TRUE(list.listed.absent());
    EXPECT_THAT(list.nodes, IsEmpty());
    const memory_totals totals = read_memory_totals(reader);
    EXPECT_THAT(totals.total_bytes, Optional(2048 * kib));
    EXPECT_THAT(totals.free_bytes, Optional(1 * kib));
    const tree empty;
    EXPECT_FALSE(read_memory_totals(rooted_reader(empty.root())).total_bytes);
}

TEST(node, this_machine_has_its_memory) {
    const rooted_reader reader("/");
    const node_list list = read_nodes(reader);
    if (list.listed.absent()) {
        GTEST_SKIP() << "this kernel has no NUMA nodes";
    }
    std::uint64_t sum = 0;
    for (const node& one : list.nodes) {
        sum += one.total_bytes.value_or(0);
        EXPECT_LE(one.free_bytes.value_or(0), one.total_bytes.value_or(0));
        EXPECT_THAT(list.distance(one.number, one.number), Optional(10U));
    }
    // The two totals differ where memory was ballooned away or is being onlined.
    EXPECT_GT(sum, 0U);
    EXPECT_GT(read_memory_totals(reader).total_bytes.value_or(0), 0U);
}

} // namespace
} // namespace hetmem::kernel
