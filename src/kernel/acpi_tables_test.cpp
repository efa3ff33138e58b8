#include "kernel/acpi_tables.hpp"

#include "tests/support/tree.hpp"

#include <gmock/gmock.h>

#include <cerrno>
#include <string>

namespace hetmem::kernel {
namespace {

using test::tree;
using testing::IsEmpty;
using testing::SizeIs;

const std::string place = "sys/firmware/acpi/tables/";

TEST(acpi_tables, those_asked_for_in_the_order_that_linux_uses) {
    const tree files({
        {place + "HMAT10", "ten"},
        {place + "HMAT2", "two"},
        {place + "HMAT1", "one"},
        {place + "SRAT", "affinity"},
        {place + "APIC", "other"},
        {place + "HMATX", "other"},
        {place + "data/HMAT", "other"},
    });
    const acpi_tables found =
        read_acpi_tables(rooted_reader(files.root()), {"SRAT", "HMAT", "SLIT"});
    EXPECT_TRUE(found.listed);
    ASSERT_THAT(found.tables, SizeIs(4));
    EXPECT_EQ(found.tables[0].file_name, "SRAT");
    EXPECT_EQ(found.tables[0].instance, 0U);
    EXPECT_EQ(found.tables[0].path, "/sys/firmware/acpi/tables/SRAT");
    EXPECT_TRUE(found.tables[0].read);
    EXPECT_THAT(found.tables[0].bytes, SizeIs(8));
    EXPECT_EQ(found.tables[1].file_name, "HMAT1");
    EXPECT_EQ(found.tables[1].signature, "HMAT");
    EXPECT_EQ(found.tables[2].file_name, "HMAT2");
    EXPECT_EQ(found.tables[3].instance, 10U);
}

TEST(acpi_tables, one_that_only_root_may_read_is_still_listed) {
    tree files({{place + "HMAT", "x"}});
    files.forbid(place + "HMAT");
    const test::ordinary_user user;
    const acpi_tables found = read_acpi_tables(rooted_reader(files.root()), {"HMAT"});
    ASSERT_THAT(found.tables, SizeIs(1));
    EXPECT_TRUE(found.tables[0].read.not_permitted());
}

TEST(acpi_tables, no_firmware_tables) {
    const tree files;
    const acpi_tables found = read_acpi_tables(rooted_reader(files.root()), {"HMAT"});
    EXPECT_TRUE(found.listed.absent());
    EXPECT_THAT(found.tables, IsEmpty());
}

TEST(acpi_tables, a_file_larger_than_any_table_is_refused) {
    tree files({{place + "HMAT", ""}});
    std::filesystem::resize_file(files.root() / (place + "HMAT"), std::uintmax_t{1} << 40);
    files.make_directory(place + "SLIT");
    const acpi_tables found = read_acpi_tables(rooted_reader(files.root()), {"HMAT", "SLIT"});
    ASSERT_THAT(found.tables, SizeIs(2));
    EXPECT_EQ(found.tables[0].read.errno_value, EFBIG);
    EXPECT_THAT(found.tables[0].bytes, IsEmpty());
    EXPECT_EQ(found.tables[1].read.errno_value, EISDIR);
}

} // namespace
} // namespace hetmem::kernel
