#include "kernel/dax.hpp"

#include "tests/support/tree.hpp"

#include <gmock/gmock.h>

namespace hetmem::kernel {
namespace {

using test::tree;
using testing::Eq;
using testing::IsEmpty;
using testing::Optional;
using testing::SizeIs;

std::vector<dax_device> devices_of(const tree& files) {
    return read_dax_devices(rooted_reader(files.root()));
}

TEST(dax, soft_reserved_memory_and_a_persistent_one) {
    tree files({
        {"sys/devices/platform/hmem.1/dax1.0/size", "536870912\n"},
        {"sys/devices/platform/hmem.1/dax1.0/align", "2097152\n"},
        {"sys/devices/platform/hmem.1/dax1.0/target_node", "3\n"},
        {"sys/devices/platform/hmem.1/dax1.0/numa_node", "0\n"},
        {"sys/devices/platform/hmem.1/dax1.0/resource", "0x140000000\n"},
        {"sys/devices/ACPI0012:00/ndbus0/region0/dax10.1/dax10.0/size", "1024\n"},
        {"sys/devices/ACPI0012:00/ndbus0/region0/dax10.1/dax10.0/numa_node", "-1\n"},
        {"sys/bus/dax/drivers/kmem/new_id", ""},
    });
    files.link("sys/bus/dax/devices/dax10.0",
               "../../../devices/ACPI0012:00/ndbus0/region0/dax10.1/dax10.0");
    files.link("sys/bus/dax/devices/dax1.0", "../../../devices/platform/hmem.1/dax1.0");
    files.link("sys/devices/platform/hmem.1/dax1.0/driver", "../../../../bus/dax/drivers/kmem");

    const std::vector<dax_device> found = devices_of(files);
    ASSERT_THAT(found, SizeIs(2));
    EXPECT_EQ(found[0].name, "dax1.0");
    EXPECT_THAT(found[0].size_bytes, Optional(536870912U));
    EXPECT_THAT(found[0].align_bytes, Optional(2097152U));
    EXPECT_THAT(found[0].target_node, Optional(3));
    EXPECT_THAT(found[0].numa_node, Optional(0));
    EXPECT_THAT(found[0].resource, Optional(0x140000000U));
    EXPECT_FALSE(found[0].resource_hidden);
    EXPECT_EQ(found[0].driver, "kmem");
    EXPECT_EQ(found[0].device_path, "sys/devices/platform/hmem.1/dax1.0");

    EXPECT_EQ(found[1].name, "dax10.0");
    EXPECT_THAT(found[1].numa_node, Eq(std::nullopt)) << "-1 is no node";
    EXPECT_THAT(found[1].target_node, Eq(std::nullopt));
    EXPECT_THAT(found[1].resource, Eq(std::nullopt));
    EXPECT_EQ(found[1].driver, "");
    EXPECT_EQ(found[1].device_path, "sys/devices/ACPI0012:00/ndbus0/region0/dax10.1/dax10.0");
}

TEST(dax, an_address_that_may_not_be_read_is_hidden_not_absent) {
    tree files({{"sys/bus/dax/devices/dax0.0/resource", "0x40000000\n"},
                {"sys/bus/dax/devices/dax0.0/size", "4096\n"}});
    files.forbid("sys/bus/dax/devices/dax0.0/resource");
    const test::ordinary_user user;
    const std::vector<dax_device> found = devices_of(files);
    ASSERT_THAT(found, SizeIs(1));
    EXPECT_TRUE(found[0].resource_hidden);
    EXPECT_THAT(found[0].size_bytes, Optional(4096U));
}

TEST(dax, the_class_of_old_kernels) {
    tree files({{"sys/devices/ndbus0/dax0.1/dax/dax0.0/size", "4096\n"}});
    files.link("sys/class/dax/dax0.0", "../../devices/ndbus0/dax0.1/dax/dax0.0");
    const std::vector<dax_device> found = devices_of(files);
    ASSERT_THAT(found, SizeIs(1));
    EXPECT_EQ(found[0].device_path, "sys/devices/ndbus0/dax0.1/dax/dax0.0");
}

TEST(dax, none_and_other_entries) {
    EXPECT_THAT(devices_of(tree()), IsEmpty());
    tree files({{"sys/bus/dax/devices/dax0/size", "1"},
                {"sys/bus/dax/devices/dax_region0/size", "1"},
                {"sys/bus/dax/devices/dax0.x/size", "1"},
                {"sys/bus/dax/devices/daxa.0/size", "1"}});
    files.link("sys/bus/dax/devices/dax3.0", "../../../devices/gone/dax3.0");
    EXPECT_THAT(devices_of(files), IsEmpty());
}

TEST(dax, pages_go_with_the_driver) {
    tree files;
    const rooted_reader none(files.root());
    EXPECT_TRUE(maps_its_pages(none, "dax0.0")); // nobody tells
    files.write({{"sys/bus/dax/devices/dax0.0/size", "1\n"},
                 {"sys/bus/dax/devices/dax1.0/size", "1\n"},
                 {"sys/bus/dax/devices/dax2.0/size", "1\n"}});
    files.link("sys/bus/dax/devices/dax0.0/driver", "../../drivers/device_dax");
    files.link("sys/bus/dax/devices/dax1.0/driver", "../../drivers/kmem");
    const rooted_reader some(files.root());
    EXPECT_TRUE(maps_its_pages(some, "dax0.0"));
    EXPECT_FALSE(maps_its_pages(some, "dax1.0"));
    EXPECT_FALSE(maps_its_pages(some, "dax2.0"));
    EXPECT_FALSE(maps_its_pages(some, "dax3.0")); // vanished
}

} // namespace
} // namespace hetmem::kernel
