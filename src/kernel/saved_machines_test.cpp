// Real machines, where they are at hand: what other tools know of them is what we must read.

#include "kernel/cpu.hpp"
#include "kernel/dax.hpp"
#include "kernel/gpu_node.hpp"
#include "kernel/machine.hpp"
#include "kernel/memory_block.hpp"
#include "kernel/node.hpp"

#include "tests/support/saved_machines.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace hetmem::kernel {
namespace {

using test::saved_machine;
using testing::Each;
using testing::ElementsAre;
using testing::Optional;
using testing::SizeIs;

std::vector<unsigned> numbers(const node_list& list) {
    std::vector<unsigned> all;
    for (const node& one : list.nodes) {
        all.push_back(one.number);
    }
    return all;
}

TEST(saved_machines, knights_landing_in_hybrid_mode) {
    const saved_machine saved("64intel64-fakeKNL-SNC4-hybrid");
    if (!saved) {
        GTEST_SKIP() << saved.why_not();
    }
    const rooted_reader reader(saved.root());
    const node_list list = read_nodes(reader);
    EXPECT_THAT(numbers(list), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
    // Only masks were saved. The first four have the processors, the others are the fast memory.
    EXPECT_FALSE(list.nodes[0].cpus.empty());
    EXPECT_TRUE(list.nodes[4].cpus.empty());
    EXPECT_THAT(list.distance(0, 0), Optional(10U));
    EXPECT_EQ(read_machine(reader).architecture, "x86_64");
}

TEST(saved_machines, gpus_as_nodes) {
    const saved_machine saved("nvidiagpunumanodes");
    if (!saved) {
        GTEST_SKIP() << saved.why_not();
    }
    const rooted_reader reader(saved.root());
    const node_list list = read_nodes(reader);
    EXPECT_THAT(numbers(list), ElementsAre(0, 8, 250, 251, 252, 253, 254, 255));
    EXPECT_THAT(list.distance(8, 255), Optional(80U));
    const std::vector<gpu_node> gpus = read_gpu_nodes(reader);
    ASSERT_THAT(gpus, SizeIs(6));
    EXPECT_EQ(gpus.front().node, 250U);
    EXPECT_EQ(gpus.back().status, "online");
    EXPECT_EQ(read_cpu_model(reader).name, "POWER9, altivec supported");
    EXPECT_THAT(read_packages(reader, read_online_cpus(reader).value()), SizeIs(2));
}

TEST(saved_machines, four_tiers_with_dax) {
    const saved_machine saved("fakeheteromemtiers");
    if (!saved) {
        GTEST_SKIP() << saved.why_not();
    }
    const rooted_reader reader(saved.root());
    const node_list list = read_nodes(reader);
    EXPECT_THAT(numbers(list), ElementsAre(0, 1, 2, 4, 6, 8, 9));
    const node* const first = list.find(0);
    ASSERT_TRUE(first != nullptr && first->access1);
    EXPECT_THAT(first->access1->initiators, ElementsAre(0));
    EXPECT_TRUE(first->access1->read_bandwidth_mb);
    EXPECT_THAT(first->memory_blocks, SizeIs(24));

    const std::vector<dax_device> devices = read_dax_devices(reader);
    ASSERT_THAT(devices, SizeIs(8));
    EXPECT_EQ(devices[0].name, "dax0.0");
    EXPECT_EQ(devices[0].driver, "device_dax");
    EXPECT_THAT(devices[0].target_node, Optional(3));
    EXPECT_EQ(devices[0].device_path, "sys/devices/platform/hmem.0/dax0.0");
    EXPECT_EQ(devices[4].device_path,
              "sys/devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0012:00/ndbus0/region5/dax5.1/dax5.0");
    EXPECT_EQ(devices[4].driver, "kmem");
    // Neither states nor zones were saved: nothing is claimed unless the memory itself proves it.
    const memory_blocks blocks = read_memory_blocks(reader, list.nodes);
    EXPECT_THAT(blocks.online, Each(testing::Eq(std::nullopt)));
}

TEST(saved_machines, one_memory_for_cpu_and_gpu) {
    const saved_machine saved("nvidia-dgx-gb10");
    if (!saved) {
        GTEST_SKIP() << saved.why_not();
    }
    const rooted_reader reader(saved.root());
    const node_list list = read_nodes(reader);
    ASSERT_THAT(numbers(list), ElementsAre(0));
    EXPECT_EQ(list.nodes[0].cpus.to_string(), "0-19");
    EXPECT_EQ(read_machine(reader).architecture, "aarch64");
    EXPECT_EQ(read_machine(reader).kernel_release, "6.17.0-1014-nvidia");
    const cpu_model model = read_cpu_model(reader);
    EXPECT_EQ(model.vendor, "0x41");
    EXPECT_THAT(model.part, Optional(0xd87U));
}

TEST(saved_machines, links_by_hand_find_the_same) {
    const saved_machine saved("fakeheteromemtiers");
    if (!saved) {
        GTEST_SKIP() << saved.why_not();
    }
    const rooted_reader by_kernel(saved.root());
    const rooted_reader by_hand(saved.root(), link_resolution::by_hand);
    const node_list a = read_nodes(by_kernel);
    const node_list b = read_nodes(by_hand);
    ASSERT_EQ(numbers(a), numbers(b));
    for (std::size_t i = 0; i < a.nodes.size(); ++i) {
        EXPECT_EQ(a.nodes[i].cpus, b.nodes[i].cpus);
        EXPECT_EQ(a.nodes[i].total_bytes, b.nodes[i].total_bytes);
        EXPECT_EQ(a.nodes[i].distances, b.nodes[i].distances);
        EXPECT_EQ(a.nodes[i].memory_blocks, b.nodes[i].memory_blocks);
    }
    const std::vector<dax_device> x = read_dax_devices(by_kernel);
    const std::vector<dax_device> y = read_dax_devices(by_hand);
    ASSERT_EQ(x.size(), y.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
        EXPECT_EQ(x[i].size_bytes, y[i].size_bytes);
        EXPECT_EQ(x[i].driver, y[i].driver);
        EXPECT_EQ(x[i].device_path, y[i].device_path);
    }
}

} // namespace
} // namespace hetmem::kernel
