#include "kernel/cxl.hpp"

#include "tests/support/tree.hpp"

#include <gmock/gmock.h>

#include <string>

namespace hetmem::kernel {
namespace {

using test::tree;
using testing::ElementsAre;
using testing::Eq;
using testing::IsEmpty;
using testing::Optional;
using testing::SizeIs;

const std::string bus = "sys/bus/cxl/devices/";

cxl_devices devices_of(const tree& files) {
    return read_cxl_devices(rooted_reader(files.root()));
}

TEST(cxl, a_region_interleaved_over_two_devices) {
    tree files({
        {bus + "mem0/ram/size", "0x10000000\n"},
        {bus + "mem0/pmem/size", "0x0\n"},
        {bus + "mem0/numa_node", "1\n"},
        {bus + "mem0/serial", "0xc0ffee\n"},
        {bus + "mem1/ram/size", "0x10000000\n"},
        {bus + "endpoint3/CDAT", std::string("\x01\x02\x00\x03", 4)},
        {bus + "endpoint12/devtype", "cxl_endpoint\n"},
        {bus + "port1/devtype", "cxl_port\n"},
        {bus + "region0/size", "0x20000000\n"},
        {bus + "region0/resource", "0x490000000\n"},
        {bus + "region0/mode", "ram\n"},
        {bus + "region0/target0", "decoder12.0\n"},
        {bus + "region0/target1", "decoder3.0\n"},
        {bus + "region0/target2", "\n"},
        {bus + "region0/access0/read_latency", "250\n"},
        {bus + "region0/access0/write_latency", "260\n"},
        {bus + "region0/access0/read_bandwidth", "30000\n"},
        {bus + "region0/access0/write_bandwidth", "20000\n"},
        {bus + "region0/dax_region0/dax1.0/size", "1\n"},
        {bus + "region0/dax_region0/dax_region/seed", "\n"},
    });
    files.link(bus + "endpoint3/uport", "../../../../pci0000:0c/mem0");
    files.link(bus + "endpoint12/uport", "../mem1");

    const cxl_devices found = devices_of(files);
    ASSERT_THAT(found.memdevs, SizeIs(2));
    EXPECT_EQ(found.memdevs[0].name, "mem0");
    EXPECT_THAT(found.memdevs[0].ram_bytes, Optional(0x10000000U));
    EXPECT_THAT(found.memdevs[0].pmem_bytes, Optional(0U));
    EXPECT_THAT(found.memdevs[0].numa_node, Optional(1));
    EXPECT_THAT(found.memdevs[1].numa_node, Eq(std::nullopt));
    EXPECT_EQ(found.memdevs[0].device_path, "sys/bus/cxl/devices/mem0");

    ASSERT_THAT(found.endpoints, SizeIs(2));
    EXPECT_EQ(found.endpoints[0].name, "endpoint3");
    EXPECT_EQ(found.endpoints[0].memdev, "mem0");
    EXPECT_TRUE(found.endpoints[0].cdat_read);
    EXPECT_THAT(found.endpoints[0].cdat,
                ElementsAre(std::byte{1}, std::byte{2}, std::byte{0}, std::byte{3}));
    EXPECT_EQ(found.endpoints[1].memdev, "mem1");
    EXPECT_TRUE(found.endpoints[1].cdat_read.absent());

    ASSERT_THAT(found.regions, SizeIs(1));
    const cxl_region& region = found.regions[0];
    EXPECT_THAT(region.size_bytes, Optional(0x20000000U));
    EXPECT_THAT(region.resource, Optional(0x490000000U));
    EXPECT_EQ(region.mode, "ram");
    EXPECT_THAT(region.targets, ElementsAre("decoder12.0", "decoder3.0"));
    EXPECT_THAT(region.memdevs, ElementsAre("mem1", "mem0"));
    EXPECT_THAT(region.dax_devices, ElementsAre("dax1.0"));
    ASSERT_TRUE(region.access0);
    EXPECT_THAT(region.access0->read_latency_ns, Optional(250U));
    EXPECT_THAT(region.access0->write_latency_ns, Optional(260U));
    EXPECT_THAT(region.access0->read_bandwidth_mb, Optional(30000U));
    EXPECT_THAT(region.access0->write_bandwidth_mb, Optional(20000U));
    EXPECT_FALSE(region.access1);
}

TEST(cxl, a_cdat_that_may_not_be_read) {
    tree files({{bus + "endpoint2/CDAT", "x"}});
    files.forbid(bus + "endpoint2/CDAT");
    const test::ordinary_user user;
    const cxl_devices found = devices_of(files);
    ASSERT_THAT(found.endpoints, SizeIs(1));
    EXPECT_TRUE(found.endpoints[0].cdat_read.not_permitted());
    EXPECT_THAT(found.endpoints[0].cdat, IsEmpty());
}

TEST(cxl, none_and_garbage) {
    const cxl_devices none = devices_of(tree());
    EXPECT_THAT(none.memdevs, IsEmpty());
    tree files({
        {bus + "memX/ram/size", "1"},
        {bus + "region0/target0", "decoder\n"},
        {bus + "region0/target1", "../../etc\n"},
        {bus + "region0/target4000000000", "decoder1.0\n"},
        {bus + "region0/size", "0xffffffffffffffffff\n"},
        {bus + "region0/access0", "a file"},
        {bus + "region0/dax_region0", "a file"},
    });
    files.link(bus + "endpoint0/uport", "../port1");
    // Far larger than any CDAT.
    files.write(bus + "endpoint0/CDAT", "");
    std::filesystem::resize_file(files.root() / (bus + "endpoint0/CDAT"), std::uintmax_t{1} << 36);
    const cxl_devices found = devices_of(files);
    EXPECT_THAT(found.memdevs, IsEmpty());
    ASSERT_THAT(found.endpoints, SizeIs(1));
    EXPECT_EQ(found.endpoints[0].memdev, "");
    EXPECT_EQ(found.endpoints[0].cdat_read.errno_value, EFBIG);
    ASSERT_THAT(found.regions, SizeIs(1));
    EXPECT_THAT(found.regions[0].memdevs, IsEmpty());
    EXPECT_THAT(found.regions[0].targets, SizeIs(2));
    EXPECT_FALSE(found.regions[0].size_bytes);
    EXPECT_FALSE(found.regions[0].access0);
}

} // namespace
} // namespace hetmem::kernel
