// kernel/cxl.hpp: CXL memory devices, regions and endpoints (/sys/bus/cxl/devices).
#pragma once

#include "kernel/node.hpp"
#include "kernel/rooted.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hetmem::kernel {

/// memN: a CXL type-3 device. Its serial number is not read.
struct cxl_memdev {
    std::string name; ///< "mem0"
    std::optional<std::uint64_t> ram_bytes;
    std::optional<std::uint64_t> pmem_bytes;
    std::optional<int> numa_node;
    std::string device_path; ///< resolved, relative to the root
};

/// The part of access_class that a region has.
struct cxl_figures {
    std::optional<std::uint64_t> read_latency_ns;
    std::optional<std::uint64_t> write_latency_ns;
    std::optional<std::uint64_t> read_bandwidth_mb;
    std::optional<std::uint64_t> write_bandwidth_mb;
};

/// regionN: a range of physical addresses, interleaved over one or more devices.
struct cxl_region {
    std::string name; ///< "region0"
    std::optional<std::uint64_t> size_bytes;
    std::optional<std::uint64_t> resource; ///< physical address; ordinary users are not told
    std::string mode;                      ///< "ram", "pmem", or "" when unknown
    std::vector<std::string> targets;      ///< endpoint decoders, "decoder3.0"
    std::vector<std::string> memdevs;      ///< the devices of `targets`, each once
    std::optional<cxl_figures> access0;    ///< end to end; since Linux 6.9
    std::optional<cxl_figures> access1;
    std::vector<std::string> dax_devices; ///< below the region: "dax0.0"
};

/// endpointN: the port of a memory device, which holds its CDAT.
struct cxl_endpoint {
    std::string name;            ///< "endpoint2"
    std::string memdev;          ///< "mem0"; "" when it could not be told
    outcome cdat_read;           ///< whether there is a CDAT and whether this user may read it
    std::vector<std::byte> cdat; ///< as the device gave it
};

struct cxl_devices {
    std::vector<cxl_memdev> memdevs;
    std::vector<cxl_region> regions;
    std::vector<cxl_endpoint> endpoints;
};

/// All in natural order of the names.
cxl_devices read_cxl_devices(const rooted_reader& reader);

} // namespace hetmem::kernel
