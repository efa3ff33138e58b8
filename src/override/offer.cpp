#include "override/offer.hpp"

#include "check/linux_model.hpp"
#include "kernel/acpi_tables.hpp"
#include "kernel/lockdown.hpp"
#include "kernel/machine.hpp"
#include "kernel/memory_map.hpp"
#include "override/places.hpp"

#include <hetmem/error.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace hetmem::detail {

namespace {

using bytes = std::vector<std::byte>;

/// By signature; the first of each, which is the one that Linux uses.
using table_set = std::map<std::string, bytes, std::less<>>;

table_set tables_in_force(const kernel::rooted_reader& machine) {
    table_set found;
    auto read = kernel::read_acpi_tables(machine, {"HMAT", "SRAT", "SLIT"});
    if (read.listed.not_permitted()) {
        throw not_permitted("cannot list /sys/firmware/acpi/tables: only root may");
    }
    for (kernel::acpi_table& table : read.tables) {
        if (table.read.not_permitted()) {
            throw not_permitted(fmt::format("cannot read {}: only root may", table.path));
        }
        if (!table.read) {
            throw error(table.read.errno_value, fmt::format("cannot read {}", table.path));
        }
        found.try_emplace(table.signature, std::move(table.bytes));
    }
    return found;
}

std::vector<address_range> ordinary_memory(const kernel::rooted_reader& machine) {
    std::vector<address_range> ram;
    for (const kernel::memory_map_range& range : kernel::read_memory_map(machine).ranges) {
        if (range.type == "System RAM") {
            ram.push_back({range.base, range.length});
        }
    }
    return ram;
}

class judge {
public:
    judge(const offered_tables& wanted, const kernel::rooted_reader& machine)
        : wanted_(wanted), machine_(machine), before_(tables_in_force(machine)), after_(before_),
          ram_(ordinary_memory(machine)) {
        kernel_ =
            wanted.kernel.empty() ? kernel::read_machine(machine).kernel_release : wanted.kernel;
        linux_ = fmt::format("Linux{}{}", kernel_.empty() ? "" : " ", kernel_);
    }

    offer result() {
        if (wanted_.installing) {
            give_back_installed();
        }
        prepare();
        judge_lockdown();
        judge_srat();
        if (made_.refused.empty()) {
            judge_prediction();
        }
        return std::move(made_);
    }

private:
    void refuse(std::string why) { made_.refused.push_back(std::move(why)); }
    void remark(std::string what) { made_.remarks.push_back(std::move(what)); }

    bool offers(std::string_view signature) const {
        return std::ranges::any_of(wanted_.tables, [&](const offered_table& table) {
            return table.signature == signature;
        });
    }

    void give_back_installed() {
        const auto record = read_override_record(machine_);
        for (const overridden_table& old :
             record ? record->tables : std::vector<overridden_table>()) {
            if (offers(old.signature)) {
                continue;
            }
            bytes original;
            if (machine_.top().read_bytes(original_file(old.signature), kernel::acpi_table_limit,
                                          original)) {
                after_[old.signature] = std::move(original);
            } else if (!old.replaces) { // the firmware has none
                after_.erase(old.signature);
            }
        }
    }

    void prepare() {
        for (const offered_table& table : wanted_.tables) {
            const auto old = before_.find(table.signature);
            try {
                prepared_table made =
                    prepare_table(table.signature, table.name, table.bytes,
                                  old == before_.end() ? std::span<const std::byte>() : old->second,
                                  wanted_.keep_oem);
                for (const std::string& what : made.remarks) {
                    remark(fmt::format("{}: {}", table.name, what));
                }
                after_[table.signature] = made.bytes;
                made_.tables.push_back(std::move(made));
            } catch (const error& e) {
                const std::string text = e.what();
                refuse(text.substr(0, text.rfind(": " + e.code().message())));
            }
        }
    }

    void judge_lockdown() {
        const kernel::lockdown locked = kernel::read_lockdown(machine_);
        if (!locked.on()) {
            return;
        }
        const std::string what = fmt::format("the kernel is locked down ({})", locked.level);
        if (!lockdown_stops_overrides(kernel_)) {
            remark(fmt::format("{}: {} takes tables of the initrd all the same.", what, linux_));
        } else if (wanted_.force) {
            remark(fmt::format("{}: {} will ignore the tables as long as it is.", what, linux_));
        } else {
            refuse(fmt::format("{}: {} ignores tables of the initrd then (--force: write "
                               "them all the same)",
                               what, linux_));
        }
    }

    void judge_srat() {
        if (!offers("SRAT")) {
            return;
        }
        if (!wanted_.allow_srat) {
            refuse("a SRAT that lacks one range of memory costs Linux all nodes: it is replaced "
                   "only with --allow-srat");
        }
        if (ram_.empty() && !wanted_.force) {
            refuse("the memory map cannot be read, with which the SRAT must be compared (--force: "
                   "go without)");
        }
    }

    prediction predict(const table_set& tables) const {
        const auto view = [&](std::string_view signature) {
            const auto found = tables.find(signature);
            return found == tables.end() ? std::span<const std::byte>()
                                         : std::span<const std::byte>(found->second);
        };
        return predict_linux({view("HMAT"), view("SRAT"), view("SLIT"), ram_},
                             parse_linux_version(kernel_).value_or(linux_version()));
    }

    void judge_prediction() {
        const prediction before = predict(before_);
        const prediction after = predict(after_);
        struct use {
            std::string_view signature;
            bool before;
            bool after;
        };
        const std::array<use, 3> uses = {{{"HMAT", before.hmat_used, after.hmat_used},
                                          {"SRAT", before.srat_used, after.srat_used},
                                          {"SLIT", before.slit_used, after.slit_used}}};
        std::vector<std::string_view> dropped;
        for (const use& one : uses) {
            const bool was_used = one.before && after_.contains(one.signature);
            if (!one.after && (offers(one.signature) || was_used)) {
                dropped.push_back(one.signature);
                refuse(fmt::format("{} would not use the {}", linux_, one.signature));
            }
        }
        for (const std::string& reason : after.reasons) {
            const bool told = std::ranges::find(before.reasons, reason) != before.reasons.end();
            // Of what was wrong before only what costs a table: its own faults, and those of the
            // SRAT, without which Linux uses none of the others.
            const bool costs =
                std::ranges::any_of(
                    dropped, [&](std::string_view name) { return reason.starts_with(name); }) ||
                (!after.srat_used && reason.starts_with("SRAT"));
            if (!dropped.empty() && (costs || !told)) {
                refuse(reason);
            } else if (dropped.empty() && !told) {
                remark(reason);
            }
        }
    }

    const offered_tables& wanted_;
    const kernel::rooted_reader& machine_;
    std::string kernel_;
    std::string linux_; // its name, for people
    table_set before_;
    table_set after_;
    std::vector<address_range> ram_;
    offer made_;
};

} // namespace

offer judge_offer(const offered_tables& wanted, const kernel::rooted_reader& machine) {
    return judge(wanted, machine).result();
}

std::vector<kernel::early_table> early_tables(const offer& judged) {
    std::vector<kernel::early_table> tables;
    for (const prepared_table& table : judged.tables) {
        tables.push_back({early_name(table.record.signature), table.bytes});
    }
    return tables;
}

} // namespace hetmem::detail
