#include "override/initrd_maker.hpp"

#include "tests/support/tree.hpp"

#include <hetmem/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hetmem::detail {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const test::tree::file hook_functions = {"usr/share/initramfs-tools/hook-functions",
                                         "copy_exec() {\n}\nprepend_earlyinitramfs() {\n}\n"};

initrd_maker found_in(const test::tree& machine, std::string_view name = "") {
    return find_initrd_maker(kernel::rooted_reader(machine.root()), name);
}

TEST(initrd_maker, is_initramfs_tools_where_it_makes_initrds) {
    const test::tree machine({hook_functions, {"usr/sbin/update-initramfs", ""}});
    const initrd_maker found = found_in(machine);
    EXPECT_EQ(found.name, "initramfs-tools");
    EXPECT_EQ(found.file.path, "etc/initramfs-tools/hooks/hetmem-override");
    EXPECT_TRUE(found.file.program);
    EXPECT_THAT(found.file.content,
                HasSubstr("prepend_earlyinitramfs \"/var/lib/hetmem/override/tables.cpio\""));
    EXPECT_THAT(found.command, ElementsAre("update-initramfs", "-u", "-k", "all"));
}

TEST(initrd_maker, is_not_an_initramfs_tools_that_cannot_prepend) {
    const test::tree machine(
        {{hook_functions.first, "copy_exec() {\n}\n"}, {"usr/sbin/update-initramfs", ""}});
    EXPECT_THROW(found_in(machine), error);
}

TEST(initrd_maker, is_dracut_where_that_is_all_there_is) {
    const test::tree machine({hook_functions, {"usr/bin/dracut", ""}});
    const initrd_maker found = found_in(machine);
    EXPECT_EQ(found.name, "dracut");
    EXPECT_EQ(found.file.path, "etc/dracut.conf.d/50-hetmem-override.conf");
    EXPECT_FALSE(found.file.program);
    EXPECT_THAT(found.file.content, HasSubstr("acpi_override=\"yes\"\n"));
    EXPECT_THAT(found.file.content,
                HasSubstr("acpi_table_dir=\"/var/lib/hetmem/override/tables\"\n"));
}

TEST(initrd_maker, is_the_one_that_is_asked_for) {
    const test::tree machine(
        {hook_functions, {"usr/sbin/update-initramfs", ""}, {"usr/bin/dracut", ""}});
    EXPECT_EQ(found_in(machine).name, "initramfs-tools");
    EXPECT_EQ(found_in(machine, "dracut").name, "dracut");
}

TEST(initrd_maker, does_not_take_dracuts_tables_from_somebody_else) {
    const test::tree machine({{"usr/bin/dracut", ""},
                              {"etc/dracut.conf.d/dsdt.conf", "acpi_table_dir=\"/root/dsdt\"\n"}});
    try {
        found_in(machine);
        ADD_FAILURE();
    } catch (const error& e) {
        EXPECT_THAT(e.what(), HasSubstr("/etc/dracut.conf.d/dsdt.conf"));
    }
}

TEST(initrd_maker, that_is_not_there_is_told_with_the_way_without) {
    const test::tree machine;
    try {
        found_in(machine);
        ADD_FAILURE();
    } catch (const error& e) {
        EXPECT_THAT(e.what(), HasSubstr("neither initramfs-tools nor dracut"));
        EXPECT_THAT(e.what(), HasSubstr("-o"));
    }
}

} // namespace
} // namespace hetmem::detail
