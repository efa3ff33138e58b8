#include "kernel/initrd.hpp"

#include "tests/support/tree.hpp"

#include <hetmem/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hetmem::kernel {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(initrds, are_those_of_installed_kernels) {
    const test::tree machine({
        {"boot/vmlinuz-6.12.9", ""},
        {"boot/initrd.img-6.12.9", ""},
        {"boot/initrd.img-6.12.9.bak", ""},
        {"boot/initrd.img-6.12.9.without-hetmem", ""},
        {"boot/initrd.img-5.10.1", ""}, // the kernel is gone
        {"boot/initrd.img-", ""},
        {"boot/vmlinuz-6.11-fc", ""},
        {"boot/initramfs-6.11-fc.img", ""},
        {"boot/initramfs-6.11-fckdump.img", ""},
        {"boot/vmlinuz-0-rescue-0123456789abcdef", ""},
        {"boot/initramfs-0-rescue-0123456789abcdef.img", ""},
        {"boot/config-6.12.9", ""},
    });
    EXPECT_THAT(find_initrds(rooted_reader(machine.root())),
                ElementsAre(initrd{"6.11-fc", "boot/initramfs-6.11-fc.img"},
                            initrd{"6.12.9", "boot/initrd.img-6.12.9"}));
}

TEST(initrds, lie_in_directories_of_the_machine_where_the_boot_loader_wants_that) {
    const test::tree machine({
        {"lib/modules/6.12.9/modules.order", ""},
        {"boot/efi/0123456789abcdef/6.12.9/initrd", ""},
        {"efi/0123456789abcdef/6.12.9/linux", ""},
    });
    EXPECT_THAT(find_initrds(rooted_reader(machine.root())),
                ElementsAre(initrd{"6.12.9", "boot/efi/0123456789abcdef/6.12.9/initrd"}));
}

TEST(initrds, are_none_where_there_is_no_boot_directory) {
    const test::tree machine;
    EXPECT_THAT(find_initrds(rooted_reader(machine.root())), IsEmpty());
}

TEST(initrds, are_asked_for_the_tables_in_front) {
    const std::vector<early_table> tables = {{"HMAT.aml", {std::byte{1}, std::byte{2}}}};
    const test::tree machine({{"boot/initrd.img-6.12.9", make_early_archive(tables) + "\x1f\x8b"}});
    const rooted_reader reader(machine.root());
    EXPECT_EQ(read_early_tables(reader, "boot/initrd.img-6.12.9"), tables);
    EXPECT_THROW(read_early_tables(reader, "boot/initrd.img-6.12.10"), error);
}

} // namespace
} // namespace hetmem::kernel
