#include "kernel/gpu_node.hpp"

#include "tests/support/tree.hpp"

#include <gmock/gmock.h>

#include <string>

namespace hetmem::kernel {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

TEST(gpu_node, memory_of_gpus) {
    const std::string place = "proc/driver/nvidia/gpus/";
    const test::tree files({
        {place + "0035:04:00.0/numa_status",
         "Node:      255\nStatus:    online\nAddress:   40000000000\nSize:      3f0000000\n"},
        {place + "0004:04:00.0/numa_status", "Node:      250\nStatus:    offline\n"},
        {place + "0004:05:00.0/numa_status", "Node:      -1\nStatus:    disabled\n"},
        {place + "0004:06:00.0/information", "Model: x\n"},
        {place + "0004:07:00.0/numa_status", "garbage\n:\nNode\n"},
    });
    const auto found = read_gpu_nodes(rooted_reader(files.root()));
    ASSERT_THAT(found, SizeIs(2));
    EXPECT_EQ(found[0].node, 250U);
    EXPECT_EQ(found[0].pci_address, "0004:04:00.0");
    EXPECT_EQ(found[0].status, "offline");
    EXPECT_EQ(found[1].node, 255U);
    EXPECT_EQ(found[1].pci_address, "0035:04:00.0");
    EXPECT_THAT(read_gpu_nodes(rooted_reader(test::tree().root())), IsEmpty());
}

} // namespace
} // namespace hetmem::kernel
