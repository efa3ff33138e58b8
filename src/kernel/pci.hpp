// kernel/pci.hpp: the node of a PCI device.
#pragma once

#include "kernel/rooted.hpp"

#include <optional>
#include <string_view>

namespace hetmem::kernel {

/// `address` as in "0000:00:03.0". Nothing when there is no such device or it has no node.
std::optional<int> pci_numa_node(const rooted_reader& reader, std::string_view address);

/// Whether there is a device at this address.
bool pci_device_exists(const rooted_reader& reader, std::string_view address);

} // namespace hetmem::kernel
