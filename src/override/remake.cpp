#include "override/remake.hpp"

#include "override/boot_entry.hpp"

#include <acpi/header.hpp>

#include <hetmem/error.hpp>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace hetmem::detail {

namespace {

namespace fs = std::filesystem;

std::string backup_name(const std::string& initrd) {
    return initrd + ".hetmem-undo";
}

step keep_backup(const kernel::rooted_reader& machine, const kernel::initrd& initrd) {
    const fs::path root = machine.root();
    step kept = copy_file(root, initrd.path, backup_name(initrd.path));
    // Undone after the command was: then the initrd is what it was before.
    kept.undo = [root, path = initrd.path] { fs::rename(root / backup_name(path), root / path); };
    return kept;
}

/// For an initrd of which there is a copy that stays.
step bring_back_from_copy(const kernel::rooted_reader& machine, const kernel::initrd& initrd) {
    const step back = copy_file(machine.root(), kept_name(initrd.path), initrd.path);
    return {fmt::format("if anything fails from here on: {}", back.what), [] {}, back.apply};
}

void look_into(const std::vector<kernel::initrd>& initrds, const wanted_tables& wanted,
               const std::vector<std::string>& command, const kernel::rooted_reader& machine) {
    for (const kernel::initrd& initrd : initrds) {
        if (!holds(kernel::read_early_tables(machine, initrd.path), wanted)) {
            throw error(std::errc::io_error,
                        fmt::format("/{} {} the tables after `{}`", initrd.path,
                                    wanted.present ? "does not hold" : "still holds",
                                    command_text(command)));
        }
    }
}

} // namespace

bool holds(const std::vector<kernel::early_table>& early, const wanted_tables& wanted) {
    return std::ranges::all_of(wanted.tables, [&](const kernel::early_table& ours) {
        if (!wanted.present) {
            return std::ranges::none_of(
                early, [&](const kernel::early_table& one) { return one.bytes == ours.bytes; });
        }
        const auto first = std::ranges::find_if(early, [&](const kernel::early_table& one) {
            return acpi::signature_of(one.bytes) == acpi::signature_of(ours.bytes);
        });
        return first != early.end() && first->bytes == ours.bytes;
    });
}

std::string command_text(const std::vector<std::string>& command) {
    return fmt::format("{}", fmt::join(command, " "));
}

std::vector<step> remake_initrds(const std::vector<kernel::initrd>& initrds,
                                 const std::vector<std::string>& command,
                                 const wanted_tables& wanted, const install_options& options,
                                 const kernel::rooted_reader& machine,
                                 const std::vector<std::string>& copied,
                                 std::vector<std::string>& backups) {
    if (!options.run) {
        return {{fmt::format("not run, since this is not the running machine: {}",
                             command_text(command)),
                 [] {},
                 {}}};
    }
    std::vector<step> steps;
    for (const kernel::initrd& initrd : initrds) {
        if (std::ranges::find(copied, initrd.path) != copied.end()) {
            steps.push_back(bring_back_from_copy(machine, initrd));
            continue;
        }
        steps.push_back(keep_backup(machine, initrd));
        backups.push_back(backup_name(initrd.path));
    }
    steps.push_back({fmt::format("run {}", command_text(command)),
                     [run = options.run, command] { run(command); },
                     {}});
    steps.push_back({fmt::format("see whether the initrds {} the tables",
                                 wanted.present ? "hold" : "are without"),
                     [=, &machine] { look_into(initrds, wanted, command, machine); },
                     {}});
    return steps;
}

void check_room(const kernel::rooted_reader& machine, const std::vector<kernel::initrd>& initrds) {
    struct amount {
        std::uintmax_t all = 0;
        std::uintmax_t largest = 0;
    };
    std::map<fs::path, amount> wanted; // by directory
    for (const kernel::initrd& initrd : initrds) {
        const fs::path file = machine.root() / initrd.path;
        std::error_code unknown;
        const std::uintmax_t size = fs::file_size(file, unknown);
        if (!unknown) {
            amount& here = wanted[file.parent_path()];
            here.all += size;
            here.largest = std::max(here.largest, size);
        }
    }
    for (const auto& [place, bytes] : wanted) {
        std::error_code unknown;
        const fs::space_info space = fs::space(place, unknown);
        const std::uintmax_t needed = bytes.all + bytes.largest;
        if (!unknown && space.available < needed) {
            constexpr std::uintmax_t mib = 1U << 20U;
            throw error(ENOSPC, fmt::format("{}: {} MiB are needed for copies of the initrds, {} "
                                            "MiB are free",
                                            place.string(), needed / mib, space.available / mib));
        }
    }
}

} // namespace hetmem::detail
