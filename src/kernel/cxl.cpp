#include "kernel/cxl.hpp"

#include "kernel/dax.hpp"
#include "kernel/text.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace hetmem::kernel {
namespace {

// A CDAT has a few hundred bytes. Far more than that is no CDAT.
constexpr std::size_t cdat_limit = std::size_t{1} << 20;
// A region is interleaved over a few dozen devices at most.
constexpr unsigned target_limit = 1024;

struct names_by_kind {
    std::vector<std::string> memdevs;
    std::vector<std::string> regions;
    std::vector<std::string> endpoints;
};

names_by_kind list(const directory& devices) {
    names_by_kind names;
    devices.for_each([&](std::string_view name, entry_kind) {
        if (number_after("mem", name)) {
            names.memdevs.emplace_back(name);
        } else if (number_after("region", name)) {
            names.regions.emplace_back(name);
        } else if (number_after("endpoint", name)) {
            names.endpoints.emplace_back(name);
        }
    });
    for (std::vector<std::string>* const some :
         {&names.memdevs, &names.regions, &names.endpoints}) {
        std::sort(some->begin(), some->end(), natural_less);
    }
    return names;
}

cxl_memdev read_memdev(const rooted_reader& reader, const directory& device,
                       const std::string& name) {
    return {name, device.read_any_base("ram/size"), device.read_any_base("pmem/size"),
            device.read_node("numa_node"), reader.real_path(device.path()).value_or("")};
}

cxl_endpoint read_endpoint(const directory& device, const std::string& name) {
    cxl_endpoint endpoint;
    endpoint.name = name;
    if (const std::optional<std::string> port = device.read_link("uport")) {
        const std::string_view target = std::string_view(*port).substr(port->rfind('/') + 1);
        if (number_after("mem", target)) {
            endpoint.memdev = target;
        }
    }
    endpoint.cdat_read = device.read_bytes("CDAT", cdat_limit, endpoint.cdat);
    return endpoint;
}

std::optional<cxl_figures> read_figures(const directory& region, std::string_view name) {
    const directory access = region.open(name);
    if (!access) {
        return std::nullopt;
    }
    return cxl_figures{access.read_u64("read_latency"), access.read_u64("write_latency"),
                       access.read_u64("read_bandwidth"), access.read_u64("write_bandwidth")};
}

/// "decoder3.0" is a decoder of port 3: of endpoint3 when that is an endpoint.
const cxl_endpoint* endpoint_of(std::string_view decoder,
                                const std::vector<cxl_endpoint>& endpoints) {
    const std::optional<unsigned> port =
        number_after("decoder", decoder.substr(0, decoder.find('.')));
    if (!port) {
        return nullptr;
    }
    const std::string name = "endpoint" + std::to_string(*port);
    const auto at = std::find_if(endpoints.begin(), endpoints.end(),
                                 [&](const cxl_endpoint& one) { return one.name == name; });
    return at == endpoints.end() ? nullptr : &*at;
}

cxl_region read_region(const directory& device, const std::string& name,
                       const std::vector<cxl_endpoint>& endpoints) {
    cxl_region region;
    region.name = name;
    region.size_bytes = device.read_any_base("size");
    region.resource = device.read_any_base("resource");
    region.mode = device.read_line("mode").value_or("");
    region.access0 = read_figures(device, "access0");
    region.access1 = read_figures(device, "access1");

    std::vector<unsigned> targets;
    std::vector<std::string> dax_regions;
    device.for_each([&](std::string_view entry, entry_kind) {
        if (const std::optional<unsigned> target = number_after("target", entry)) {
            if (*target < target_limit) {
                targets.push_back(*target);
            }
        } else if (entry.starts_with("dax_region")) {
            dax_regions.emplace_back(entry);
        }
    });
    std::sort(targets.begin(), targets.end());
    for (const unsigned target : targets) {
        // An unused position is an empty line.
        std::string decoder = device.read_line("target" + std::to_string(target)).value_or("");
        if (decoder.empty()) {
            continue;
        }
        const cxl_endpoint* const endpoint = endpoint_of(decoder, endpoints);
        if (endpoint != nullptr && !endpoint->memdev.empty() &&
            std::find(region.memdevs.begin(), region.memdevs.end(), endpoint->memdev) ==
                region.memdevs.end()) {
            region.memdevs.push_back(endpoint->memdev);
        }
        region.targets.push_back(std::move(decoder));
    }
    for (const std::string& dax_region : dax_regions) {
        device.open(dax_region).for_each([&](std::string_view entry, entry_kind) {
            if (is_dax_device_name(entry)) {
                region.dax_devices.emplace_back(entry);
            }
        });
    }
    std::sort(region.dax_devices.begin(), region.dax_devices.end(), natural_less);
    return region;
}

} // namespace

cxl_devices read_cxl_devices(const rooted_reader& reader) {
    cxl_devices found;
    const directory devices = reader.open("sys/bus/cxl/devices");
    if (!devices) {
        return found;
    }
    const names_by_kind names = list(devices);
    // Each may vanish between listing and opening: hotplug.
    for (const std::string& name : names.memdevs) {
        if (const directory device = devices.open(name)) {
            found.memdevs.push_back(read_memdev(reader, device, name));
        }
    }
    for (const std::string& name : names.endpoints) {
        if (const directory device = devices.open(name)) {
            found.endpoints.push_back(read_endpoint(device, name));
        }
    }
    for (const std::string& name : names.regions) {
        if (const directory device = devices.open(name)) {
            found.regions.push_back(read_region(device, name, found.endpoints));
        }
    }
    return found;
}

} // namespace hetmem::kernel
