// daemon/acpi_call.hpp: evaluating by the kernel itself, where the module acpi_call (Debian:
// acpi-call-dkms) is loaded. It answers through /proc/acpi/call, which root may write and read.
#pragma once

#include "daemon/acpiexec.hpp"

#include <filesystem>
#include <string_view>

namespace hetmem::daemon {

inline constexpr std::string_view acpi_call_file = "proc/acpi/call";

/// "not found" is a failure of its own, since it means no trouble.
struct called : evaluated {
    bool no_such_method = false;
};

/// Evaluates a method without arguments. `file` is /proc/acpi/call.
called call_method(const std::filesystem::path& file, std::string_view path);

/// Reads "{0x48, 0x4d, ...}", "Error: AE_NOT_FOUND" and what else the module answers. Its memory
/// for that is limited: an answer that was cut is a failure. Pure; fuzzed.
called parse_answer(std::string_view answer);

} // namespace hetmem::daemon
