#include "daemon/aml_methods.hpp"

#include "tests/support/aml.hpp"
#include "tests/support/tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hetmem::daemon {
namespace {

namespace aml = test::aml;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

TEST(ReadAml, TakesDsdtAndSsdtsInTheirOrder) {
    const test::tree machine({
        {"sys/firmware/acpi/tables/SSDT10", "c"},
        {"sys/firmware/acpi/tables/SSDT2", "b"},
        {"sys/firmware/acpi/tables/DSDT", "a"},
        {"sys/firmware/acpi/tables/HMAT", "x"},
        {"sys/firmware/acpi/tables/SSDTX", "x"},
        {"sys/firmware/acpi/tables/dynamic/SSDT11", "d"},
        {"sys/firmware/acpi/tables/data/BERT", "x"},
    });
    const aml_tables found = read_aml(kernel::rooted_reader(machine.root()));
    EXPECT_EQ(found.unreadable, "");
    EXPECT_THAT(found.tables,
                ElementsAre(Field(&aml_table::path, "sys/firmware/acpi/tables/DSDT"),
                            Field(&aml_table::path, "sys/firmware/acpi/tables/SSDT2"),
                            Field(&aml_table::path, "sys/firmware/acpi/tables/SSDT10"),
                            Field(&aml_table::path, "sys/firmware/acpi/tables/dynamic/SSDT11")));
}

TEST(ReadAml, AMachineWithoutAcpiHasNone) {
    const test::tree machine;
    EXPECT_TRUE(read_aml(kernel::rooted_reader(machine.root())).tables.empty());
}

TEST(ReadAml, NamesWhatMayNotBeRead) {
    test::tree machine({{"sys/firmware/acpi/tables/DSDT", "a"}});
    machine.forbid("sys/firmware/acpi/tables/DSDT");
    const test::ordinary_user somebody;
    EXPECT_THAT(read_aml(kernel::rooted_reader(machine.root())).unreadable,
                HasSubstr("/sys/firmware/acpi/tables/DSDT: "));
}

TEST(MentionsHma, IsTrueOfWhatDefinesIt) {
    EXPECT_TRUE(mentions_hma(
        aml::table("SSDT", aml::scope("_SB_", aml::method("_HMA", aml::returns("\x01"))))));
    EXPECT_FALSE(mentions_hma(
        aml::table("SSDT", aml::scope("_SB_", aml::method("_HMX", aml::returns("\x01"))))));
    EXPECT_FALSE(mentions_hma(bytes_of("_HM")));
    EXPECT_FALSE(mentions_hma({}));
}

} // namespace
} // namespace hetmem::daemon
