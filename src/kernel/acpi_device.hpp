// kernel/acpi_device.hpp: devices and processors by the names that ACPI tables use for them.
#pragma once

#include "kernel/rooted.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hetmem::kernel {

struct acpi_device {
    std::string name;             ///< "ACPI0016:00"
    std::optional<int> numa_node; ///< of its physical_node; nothing when it has none
};

/// The device with this _HID and _UID (/sys/bus/acpi/devices/*/{hid,uid}). Nothing when no device
/// is called so.
std::optional<acpi_device> find_acpi_device(const rooted_reader& reader, std::string_view hid,
                                            std::string_view uid);

/// The ACPI processor UID of a CPU (cpuN/firmware_node/uid), which SRAT types 3 and 7 name.
std::optional<std::uint32_t> processor_uid(const rooted_reader& reader, unsigned cpu);

} // namespace hetmem::kernel
