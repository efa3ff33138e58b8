// check/override_record.hpp: what `hetmem override --install` left behind, and what became of it.
//
//     if (const auto record = read_override_record(reader)) {
//         const override_verdict verdict = judge_override(*record, reader);
//     }
//
// In /var/lib/hetmem/override: override.json (the record, for everybody), tables/HMAT.aml ... (what
// the kernel is to take), original/HMAT ... (what the firmware had; root only).
#pragma once

#include "kernel/dmi.hpp"
#include "kernel/rooted.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hetmem::detail {

inline constexpr std::string_view override_directory = "var/lib/hetmem/override";
/// "HMAT.aml": below override_directory/tables/ and kernel/firmware/acpi/.
std::string early_name(std::string_view signature);

struct overridden_table {
    std::string signature;
    std::string oem_id; ///< for people: without spaces at the end
    std::string oem_table_id;
    std::uint32_t oem_revision = 0;
    std::uint64_t length = 0;
    /// OEM revision of the firmware's own; nothing: the firmware has no such table.
    std::optional<std::uint32_t> replaces;
    friend bool operator==(const overridden_table&, const overridden_table&) = default;
};

struct override_record {
    std::string time;    ///< when it was installed, "2026-11-23T08:00:00Z"
    std::string boot_id; ///< of the boot in which it was
    std::string kernel;  ///< release that ran then
    kernel::dmi machine; ///< for which it was made
    std::string method;  ///< "initramfs-tools", "dracut"
    std::vector<overridden_table> tables;
    /// Made for it, besides those in override_directory; a directory ends with a slash.
    std::vector<std::string> files;
    std::vector<std::string> initrds; ///< that hold the tables
    friend bool operator==(const override_record&, const override_record&) = default;
};

std::string to_json(const override_record& record);
/// Throws malformed_file; `name` is what the error calls the text.
override_record override_record_from(std::string_view text, std::string_view name);

/// Nothing: no override is installed. Throws malformed_file, not_permitted.
std::optional<override_record> read_override_record(const kernel::rooted_reader& reader);

enum class override_state : std::uint8_t {
    in_force, ///< all tables are what the kernel uses
    pending,  ///< the machine was not restarted since
    ignored,  ///< the kernel does not use (all of) them: see why
    unknown,  ///< the tables cannot be read: root is needed
};
std::string_view to_string(override_state);

struct override_verdict {
    override_state is = override_state::unknown;
    std::vector<std::string> why; ///< each a sentence; when ignored, the reasons
    /// The firmware is another version than the one that the tables were made for: a sentence.
    std::string stale;
    std::string other_machine; ///< the machine is another one: a sentence
};

/// Whether a kernel ignores tables of the initrd when it is locked down: 6.1 does, 6.12 was seen to
/// take them (with lockdown=integrity). A release of an unknown form is taken for an old one.
bool lockdown_stops_overrides(std::string_view kernel_release);

/// Compares what the kernel has with what was installed. Passive.
override_verdict judge_override(const override_record& record, const kernel::rooted_reader& reader);

} // namespace hetmem::detail
