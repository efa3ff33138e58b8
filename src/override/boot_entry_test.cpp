#include "override/boot_entry.hpp"

#include "kernel/file.hpp"
#include "tests/support/tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <filesystem>

#include <fmt/format.h>

namespace hetmem::detail {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::vector<kernel::initrd> kept = {{"6.12.9", "boot/initrd.img-6.12.9"},
                                          {"6.11", "boot/efi/abc/6.11/initrd"}};

boot_entries entries_of(const test::tree& machine) {
    return entries_without(kernel::rooted_reader(machine.root()), kept);
}

TEST(boot_entries, of_grub_are_made_by_a_script) {
    const boot_entries made =
        entries_of({{"etc/grub.d/10_linux", ""}, {"usr/sbin/update-grub", ""}});
    ASSERT_EQ(made.files.size(), 1U);
    EXPECT_EQ(made.files[0].path, "etc/grub.d/42_hetmem");
    EXPECT_TRUE(made.files[0].program);
    EXPECT_THAT(made.command, ElementsAre("update-grub"));
    EXPECT_THAT(made.told, HasSubstr("without hetmem override"));
}

TEST(boot_entries, of_a_grub_without_debians_command) {
    const boot_entries made = entries_of({{"etc/grub.d/10_linux", ""},
                                          {"usr/sbin/grub2-mkconfig", ""},
                                          {"boot/grub2/grub.cfg", ""}});
    EXPECT_THAT(made.command, ElementsAre("grub2-mkconfig", "-o", "/boot/grub2/grub.cfg"));
}

TEST(boot_entries, in_files_name_the_initrd_that_was_kept) {
    const std::string entry = "title      Debian\nversion    6.11\nsort-key debian\n"
                              "linux /abc/6.11/linux\ninitrd  /abc/6.11/initrd\noptions ro\n";
    const boot_entries made =
        entries_of({{"boot/efi/loader/entries/abc-6.11.conf", entry},
                    {"boot/efi/loader/entries/abc-6.10.conf", "title x\ninitrd /abc/6.10/initrd\n"},
                    {"boot/efi/loader/entries/memtest.conf", "title memtest\nefi /m.efi\n"}});
    EXPECT_THAT(made.command, IsEmpty());
    EXPECT_THAT(made.files,
                ElementsAre(boot_file{"boot/efi/loader/entries/0-without-hetmem-abc-6.11.conf",
                                      "title Debian without hetmem override\nversion    6.11\n"
                                      "sort-key zz-without-hetmem\nlinux /abc/6.11/linux\n"
                                      "initrd /abc/6.11/initrd.without-hetmem\noptions ro\n",
                                      false}));
}

TEST(boot_entries, in_files_keep_the_other_words_beside_an_initrd) {
    EXPECT_EQ(entry_without("title Fedora\ninitrd /early.img\n"
                            "initrd /initramfs-6.12.9.img $tuned_initrd\n",
                            "boot/initramfs-6.12.9.img"),
              "title Fedora without hetmem override\ninitrd /early.img\n"
              "initrd /initramfs-6.12.9.img.without-hetmem $tuned_initrd\n");
}

TEST(boot_entries, are_looked_for_in_the_menu_that_was_made) {
    const auto found = [](const test::tree& machine) {
        return menu_goes_without(kernel::rooted_reader(machine.root()));
    };
    EXPECT_FALSE(found({{"boot/grub/grub.cfg", "initrd /boot/initrd.img-6.12.9\n"},
                        {"boot/loader/entries/a.conf", "initrd /initrd.img-6.12.9\n"}}));
    EXPECT_TRUE(found({{"boot/grub2/grub.cfg", "a\ninitrd /initrd.img-6.12.9.without-hetmem\n"}}));
    EXPECT_TRUE(found({{"efi/loader/entries/a.conf", "initrd /a/initrd.without-hetmem\n"}}));
}

TEST(boot_entries, where_there_is_no_menu_the_way_is_told) {
    const boot_entries made = entries_of({});
    EXPECT_THAT(made.files, IsEmpty());
    EXPECT_THAT(made.told, HasSubstr("numa=nohmat"));
}

TEST(boot_entries, of_another_initrd_are_not_repeated) {
    EXPECT_EQ(entry_without("title a\ninitrd /initrd.img-6.12.90\n", "boot/initrd.img-6.12.9"), "");
    EXPECT_NE(entry_without("title a\ninitrd /initrd.img-6.12.9\n", "boot/initrd.img-6.12.9"), "");
    EXPECT_EQ(entry_without("title a\ninitrd img-6.12.9\n", "boot/initrd.img-6.12.9"), "");
}

/// What the script for GRUB's menu prints beside a 10_linux that prints `menu`.
std::string repeated(const std::string& menu, const std::string& boot) {
    test::tree files({{"10_linux", "#!/bin/sh\ncat <<'E'\n" + menu + "E\n"}});
    const boot_entries made =
        entries_of({{"etc/grub.d/10_linux", ""}, {"usr/sbin/update-grub", ""}});
    std::string script = made.files.at(0).content;
    const std::string place = "/boot/";
    // Where this machine's own initrds would be looked for.
    for (std::size_t at = script.find(place); at != std::string::npos;
         at = script.find(place, at + boot.size())) {
        script.replace(at, place.size(), boot);
    }
    files.write("42_hetmem", script);
    for (const char* const name : {"10_linux", "42_hetmem"}) {
        std::filesystem::permissions(files.root() / name, std::filesystem::perms::owner_all);
    }
    const std::string command = fmt::format("{}/42_hetmem", files.root().string());
    std::FILE* const out = ::popen(command.c_str(), "r");
    std::string text;
    std::array<char, 4096> piece{};
    for (std::size_t got = 0; (got = std::fread(piece.data(), 1, piece.size(), out)) > 0;) {
        text.append(piece.data(), got);
    }
    EXPECT_EQ(::pclose(out), 0);
    return text;
}

// As Debian 12's 10_linux prints it, less what makes it long.
constexpr std::string_view menu = R"(function gfxmode {
	set gfxpayload="${1}"
}
menuentry 'Debian GNU/Linux' --class debian $menuentry_id_option 'gnulinux-simple-u1' {
	linux	/boot/vmlinuz-6.12.9 root=UUID=u1 ro  quiet
	initrd	/boot/initrd.img-6.12.9
}
submenu 'Advanced options for Debian GNU/Linux' $menuentry_id_option 'gnulinux-advanced-u1' {
	menuentry 'Debian GNU/Linux, with Linux 6.12.9' --class debian $menuentry_id_option 'gnulinux-6.12.9-advanced-u1' {
		if [ x$grub_platform = xxen ]; then insmod xzio; fi
		linux	/boot/vmlinuz-6.12.9 root=UUID=u1 ro  quiet
		initrd	/boot/early.img /boot/initrd.img-6.12.9
	}
	menuentry 'Debian GNU/Linux, with Linux 6.12.9 (recovery mode)' $menuentry_id_option 'gnulinux-6.12.9-recovery-u1' {
		linux	/boot/vmlinuz-6.12.9 root=UUID=u1 ro single
		initrd	/boot/initrd.img-6.12.9
	}
	menuentry 'Debian GNU/Linux, with Linux 6.1.0' $menuentry_id_option 'gnulinux-6.1.0-advanced-u1' {
		linux	/boot/vmlinuz-6.1.0 root=UUID=u1 ro  quiet
		initrd	/boot/initrd.img-6.1.0
	}
}
)";

TEST(grub_script, repeats_the_entries_whose_initrd_was_kept) {
    const test::tree boot({{"initrd.img-6.12.9.without-hetmem", ""}});
    EXPECT_EQ(repeated(std::string(menu), boot.root().string() + "/"),
              "menuentry 'Debian GNU/Linux, with Linux 6.12.9 without hetmem override' --class "
              "debian $menuentry_id_option 'gnulinux-6.12.9-without-hetmem-u1' {\n"
              "\tif [ x$grub_platform = xxen ]; then insmod xzio; fi\n"
              "\tlinux\t/boot/vmlinuz-6.12.9 root=UUID=u1 ro  quiet\n"
              "\tinitrd\t/boot/early.img /boot/initrd.img-6.12.9.without-hetmem\n"
              "}\n");
}

TEST(grub_script, prints_nothing_where_nothing_was_kept) {
    const test::tree boot;
    EXPECT_EQ(repeated(std::string(menu), boot.root().string() + "/"), "");
    EXPECT_EQ(repeated("", boot.root().string() + "/"), "");
}

} // namespace
} // namespace hetmem::detail
