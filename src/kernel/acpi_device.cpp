#include "kernel/acpi_device.hpp"

#include "kernel/text.hpp"

#include <limits>

namespace hetmem::kernel {
namespace {

/// A _UID is a number or a text; a table has "4" where the kernel may print "04".
bool same_uid(std::string_view a, std::string_view b) {
    const std::optional<std::uint64_t> number = parse_u64(a);
    return a == b || (number && number == parse_u64(b));
}

} // namespace

std::optional<acpi_device> find_acpi_device(const rooted_reader& reader, std::string_view hid,
                                            std::string_view uid) {
    const directory devices = reader.open("sys/bus/acpi/devices");
    std::optional<acpi_device> found;
    // Devices are called <_HID>:<instance>, so that names alone rule out nearly all of them.
    devices.for_each([&](std::string_view name, entry_kind) {
        const std::size_t colon = name.rfind(':');
        if (found || colon == std::string_view::npos || name.substr(0, colon) != hid) {
            return;
        }
        const std::string device(name);
        const std::optional<std::string> its_uid = devices.read_line(device + "/uid");
        if (its_uid && same_uid(*its_uid, uid) && devices.read_line(device + "/hid") == hid) {
            found = acpi_device{device, devices.read_node(device + "/physical_node/numa_node")};
        }
    });
    return found;
}

std::optional<std::uint32_t> processor_uid(const rooted_reader& reader, unsigned cpu) {
    const std::optional<std::uint64_t> uid = reader.top().read_any_base(
        "sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/firmware_node/uid");
    if (!uid || *uid > std::numeric_limits<std::uint32_t>::max()) {
        return std::nullopt;
    }
    return static_cast<std::uint32_t>(*uid);
}

} // namespace hetmem::kernel
