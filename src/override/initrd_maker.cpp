#include "override/initrd_maker.hpp"

#include "check/override_record.hpp"

#include <hetmem/error.hpp>

#include <array>
#include <cerrno>

#include <fmt/format.h>

namespace hetmem::detail {

namespace {

constexpr std::string_view hook_functions = "usr/share/initramfs-tools/hook-functions";
constexpr std::string_view dracut_configuration = "etc/dracut.conf.d";
constexpr std::string_view dracut_file = "50-hetmem-override.conf";

// prepend_earlyinitramfs appends to what stands before the compressed part; microcode may be there
// too, and the kernel reads one archive after the other.
constexpr std::string_view hook = R"(#!/bin/sh
# Written by hetmem override; hetmem override --remove takes it away.
# Puts ACPI tables in front of the initrd, where the kernel looks for them.
case "$1" in
prereqs)
	echo ""
	exit 0
	;;
esac
. /usr/share/initramfs-tools/hook-functions
prepend_earlyinitramfs "/{}/tables.cpio"
)";

constexpr std::string_view dracut_lines =
    R"(# Written by hetmem override; hetmem override --remove takes it away.
# Puts ACPI tables in front of the initrd, where the kernel looks for them.
acpi_override="yes"
acpi_table_dir="/{}/tables"
)";

bool can_prepend(const kernel::rooted_reader& machine) {
    bool found = false;
    machine.for_each_line(hook_functions, [&](std::string_view line) {
        found = found || line.find("prepend_earlyinitramfs()") != std::string_view::npos;
        return !found;
    });
    return found;
}

std::optional<initrd_maker> initramfs_tools(const kernel::rooted_reader& machine) {
    if (!find_program(machine, "update-initramfs") || !can_prepend(machine)) {
        return std::nullopt;
    }
    return initrd_maker{
        "initramfs-tools",
        {"etc/initramfs-tools/hooks/hetmem-override", fmt::format(hook, override_directory), true},
        {"update-initramfs", "-u", "-k", "all"}};
}

/// A setting of its own for what we set: two directories of tables cannot be had.
std::optional<std::string> other_tables(const kernel::rooted_reader& machine) {
    std::optional<std::string> found;
    const auto look_into = [&](const std::string& file) {
        machine.for_each_line(file, [&](std::string_view line) {
            const std::size_t start = line.find_first_not_of(" \t");
            if (start != std::string_view::npos &&
                line.substr(start).starts_with("acpi_table_dir")) {
                found = file;
            }
            return !found;
        });
    };
    look_into("etc/dracut.conf");
    std::vector<std::string> names;
    machine.open(dracut_configuration).for_each([&](std::string_view name, kernel::entry_kind) {
        if (name.ends_with(".conf") && name != dracut_file) {
            names.emplace_back(name);
        }
    });
    for (const std::string& name : names) {
        look_into(fmt::format("{}/{}", dracut_configuration, name));
    }
    return found;
}

std::optional<initrd_maker> dracut(const kernel::rooted_reader& machine) {
    if (!find_program(machine, "dracut")) {
        return std::nullopt;
    }
    if (const auto file = other_tables(machine)) {
        throw error(EINVAL, fmt::format("/{} names a directory of ACPI tables already: dracut "
                                        "knows one only",
                                        *file));
    }
    return initrd_maker{"dracut",
                        {fmt::format("{}/{}", dracut_configuration, dracut_file),
                         fmt::format(dracut_lines, override_directory), false},
                        {"dracut", "--regenerate-all", "--force"}};
}

} // namespace

initrd_maker find_initrd_maker(const kernel::rooted_reader& machine, std::string_view name) {
    if (name.empty() || name == "initramfs-tools") {
        if (auto found = initramfs_tools(machine)) {
            return *std::move(found);
        }
    }
    if (name.empty() || name == "dracut") {
        if (auto found = dracut(machine)) {
            return *std::move(found);
        }
    }
    throw error(EINVAL,
                fmt::format("{} installed, which would make initrds with the tables: write the "
                            "archive with -o and let the boot loader load it before the initrd",
                            name.empty() ? "neither initramfs-tools nor dracut is"
                                         : fmt::format("{} is not", name)));
}

std::optional<std::string> find_program(const kernel::rooted_reader& machine,
                                        std::string_view name) {
    constexpr std::array<std::string_view, 4> places = {"usr/sbin", "usr/bin", "sbin", "bin"};
    for (const std::string_view place : places) {
        std::string path = fmt::format("{}/{}", place, name);
        if (machine.real_path(path)) {
            return path;
        }
    }
    return std::nullopt;
}

} // namespace hetmem::detail
