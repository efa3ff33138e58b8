#include "override/install.hpp"

#include "kernel/acpi_tables.hpp"
#include "kernel/machine.hpp"
#include "override/boot_entry.hpp"
#include "override/initrd_maker.hpp"
#include "override/places.hpp"
#include "override/remake.hpp"
#include "topology/published.hpp"

#include <hetmem/error.hpp>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace hetmem::detail {

namespace {

namespace fs = std::filesystem;
using bytes = std::vector<std::byte>;

std::string text_of(const bytes& content) {
    return {reinterpret_cast<const char*>(content.data()), content.size()};
}

class installing {
public:
    installing(const offer& judged, const install_options& options,
               const kernel::rooted_reader& machine)
        : judged_(judged), options_(options), machine_(machine),
          maker_(find_initrd_maker(machine, options.maker)),
          initrds_(kernel::find_initrds(machine)), before_(read_override_record(machine)),
          old_tables_(before_ ? installed_tables(*before_, machine)
                              : std::vector<kernel::early_table>()) {}

    installation plan() {
        if (before_ && before_->method != maker_.name) {
            throw error(std::errc::invalid_argument,
                        fmt::format("an override is installed by {}: remove that one first",
                                    before_->method));
        }
        if (options_.run && initrds_.empty()) {
            throw error(EINVAL, "no initrd of an installed kernel was found in /boot or /efi");
        }
        if (options_.run) {
            check_room(machine_, initrds_);
        }
        make_directories();
        save_originals();
        const std::vector<kernel::initrd> kept = keep_initrds();
        const boot_entries entries = entries_without(machine_, kept);
        write_record(entries);
        write_tables();
        add(write_file(root(), maker_.file.path, maker_.file.content,
                       maker_.file.program ? program_mode : for_everybody));
        std::vector<std::string> backups;
        for (step& one : remake_initrds(initrds_, maker_.command, {early_tables(judged_), true},
                                        options_, machine_, copied_, backups)) {
            add(std::move(one));
        }
        add_entries(entries);
        if (!backups.empty()) {
            add(clean_up(root(), backups));
        }
        plan_.remarks.push_back(entries.told);
        return std::move(plan_);
    }

private:
    fs::path root() const { return machine_.root(); }
    void add(step one) { plan_.steps.push_back(std::move(one)); }

    void make_directories() {
        add(make_directory(root(), std::string(override_directory)));
        for (const char* const name : {"tables", "original"}) {
            add(make_directory(root(), in_override_directory(name), private_directory));
        }
        const std::string of_maker = fs::path(maker_.file.path).parent_path().string();
        add(make_directory(root(), of_maker));
        for (const std::string& place : {std::string("var/lib/hetmem"), of_maker}) {
            if (!machine_.real_path(place)) {
                made_directories_.push_back(place + "/");
            }
        }
    }

    /// Whether what was saved by the installation before is what this firmware has.
    bool is_saved(std::string_view signature) const {
        if (!before_ || !machine_.real_path(original_file(signature))) {
            return false;
        }
        const kernel::dmi now = kernel::read_dmi(machine_);
        return now.bios_version == before_->machine.bios_version &&
               now.machine == before_->machine.machine;
    }

    /// What sysfs shows is the firmware's, unless it is what we gave the kernel. That can be an
    /// installation further back too, when the machine was not restarted in between.
    void save_originals() {
        const auto tables = kernel::read_acpi_tables(machine_, {"HMAT", "SRAT", "SLIT"});
        for (const kernel::acpi_table& table : tables.tables) {
            const bool first = table.instance <= 1;
            const bool wanted = std::ranges::any_of(judged_.tables, [&](const prepared_table& one) {
                return one.record.signature == table.signature;
            });
            if (table.read && first && wanted && !is_saved(table.signature) &&
                !is_one_of(old_tables_, table.bytes)) {
                add(write_file(root(), original_file(table.signature), text_of(table.bytes),
                               for_owner));
            }
        }
    }

    /// Copies of those that hold no tables yet; they are what the boot menu offers. One that is
    /// there is never written again: what lies in tables/ need not be what the initrd holds.
    std::vector<kernel::initrd> keep_initrds() {
        std::vector<kernel::initrd> kept;
        for (const kernel::initrd& initrd : initrds_) {
            const std::string copy = kept_name(initrd.path);
            if (machine_.real_path(copy)) {
                kept.push_back(initrd);
                made_.push_back(copy);
                continue;
            }
            if (has_tables(machine_, initrd.path)) {
                plan_.remarks.push_back(fmt::format(
                    "/{} holds tables of an earlier override, and there is no copy without: kernel "
                    "{} gets no entry in the boot menu that goes without (--remove and --install "
                    "again make one).",
                    initrd.path, initrd.release));
                continue;
            }
            add(copy_file(root(), initrd.path, copy));
            copied_.push_back(initrd.path);
            kept.push_back(initrd);
            made_.push_back(copy);
        }
        return kept;
    }

    void write_record(const boot_entries& entries) {
        override_record& record = plan_.record;
        record.time = options_.time;
        record.boot_id = boot_id(machine_);
        record.kernel = kernel::read_machine(machine_).kernel_release;
        record.machine = kernel::read_dmi(machine_);
        record.method = maker_.name;
        for (const prepared_table& table : judged_.tables) {
            record.tables.push_back(table.record);
        }
        record.files.push_back(maker_.file.path);
        for (const boot_file& file : entries.files) {
            record.files.push_back(file.path);
        }
        record.files.insert(record.files.end(), made_.begin(), made_.end());
        record.files.insert(record.files.end(), made_directories_.begin(), made_directories_.end());
        if (before_) {
            for (const std::string& old : before_->files) {
                if (std::ranges::find(record.files, old) == record.files.end()) {
                    record.files.push_back(old);
                }
            }
        }
        for (const kernel::initrd& initrd : initrds_) {
            record.initrds.push_back(initrd.path);
        }
        add(write_file(root(), in_override_directory("override.json"), to_json(record)));
    }

    void write_tables() {
        const std::vector<kernel::early_table> tables = early_tables(judged_);
        if (before_) {
            for (const overridden_table& old : before_->tables) {
                const bool again = std::ranges::any_of(tables, [&](const auto& table) {
                    return table.name == early_name(old.signature);
                });
                if (!again) {
                    add(remove_file(root(), table_file(old.signature)));
                    plan_.remarks.push_back(
                        fmt::format("The {} is the firmware's again.", old.signature));
                }
            }
        }
        for (const kernel::early_table& table : tables) {
            add(write_file(root(), in_override_directory("tables/" + table.name),
                           text_of(table.bytes), for_owner));
        }
        add(write_file(root(), in_override_directory("tables.cpio"),
                       kernel::make_early_archive(tables), for_owner));
    }

    void add_entries(const boot_entries& entries) {
        for (const boot_file& file : entries.files) {
            add(write_file(root(), file.path, file.content,
                           file.program ? program_mode : for_everybody));
        }
        if (entries.command.empty()) {
            return;
        }
        add(run_step(options_, entries.command));
    }

    const offer& judged_;
    const install_options& options_;
    const kernel::rooted_reader& machine_;
    initrd_maker maker_;
    std::vector<kernel::initrd> initrds_;
    std::optional<override_record> before_;
    std::vector<kernel::early_table> old_tables_;
    std::vector<std::string> made_;   // copies of initrds, those of before too
    std::vector<std::string> copied_; // initrds of which a copy is made now
    std::vector<std::string> made_directories_;
    installation plan_;
};

} // namespace

installation plan_install(const offer& judged, const install_options& options,
                          const kernel::rooted_reader& machine) {
    return installing(judged, options, machine).plan();
}

} // namespace hetmem::detail
