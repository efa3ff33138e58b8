#include "override/remake.hpp"

#include "override/boot_entry.hpp"

#include <acpi/header.hpp>

#include <hetmem/error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <sys/types.h>

namespace hetmem::detail {

namespace {

namespace fs = std::filesystem;

std::string backup_name(const std::string& initrd) {
    return initrd + ".hetmem-undo";
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
            throw malformed_file(fmt::format("/{} {} the tables after `{}`", initrd.path,
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

step run_step(const install_options& options, const std::vector<std::string>& command) {
    const std::string text = command_text(command);
    if (!options.run) {
        return {fmt::format("not run, since this is not the running machine: {}", text),
                [] {},
                {},
                text};
    }
    return {fmt::format("run {}", text), [run = options.run, command] { run(command); }, {}};
}

step keep_backup(const kernel::rooted_reader& machine, const std::string& initrd,
                 std::vector<std::string>& backups) {
    const fs::path& root = machine.root();
    step kept = copy_file(root, initrd, backup_name(initrd));
    // Undone after what changed the initrd was: then it is what it was before.
    kept.undo = [root, initrd] { fs::rename(root / backup_name(initrd), root / initrd); };
    backups.push_back(backup_name(initrd));
    return kept;
}

bool has_tables(const kernel::rooted_reader& machine, const std::string& initrd) {
    constexpr std::array<std::string_view, 3> replaced = {"HMAT", "SRAT", "SLIT"};
    return std::ranges::any_of(
        kernel::read_early_tables(machine, initrd), [&](const kernel::early_table& one) {
            return std::ranges::find(replaced, acpi::signature_of(one.bytes)) != replaced.end();
        });
}

std::vector<step> remake_initrds(const std::vector<kernel::initrd>& initrds,
                                 const std::vector<std::string>& command,
                                 const wanted_tables& wanted, const install_options& options,
                                 const kernel::rooted_reader& machine,
                                 const std::vector<std::string>& copied,
                                 std::vector<std::string>& backups) {
    if (!options.run) {
        return {run_step(options, command)};
    }
    std::vector<step> steps;
    for (const kernel::initrd& initrd : initrds) {
        if (std::ranges::find(copied, initrd.path) != copied.end()) {
            steps.push_back(bring_back_from_copy(machine, initrd));
            continue;
        }
        steps.push_back(keep_backup(machine, initrd.path, backups));
    }
    steps.push_back(run_step(options, command));
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
        fs::path place; // any directory on it
    };
    std::map<dev_t, amount> wanted; // by file system
    for (const kernel::initrd& initrd : initrds) {
        const fs::path file = machine.root() / initrd.path;
        std::error_code unknown;
        const std::uintmax_t size = fs::file_size(file, unknown);
        struct stat status {};
        if (!unknown && ::stat(file.parent_path().c_str(), &status) == 0) {
            amount& here = wanted[status.st_dev];
            here.place = file.parent_path();
            here.all += size;
            here.largest = std::max(here.largest, size);
        }
    }
    for (const auto& [device, bytes] : wanted) {
        std::error_code unknown;
        const fs::space_info space = fs::space(bytes.place, unknown);
        const std::uintmax_t needed = bytes.all + bytes.largest;
        if (!unknown && space.available < needed) {
            constexpr std::uintmax_t mib = 1U << 20U;
            throw error(ENOSPC,
                        fmt::format("{}: {} MiB are needed for copies of the initrds, {} "
                                    "MiB are free",
                                    bytes.place.string(), needed / mib, space.available / mib));
        }
    }
}

} // namespace hetmem::detail
