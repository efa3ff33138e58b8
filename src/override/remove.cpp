#include "override/boot_entry.hpp"
#include "override/initrd_maker.hpp"
#include "override/install.hpp"
#include "override/places.hpp"
#include "override/remake.hpp"

#include <hetmem/error.hpp>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace hetmem::detail {

namespace {

/// A record is root's own, but it is no licence to remove anything: what we make lies here.
bool may_be_ours(std::string_view path) {
    constexpr std::array<std::string_view, 4> places = {"boot/", "efi/", "etc/", "var/lib/hetmem/"};
    const bool upwards = path.find("..") != std::string_view::npos;
    return !upwards && std::ranges::any_of(
                           places, [&](std::string_view place) { return path.starts_with(place); });
}

bool is_copy_of_initrd(std::string_view path) {
    return path.ends_with(kept_name(""));
}

class removing {
public:
    removing(const override_record& record, const install_options& options,
             const kernel::rooted_reader& machine)
        : record_(record), options_(options), machine_(machine),
          initrds_(kernel::find_initrds(machine)) {}

    installation plan() {
        std::vector<std::string> last;
        std::vector<std::string> directories;
        for (const std::string& file : record_.files) {
            if (!may_be_ours(file)) {
                plan_.remarks.push_back(fmt::format("/{} is in the record, but hetmem makes no "
                                                    "file there: it stays.",
                                                    file));
            } else if (is_copy_of_initrd(file)) {
                last.push_back(file);
            } else if (file.ends_with('/')) {
                directories.push_back(file.substr(0, file.size() - 1));
            } else {
                add(remove_file(machine_.root(), file));
            }
        }
        if (options_.run) {
            remake(last);
        } else {
            put_copies_back(last);
        }
        update_menu();
        if (without_copy_.empty()) {
            remove_own_directory();
        }
        std::ranges::copy(directories, std::back_inserter(last));
        add(clean_up(machine_.root(), last));
        return std::move(plan_);
    }

private:
    void add(step one) { plan_.steps.push_back(std::move(one)); }

    /// The one that made the initrds, or the one that is there now.
    initrd_maker maker() const {
        try {
            return find_initrd_maker(machine_, record_.method);
        } catch (const error&) {
            return find_initrd_maker(machine_);
        }
    }

    void remake(std::vector<std::string>& last) {
        const initrd_maker made_by = maker();
        check_room(machine_, initrds_);
        for (step& one :
             remake_initrds(initrds_, made_by.command, {installed_tables(record_, machine_), false},
                            options_, machine_, {}, last)) {
            add(std::move(one));
        }
    }

    /// From a rescue system nothing makes initrds: those that were kept are what there is.
    void put_copies_back(std::vector<std::string>& last) {
        std::vector<std::string> not_needed;
        for (const std::string& copy : std::exchange(last, {})) {
            const std::string initrd = copy.substr(0, copy.size() - kept_name("").size());
            const bool there = machine_.real_path(initrd).has_value();
            if (!machine_.real_path(copy) || (there && !has_tables(machine_, initrd))) {
                not_needed.push_back(copy);
                continue;
            }
            if (there) {
                add(keep_backup(machine_, initrd, last));
            }
            add(move_file(machine_.root(), copy, initrd));
            put_back_.push_back(initrd);
        }
        std::ranges::move(not_needed, std::back_inserter(last));
        for (const kernel::initrd& initrd : initrds_) {
            const bool put_back = std::ranges::find(put_back_, initrd.path) != put_back_.end();
            if (!put_back && has_tables(machine_, initrd.path)) {
                without_copy_.push_back(initrd.path);
            }
        }
        if (!without_copy_.empty()) {
            const std::vector<std::string> command = maker().command;
            plan_.remarks.push_back(
                fmt::format("/{}: there is no copy without the tables, which count until `{}` is "
                            "run on that machine. The record stays until `hetmem override "
                            "--remove` is run there.",
                            fmt::join(without_copy_, ", /"), command_text(command)));
            add(run_step(options_, command));
        }
    }

    void update_menu() {
        const boot_entries entries = entries_without(machine_, {});
        if (entries.command.empty()) {
            return;
        }
        add(run_step(options_, entries.command));
    }

    /// The record goes last: as long as it is there, all of this can be done again.
    void remove_own_directory() {
        const auto root = machine_.root();
        for (const char* const folder : {"tables", "original"}) {
            std::vector<std::string> names;
            machine_.open(in_override_directory(folder))
                .for_each([&](std::string_view name, kernel::entry_kind) {
                    names.push_back(in_override_directory(fmt::format("{}/{}", folder, name)));
                });
            std::ranges::sort(names);
            for (const std::string& name : names) {
                add(remove_file(root, name));
            }
        }
        add(remove_file(root, in_override_directory("tables.cpio")));
        add(remove_file(root, in_override_directory("override.json")));
        add(clean_up(root, {in_override_directory("tables"), in_override_directory("original"),
                            std::string(override_directory)}));
    }

    const override_record& record_;
    const install_options& options_;
    const kernel::rooted_reader& machine_;
    std::vector<kernel::initrd> initrds_;
    std::vector<std::string> put_back_;     // initrds that are the kept ones again
    std::vector<std::string> without_copy_; // initrds that go on holding the tables
    installation plan_;
};

} // namespace

installation plan_remove(const override_record& record, const install_options& options,
                         const kernel::rooted_reader& machine) {
    return removing(record, options, machine).plan();
}

} // namespace hetmem::detail
