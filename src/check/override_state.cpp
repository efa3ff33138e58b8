#include "check/linux_model.hpp"
#include "check/override_record.hpp"

#include "kernel/acpi_tables.hpp"
#include "kernel/initrd.hpp"
#include "kernel/lockdown.hpp"
#include "kernel/machine.hpp"
#include "kernel/text.hpp"
#include "topology/published.hpp"

#include <acpi/header.hpp>

#include <hetmem/error.hpp>

#include <algorithm>

#include <fmt/format.h>

namespace hetmem::detail {

namespace {

using bytes = std::vector<std::byte>;

/// What the kernel has of one signature, its own numbering first to last.
struct kernels_tables {
    std::vector<kernel::acpi_table> tables;
    bool hidden = false; ///< they are there and may not be read
};

kernels_tables tables_of(const kernel::rooted_reader& reader, const std::string& signature) {
    kernels_tables found;
    auto all = kernel::read_acpi_tables(reader, {signature});
    found.hidden = all.listed.not_permitted() || std::ranges::any_of(all.tables, [](const auto& t) {
                       return t.read.not_permitted();
                   });
    found.tables = std::move(all.tables);
    return found;
}

std::string oem_text(const acpi::table_header& header) {
    return fmt::format("\"{}\" \"{}\"", acpi::field_text(header.oem_id),
                       acpi::field_text(header.oem_table_id));
}

std::string file_of(const kernel::acpi_table& table) {
    return fmt::format("/sys/firmware/acpi/tables/{}", table.file_name);
}

/// Options with which Linux looks at no table of NUMA, or not at the HMAT.
std::optional<std::string> option_against(const kernel::rooted_reader& reader,
                                          std::string_view signature) {
    const kernel::read_result line = reader.read("proc/cmdline");
    std::string_view words = line.text;
    for (auto word = kernel::next_word(words); !word.empty(); word = kernel::next_word(words)) {
        const bool all = word == "numa=off" || word == "numa=noacpi" || word == "acpi=off";
        if (all || (word == "numa=nohmat" && signature == "HMAT")) {
            return std::string(word);
        }
    }
    return std::nullopt;
}

/// What an initrd of the running kernel says about it; "" when one holds the table.
std::string missing_in_initrd(const override_record& record, const overridden_table& table,
                              const bytes& ours, const kernel::rooted_reader& reader) {
    const std::string release = kernel::read_machine(reader).kernel_release;
    std::string missing;
    for (const kernel::initrd& initrd : kernel::find_initrds(reader)) {
        if (initrd.release != release) {
            continue;
        }
        try {
            const auto early = kernel::read_early_tables(reader, initrd.path);
            if (std::ranges::any_of(early, [&](const auto& one) { return one.bytes == ours; })) {
                return "";
            }
            missing = fmt::format("/{} does not hold the {}", initrd.path, table.signature);
        } catch (const error& e) {
            missing = e.what();
        }
    }
    if (missing.empty() && std::ranges::none_of(record.initrds, [&](const std::string& name) {
            return name.find(release) != std::string::npos;
        })) {
        missing =
            fmt::format("kernel {} has no initrd that holds the {}", release, table.signature);
    }
    return missing;
}

/// Why the kernel does not have a table of ours, as far as can be seen.
std::string why_not(const override_record& record, const overridden_table& table, const bytes& ours,
                    const kernels_tables& found, const kernel::rooted_reader& reader) {
    for (std::size_t at = 1; at < found.tables.size(); ++at) {
        if (found.tables[at].bytes == ours) {
            return fmt::format("the kernel added it as {} and uses {}: their OEM IDs differ",
                               file_of(found.tables[at]), file_of(found.tables[0]));
        }
    }
    const kernel::lockdown locked = kernel::read_lockdown(reader);
    const std::string release = kernel::read_machine(reader).kernel_release;
    if (locked.on() && lockdown_stops_overrides(release)) {
        return fmt::format("the kernel is locked down ({}), and {} takes no tables then",
                           locked.level, release);
    }
    if (!found.tables.empty()) {
        const auto theirs = acpi::read_header(found.tables[0].bytes);
        const auto mine = acpi::read_header(ours);
        if (theirs && mine &&
            (theirs->oem_id != mine->oem_id || theirs->oem_table_id != mine->oem_table_id)) {
            return fmt::format("the firmware's has another OEM ID now: {}, ours {}",
                               oem_text(*theirs), oem_text(*mine));
        }
        if (theirs && mine && theirs->oem_revision >= mine->oem_revision) {
            return fmt::format("the firmware's has OEM revision {}, and ours is not higher ({})",
                               theirs->oem_revision, mine->oem_revision);
        }
    }
    const std::string missing = missing_in_initrd(record, table, ours, reader);
    return missing.empty() ? "the kernel was started by an entry that goes without it" : missing;
}

enum class there : std::uint8_t { yes, no, unknown };

there look_for(const override_record& record, const overridden_table& table,
               const kernel::rooted_reader& reader, std::vector<std::string>& why) {
    const kernels_tables found = tables_of(reader, table.signature);
    bytes ours;
    const kernel::outcome read = reader.top().read_bytes(
        fmt::format("{}/tables/{}", override_directory, early_name(table.signature)),
        kernel::acpi_table_limit, ours);
    if (!read) {
        why.push_back(fmt::format("{}: what was installed cannot be read{}", table.signature,
                                  read.not_permitted() ? "; root can" : ""));
        return there::unknown;
    }
    if (found.hidden) {
        why.push_back(fmt::format("{}: only root may read what the kernel uses", table.signature));
        return there::unknown;
    }
    if (found.tables.empty() || found.tables[0].bytes != ours) {
        why.push_back(
            fmt::format("{}: {}", table.signature, why_not(record, table, ours, found, reader)));
        return there::no;
    }
    if (const auto option = option_against(reader, table.signature)) {
        why.push_back(fmt::format("{}: the kernel has it, but was told not to use it: {}",
                                  table.signature, *option));
        return there::no;
    }
    return there::yes;
}

} // namespace

bool lockdown_stops_overrides(std::string_view kernel_release) {
    constexpr linux_version first_that_takes_them{6, 12};
    const auto version = parse_linux_version(kernel_release);
    return !version || *version < first_that_takes_them;
}

override_verdict judge_override(const override_record& record,
                                const kernel::rooted_reader& reader) {
    override_verdict verdict;
    const kernel::dmi now = kernel::read_dmi(reader);
    const kernel::dmi& then = record.machine;
    if (!now.machine.empty() && !then.machine.empty() && now.machine != then.machine) {
        verdict.other_machine = fmt::format("It was made for another machine ({}; this is {}).",
                                            then.machine, now.machine);
    }
    if (verdict.other_machine.empty() && now.bios_version != then.bios_version &&
        !now.bios_version.empty()) {
        verdict.stale = fmt::format("The firmware was {} {} ({}) when it was made, and is {} {} "
                                    "({}) now.",
                                    then.bios_vendor, then.bios_version, then.bios_date,
                                    now.bios_vendor, now.bios_version, now.bios_date);
    }
    std::size_t in_force = 0;
    bool unknown = false;
    for (const overridden_table& table : record.tables) {
        const there is = look_for(record, table, reader, verdict.why);
        in_force += is == there::yes ? 1 : 0;
        unknown = unknown || is == there::unknown;
    }
    const std::string boot = boot_id(reader);
    if (in_force == record.tables.size()) {
        verdict.is = override_state::in_force;
    } else if (!boot.empty() && boot == record.boot_id) {
        verdict.is = override_state::pending;
        verdict.why = {"The machine was not restarted since it was installed."};
    } else {
        verdict.is = unknown ? override_state::unknown : override_state::ignored;
    }
    return verdict;
}

} // namespace hetmem::detail
