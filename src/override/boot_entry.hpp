// override/boot_entry.hpp: entries of the boot menu that go without the tables: by initrds that
// were kept as they were.
#pragma once

#include "kernel/initrd.hpp"
#include "kernel/rooted.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace hetmem::detail {

/// "boot/initrd.img-6.12.9" -> "boot/initrd.img-6.12.9.without-hetmem"
std::string kept_name(std::string_view initrd);

struct boot_file {
    std::string path; ///< below the root
    std::string content;
    bool program = false;
    friend bool operator==(const boot_file&, const boot_file&) = default;
};

struct boot_entries {
    std::vector<boot_file> files;
    std::vector<std::string>
        command;      ///< to be run when the files are there, and when they are gone
    std::string told; ///< how to start without the tables, for people
};

/// For GRUB's menu a script that repeats the entries of kernels whose initrd was kept; for menus
/// made of files (systemd-boot, the Boot Loader Specification) a file for each. No file where
/// neither is found: `told` says what to do then.
boot_entries entries_without(const kernel::rooted_reader& machine,
                             const std::vector<kernel::initrd>& kept);

/// Whether the menu, as it is now, has an entry that goes without the tables.
bool menu_goes_without(const kernel::rooted_reader& machine);

/// How to start without the tables where it has none: a sentence.
std::string way_without_menu();

/// The entry of a file-made menu, for an initrd under another name; "" when it is of another
/// initrd.
std::string entry_without(std::string_view entry, std::string_view initrd);

} // namespace hetmem::detail
