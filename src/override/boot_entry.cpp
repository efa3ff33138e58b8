#include "override/boot_entry.hpp"

#include "override/initrd_maker.hpp"

#include "kernel/text.hpp"

#include <array>
#include <optional>

#include <fmt/format.h>

namespace hetmem::detail {

namespace {

constexpr std::string_view suffix = ".without-hetmem";

/// Where menus made of files are.
constexpr std::array<std::string_view, 3> entry_places = {
    "boot/loader/entries", "efi/loader/entries", "boot/efi/loader/entries"};

// What the entries must say (root device, file system, encryption) is 10_linux's to know: its own
// are repeated, one for each kernel, with the other initrd.
constexpr std::string_view grub_script = R"(#!/bin/sh
# Written by hetmem override; hetmem override --remove takes it away.
# Repeats the entry of each kernel whose initrd was kept without the ACPI tables.
set -e
"$(dirname "$0")/10_linux" 2>/dev/null | awk -v suffix=.without-hetmem '
function kept(line,    words, count, i, name) {
	count = split(line, words, /[ \t]+/)
	for (i = 2; i <= count; i++) {
		name = words[i]
		sub(/^.*\//, "", name)
		if (name != "" && system("test -e \"/boot/" name suffix "\"") == 0)
			return words[i]
	}
	return ""
}
/^[ \t]*menuentry .*-advanced-/ {
	match($0, /^[ \t]*/)
	indent = substr($0, 1, RLENGTH)
	text = ""
	wanted = 0
	inside = 1
	sub(/^[ \t]*menuentry \047[^\047]*/, "& without hetmem override")
	sub(/-advanced-/, "-without-hetmem-")
}
inside {
	if ($1 == "initrd") {
		name = kept($0)
		if (name != "") {
			at = index($0, name)
			$0 = substr($0, 1, at - 1) name suffix substr($0, at + length(name))
			wanted = 1
		}
	}
	text = text substr($0, length(indent) + 1) "\n"
	if ($0 == indent "}") {
		inside = 0
		if (wanted)
			printf "%s", text
	}
}'
)";

/// How GRUB's menu is made here; empty when it is not.
std::vector<std::string> grub_command(const kernel::rooted_reader& machine) {
    if (!machine.open("etc/grub.d")) {
        return {};
    }
    if (find_program(machine, "update-grub")) {
        return {"update-grub"};
    }
    for (const std::string_view name : {"grub", "grub2"}) {
        const std::string program = fmt::format("{}-mkconfig", name);
        const std::string menu = fmt::format("boot/{}/grub.cfg", name);
        if (find_program(machine, program) && machine.real_path(menu)) {
            return {program, "-o", "/" + menu};
        }
    }
    return {};
}

std::string text_of(const kernel::rooted_reader& machine, const std::string& path) {
    const kernel::read_result read = machine.read(path);
    return read ? std::string(read.text) : std::string();
}

void add_entry_files(const kernel::rooted_reader& machine, const std::vector<kernel::initrd>& kept,
                     boot_entries& made) {
    for (const std::string_view menu : entry_places) {
        std::vector<std::string> names;
        machine.open(menu).for_each([&](std::string_view name, kernel::entry_kind) {
            if (name.ends_with(".conf") && name.find("without-hetmem") == std::string_view::npos) {
                names.emplace_back(name);
            }
        });
        for (const std::string& name : names) {
            const std::string entry = text_of(machine, fmt::format("{}/{}", menu, name));
            for (const kernel::initrd& one : kept) {
                const std::string changed = entry_without(entry, one.path);
                if (!changed.empty()) {
                    // The lowest name stands last in the menu.
                    made.files.push_back(
                        {fmt::format("{}/0-without-hetmem-{}", menu, name), changed, false});
                }
            }
        }
    }
}

/// The value of a line "key   value"; nothing when it is of another key.
std::optional<std::string_view> value_of(std::string_view line, std::string_view key) {
    std::string_view rest = line;
    if (kernel::next_word(rest) != key) {
        return std::nullopt;
    }
    return kernel::trimmed(rest);
}

} // namespace

std::string kept_name(std::string_view initrd) {
    return fmt::format("{}{}", initrd, suffix);
}

std::string entry_without(std::string_view entry, std::string_view initrd) {
    const std::string from_root = fmt::format("/{}", initrd);
    std::string changed;
    bool is_of_it = false;
    while (const auto line = kernel::next_line(entry)) {
        if (const auto title = value_of(*line, "title")) {
            changed += fmt::format("title {} without hetmem override\n", *title);
        } else if (value_of(*line, "sort-key")) {
            changed += "sort-key zz-without-hetmem\n";
        } else if (const auto files = value_of(*line, "initrd")) {
            changed += "initrd";
            std::string_view rest = *files; // "/initramfs-6.12.img $tuned_initrd"
            for (auto file = kernel::next_word(rest); !file.empty();
                 file = kernel::next_word(rest)) {
                // Seen from its own partition.
                const bool this_one = file.starts_with('/') && from_root.ends_with(file);
                is_of_it = is_of_it || this_one;
                changed += fmt::format(" {}{}", file, this_one ? suffix : "");
            }
            changed += '\n';
        } else {
            changed += fmt::format("{}\n", *line);
        }
    }
    return is_of_it ? changed : "";
}

boot_entries entries_without(const kernel::rooted_reader& machine,
                             const std::vector<kernel::initrd>& kept) {
    boot_entries made;
    made.command = grub_command(machine);
    if (!made.command.empty()) {
        made.files.push_back({"etc/grub.d/42_hetmem", std::string(grub_script), true});
    }
    add_entry_files(machine, kept, made);
    if (!made.files.empty()) {
        made.told = "The boot menu gets an entry \"... without hetmem override\" for each kernel "
                    "whose initrd is kept.";
    } else {
        made.told =
            "No boot menu was found that an entry could be added to: " + way_without_menu() + ".";
    }
    return made;
}

bool menu_goes_without(const kernel::rooted_reader& machine) {
    std::vector<std::string> menus = {"boot/grub/grub.cfg", "boot/grub2/grub.cfg"};
    for (const std::string_view place : entry_places) {
        machine.open(place).for_each([&](std::string_view name, kernel::entry_kind) {
            menus.push_back(fmt::format("{}/{}", place, name));
        });
    }
    bool found = false;
    for (const std::string& menu : menus) {
        machine.for_each_line(menu, [&](std::string_view line) {
            found = found || line.find(suffix) != std::string_view::npos;
            return !found;
        });
    }
    return found;
}

std::string way_without_menu() {
    return "to start without the tables, let the boot loader load the initrd that ends with "
           ".without-hetmem, or add numa=nohmat (numa=off for a SRAT) to the kernel's command line";
}

} // namespace hetmem::detail
