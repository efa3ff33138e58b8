#include "kernel/pci.hpp"

#include "tests/support/tree.hpp"

#include <gmock/gmock.h>

namespace hetmem::kernel {
namespace {

using testing::Eq;
using testing::Optional;

TEST(pci, node_of_a_device) {
    const test::tree files({{"sys/bus/pci/devices/0000:00:03.0/numa_node", "2\n"},
                            {"sys/bus/pci/devices/0000:00:04.0/numa_node", "-1\n"},
                            {"sys/bus/pci/numa_node", "7\n"}});
    const rooted_reader reader(files.root());
    EXPECT_THAT(pci_numa_node(reader, "0000:00:03.0"), Optional(2));
    EXPECT_TRUE(pci_device_exists(reader, "0000:00:03.0"));
    EXPECT_THAT(pci_numa_node(reader, "0000:00:04.0"), Eq(std::nullopt));
    EXPECT_TRUE(pci_device_exists(reader, "0000:00:04.0"));
    EXPECT_THAT(pci_numa_node(reader, "0000:00:05.0"), Eq(std::nullopt));
    EXPECT_FALSE(pci_device_exists(reader, "0000:00:05.0"));
    for (const char* wrong : {"", "..", ".", "0000:00:03.0/..", "../pci"}) {
        EXPECT_THAT(pci_numa_node(reader, wrong), Eq(std::nullopt)) << wrong;
        EXPECT_FALSE(pci_device_exists(reader, wrong)) << wrong;
    }
}

} // namespace
} // namespace hetmem::kernel
