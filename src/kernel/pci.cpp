#include "kernel/pci.hpp"

#include <string>

namespace hetmem::kernel {
namespace {

/// Nothing when the address could lead elsewhere than to a device.
std::optional<std::string> device_path(std::string_view address) {
    if (address.empty() ||
        address.find_first_not_of("0123456789abcdefABCDEF:.") != std::string_view::npos ||
        address.find_first_not_of('.') == std::string_view::npos) {
        return std::nullopt;
    }
    return "sys/bus/pci/devices/" + std::string(address);
}

} // namespace

std::optional<int> pci_numa_node(const rooted_reader& reader, std::string_view address) {
    const std::optional<std::string> path = device_path(address);
    return path ? reader.top().read_node(*path + "/numa_node") : std::nullopt;
}

bool pci_device_exists(const rooted_reader& reader, std::string_view address) {
    const std::optional<std::string> path = device_path(address);
    return path && static_cast<bool>(reader.open(*path));
}

} // namespace hetmem::kernel
