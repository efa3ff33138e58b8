#include "kernel/acpi_device.hpp"

#include "tests/support/tree.hpp"

#include <gmock/gmock.h>

#include <string>

namespace hetmem::kernel {
namespace {

using test::tree;
using testing::Eq;
using testing::Optional;

TEST(acpi_device, found_by_hid_and_uid) {
    const std::string bus = "sys/bus/acpi/devices/";
    tree files({
        {bus + "ACPI0016:00/hid", "ACPI0016\n"},
        {bus + "ACPI0016:00/uid", "4\n"},
        {bus + "ACPI0016:01/hid", "ACPI0016\n"},
        {bus + "ACPI0016:01/uid", "05\n"},
        {bus + "PNP0A08:00/hid", "PNP0A08\n"},
        {bus + "PNP0A08:00/uid", "4\n"},
        {"sys/devices/pci0000:0c/numa_node", "1\n"},
    });
    files.link(bus + "ACPI0016:00/physical_node", "../../../../devices/pci0000:0c");
    const rooted_reader reader(files.root());

    const auto bridge = find_acpi_device(reader, "ACPI0016", "4");
    ASSERT_TRUE(bridge);
    EXPECT_EQ(bridge->name, "ACPI0016:00");
    EXPECT_THAT(bridge->numa_node, Optional(1));
    const auto other = find_acpi_device(reader, "ACPI0016", "5");
    ASSERT_TRUE(other) << "05 is 5";
    EXPECT_EQ(other->name, "ACPI0016:01");
    EXPECT_THAT(other->numa_node, Eq(std::nullopt));
    EXPECT_FALSE(find_acpi_device(reader, "ACPI0016", "6"));
    EXPECT_FALSE(find_acpi_device(reader, "ACPI0017", "4"));
    EXPECT_FALSE(find_acpi_device(reader, "", ""));
}

TEST(acpi_device, uid_of_a_processor) {
    const tree files({{"sys/devices/system/cpu/cpu3/firmware_node/uid", "259\n"},
                      {"sys/devices/system/cpu/cpu4/firmware_node/uid", "CPU4\n"},
                      {"sys/devices/system/cpu/cpu5/firmware_node/uid", "4294967296\n"}});
    const rooted_reader reader(files.root());
    EXPECT_THAT(processor_uid(reader, 3), Optional(259U));
    EXPECT_THAT(processor_uid(reader, 4), Eq(std::nullopt));
    EXPECT_THAT(processor_uid(reader, 5), Eq(std::nullopt));
    EXPECT_THAT(processor_uid(reader, 6), Eq(std::nullopt));
}

} // namespace
} // namespace hetmem::kernel
