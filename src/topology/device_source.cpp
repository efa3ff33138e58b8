#include "topology/device_source.hpp"

#include "topology/notices.hpp"
#include "topology/sizes.hpp"

#include <acpi/cdat.hpp>

#include <iterator>

#include <fmt/format.h>

namespace hetmem::detail {

namespace {

/// The driver core puts a device below what made it, so its path tells where the memory is from.
std::string origin_of(const kernel::dax_device& device) {
    const std::string_view path = device.device_path;
    if (path.find("/hmem") != std::string_view::npos) {
        return "soft-reserved"; // drivers/dax/hmem: platform devices hmem.N
    }
    if (path.find("/ndbus") != std::string_view::npos) {
        return "pmem"; // drivers/nvdimm
    }
    if (path.find("/dax_region") != std::string_view::npos ||
        path.find("/decoder") != std::string_view::npos) {
        return "cxl"; // drivers/cxl/core/region.c
    }
    return {};
}

template <class Unit>
void set_leg(figure<Unit>& to, const acpi::cell& value, Unit (*make)(std::uint64_t)) {
    if (value.state == acpi::cell_state::known) {
        to = {knowledge::known, make(value.value), source::cdat};
    } else if (value.state == acpi::cell_state::unreachable) {
        to = {knowledge::unreachable, Unit{}, source::cdat};
    }
}

void set_leg(access& to, acpi::data_type kind, const acpi::cell& value) {
    using acpi::data_type;
    if (kind == data_type::access_latency || kind == data_type::read_latency) {
        set_leg(to.read_latency, value, latency::from_picoseconds);
    }
    if (kind == data_type::access_latency || kind == data_type::write_latency) {
        set_leg(to.write_latency, value, latency::from_picoseconds);
    }
    if (kind == data_type::access_bandwidth || kind == data_type::read_bandwidth) {
        set_leg(to.read_bandwidth, value, bandwidth::from_bytes_per_second);
    }
    if (kind == data_type::access_bandwidth || kind == data_type::write_bandwidth) {
        set_leg(to.write_bandwidth, value, bandwidth::from_bytes_per_second);
    }
}

/// One leg a DSMAS, with the figures of the DSLBIS that carry its handle.
std::vector<device_leg> legs_of(const std::string& device, const acpi::cdat& cdat) {
    std::vector<device_leg> legs;
    std::vector<std::uint8_t> handles;
    for (const acpi::cdat_structure& structure : cdat.structures) {
        if (const auto* range = std::get_if<acpi::dsmas>(&structure)) {
            legs.push_back(
                {device, {range->dpa_base, range->dpa_length}, range->non_volatile(), {}});
            handles.push_back(range->handle);
        }
    }
    for (const acpi::cdat_structure& structure : cdat.structures) {
        const auto* figures = std::get_if<acpi::dslbis>(&structure);
        if (figures == nullptr || figures->hierarchy() != 0) {
            continue;
        }
        for (std::size_t n = 0; n < legs.size(); ++n) {
            if (handles[n] == figures->handle) {
                set_leg(legs[n].figures, figures->kind, figures->value());
            }
        }
    }
    return legs;
}

} // namespace

device_facts read_devices(const kernel::rooted_reader& reader) {
    device_facts facts;
    for (kernel::dax_device& device : kernel::read_dax_devices(reader)) {
        if (device.size_bytes.value_or(0) == 0) {
            continue; // a seed that holds nothing
        }
        dax_device out;
        out.origin = origin_of(device);
        out.name = std::move(device.name);
        out.size = byte_size::from_bytes(*device.size_bytes);
        out.align = size_of(device.align_bytes);
        out.driver = std::move(device.driver);
        out.target_node = device.target_node;
        out.resource = device.resource;
        facts.dax_devices.push_back({std::move(out), device.numa_node});
    }
    facts.reports.push_back(
        {"dax devices", "/sys/bus/dax/devices",
         facts.dax_devices.empty() ? source_status::absent : source_status::used, ""});

    kernel::cxl_devices cxl = kernel::read_cxl_devices(reader);
    facts.memdevs = std::move(cxl.memdevs);
    facts.regions = std::move(cxl.regions);
    facts.reports.push_back({"CXL devices", "/sys/bus/cxl/devices",
                             facts.memdevs.empty() ? source_status::absent : source_status::used,
                             ""});
    std::string refused;
    for (const kernel::cxl_endpoint& endpoint : cxl.endpoints) {
        source_report report{"CDAT of " +
                                 (endpoint.memdev.empty() ? endpoint.name : endpoint.memdev),
                             fmt::format("/sys/bus/cxl/devices/{}/CDAT", endpoint.name),
                             source_status::used, "the device's leg of the path only"};
        if (endpoint.cdat_read.not_permitted()) {
            report.status = source_status::not_permitted;
            report.detail = for_root_only;
            refused += (refused.empty() ? "" : ", ") + endpoint.memdev;
        } else if (!endpoint.cdat_read || endpoint.cdat.empty()) {
            report.status = source_status::absent;
            report.detail = "";
        } else {
            auto decoded = acpi::decode_cdat(endpoint.cdat);
            if (!decoded.defects.empty()) {
                report.status = source_status::malformed;
            }
            if (decoded.table) {
                facts.legs[endpoint.memdev] = legs_of(endpoint.memdev, *decoded.table);
            }
            facts.defects.insert(facts.defects.end(),
                                 std::make_move_iterator(decoded.defects.begin()),
                                 std::make_move_iterator(decoded.defects.end()));
        }
        facts.reports.push_back(std::move(report));
    }
    if (!refused.empty()) {
        facts.notices.push_back({fmt::format("CDAT of {}", refused), std::string(for_root_only),
                                 "run as root to see the devices' own figures"});
    }
    return facts;
}

} // namespace hetmem::detail
