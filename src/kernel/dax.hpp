// kernel/dax.hpp: device-dax devices (/sys/bus/dax/devices, /sys/class/dax on old kernels).
#pragma once

#include "kernel/rooted.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hetmem::kernel {

struct dax_device {
    std::string name; ///< "dax0.0"
    std::optional<std::uint64_t> size_bytes;
    std::optional<std::uint64_t> align_bytes;
    std::optional<int> target_node;        ///< the node it would become when onlined
    std::optional<int> numa_node;          ///< the nearest node that was online when it was found
    std::optional<std::uint64_t> resource; ///< physical address; ordinary users are not told
    bool resource_hidden = false;          ///< it is there but this user may not know it
    std::string driver;                    ///< "device_dax", "kmem", or "" when none is bound
    /// Where the device hangs, relative to the root with links resolved, for example
    /// "sys/devices/platform/hmem.0/dax0.0": tells what the memory comes from. "" when unknown.
    std::string device_path;
};

/// Whether this is the name of such a device: "dax0.0", not "dax_region0".
bool is_dax_device_name(std::string_view name);

/// Whether mappings of a device lead to its pages: the kernel takes them away with the driver, and
/// touching what was there ends in SIGBUS. Where no devices are shown they are believed to.
bool maps_its_pages(const rooted_reader& reader, const std::string& name);

/// In natural order of the names (dax2.0 before dax10.0).
std::vector<dax_device> read_dax_devices(const rooted_reader& reader);

} // namespace hetmem::kernel
