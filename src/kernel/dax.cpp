#include "kernel/dax.hpp"

#include "kernel/text.hpp"

#include <algorithm>

namespace hetmem::kernel {
namespace {

/// "" when none is bound.
std::string driver_of(const directory& device) {
    const std::optional<std::string> driver = device.read_link("driver");
    return driver ? driver->substr(driver->rfind('/') + 1) : "";
}

dax_device read_device(const directory& device, const std::string& name) {
    dax_device found;
    found.name = name;
    found.size_bytes = device.read_any_base("size");
    found.align_bytes = device.read_any_base("align");
    found.target_node = device.read_node("target_node");
    found.numa_node = device.read_node("numa_node");
    const read_result resource = device.read("resource");
    found.resource = resource ? parse_any_base(resource.text) : std::nullopt;
    found.resource_hidden = resource.not_permitted();
    found.driver = driver_of(device);
    return found;
}

} // namespace

bool is_dax_device_name(std::string_view name) {
    const std::size_t dot = name.find('.');
    return dot != std::string_view::npos && number_after("dax", name.substr(0, dot)) &&
           number_after("", name.substr(dot + 1));
}

bool maps_its_pages(const rooted_reader& reader, const std::string& name) {
    const directory devices = reader.open("sys/bus/dax/devices");
    return !devices || driver_of(devices.open(name)) == "device_dax";
}

std::vector<dax_device> read_dax_devices(const rooted_reader& reader) {
    directory devices = reader.open("sys/bus/dax/devices");
    if (!devices) {
        devices = reader.open("sys/class/dax"); // before Linux 5.1
    }
    std::vector<std::string> names;
    devices.for_each([&](std::string_view name, entry_kind) {
        if (is_dax_device_name(name)) {
            names.emplace_back(name);
        }
    });
    std::sort(names.begin(), names.end(), natural_less);
    std::vector<dax_device> found;
    for (const std::string& name : names) {
        const directory device = devices.open(name);
        if (!device) {
            continue; // it went away meanwhile
        }
        dax_device one = read_device(device, name);
        one.device_path = reader.real_path(device.path()).value_or("");
        found.push_back(std::move(one));
    }
    return found;
}

} // namespace hetmem::kernel
