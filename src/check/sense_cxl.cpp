// The windows of the CEDT beside the SRAT.
#include "check/parts.hpp"
#include "check/sense.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace hetmem::detail {
namespace {

bool ends_within_64_bits(const acpi::cxl_window& window) {
    return window.size > 0 && window.size - 1 <= ~window.base;
}

/// The domains whose memory ranges share addresses with a window, ascending.
std::vector<std::uint32_t> domains_in(const address_range& window, const srat_domains& domains) {
    std::set<std::uint32_t> found;
    for (const srat_range& r : domains.ranges) {
        if (r.range.base > last_of(window)) {
            break;
        }
        if (last_of(r.range) >= window.base) {
            found.insert(r.pxm);
        }
    }
    return {found.begin(), found.end()};
}

void look_at_domains(const acpi::cedt& cedt, const srat_domains& domains, check_result& result) {
    told several(result, "cxl-window-domains");
    told none(result, "cxl-window-outside-srat");
    // Every window is compared with every range: more than a machine has are not looked at.
    constexpr std::size_t most_windows = 1024;
    const std::size_t count = std::min(cedt.windows.size(), most_windows);
    if (count < cedt.windows.size()) {
        result.not_looked_at.push_back(
            fmt::format("CXL windows: {} of {}", cedt.windows.size() - count, cedt.windows.size()));
    }
    for (const acpi::cxl_window& window : std::span(cedt.windows).first(count)) {
        if (!ends_within_64_bits(window)) {
            continue; // a fault of form
        }
        const address_range range{window.base, window.size};
        const auto in = domains_in(range, domains);
        if (in.empty()) {
            none.add(to_text(range), [&] {
                return fmt::format("The window at offset {} of the CEDT shares no address with a "
                                   "range of the SRAT.",
                                   window.offset);
            });
        } else if (in.size() > 1) {
            several.add(to_text(range), [&] {
                return fmt::format("The window at offset {} of the CEDT lies in {}.", window.offset,
                                   list_of_domains(in));
            });
        }
    }
}

void look_at_bridges(const acpi::cedt& cedt, const acpi::srat* srat, check_result& result) {
    told missing(result, "cxl-bridge-missing");
    std::set<std::uint32_t> bridges;
    for (const acpi::cxl_host_bridge& bridge : cedt.host_bridges) {
        bridges.insert(bridge.uid);
    }
    for (const acpi::cxl_window& window : cedt.windows) {
        for (const std::uint32_t uid : window.host_bridges) {
            if (!bridges.contains(uid)) {
                missing.add(fmt::format("CEDT, offset {}", window.offset), [&] {
                    return fmt::format("The window is made of host bridge {}, which the CEDT "
                                       "does not have.",
                                       uid);
                });
            }
        }
    }
    if (srat == nullptr) {
        return;
    }
    const auto offsets = structure_offsets(*srat);
    for (std::size_t i = 0; i < srat->structures.size(); ++i) {
        const auto* port = std::get_if<acpi::generic_affinity>(&srat->structures[i]);
        if (port == nullptr || !port->is_port() || !port->enabled()) {
            continue;
        }
        const acpi::device_handle handle = port->device();
        const auto* device = std::get_if<acpi::acpi_device>(&handle);
        if (device != nullptr && device->hid == "ACPI0016" && !bridges.contains(device->uid)) {
            missing.add(fmt::format("SRAT, offset {}", offsets[i]), [&] {
                return fmt::format("The Generic Port of domain {} is host bridge {}, which the "
                                   "CEDT does not have.",
                                   port->proximity_domain, device->uid);
            });
        }
    }
}

} // namespace

void check_cxl_windows(const check_subject& subject, check_result& result) {
    const acpi::cedt* const cedt = table_of(subject.cedt);
    if (cedt == nullptr) {
        return;
    }
    const acpi::srat* const srat = table_of(subject.srat);
    look_at_bridges(*cedt, srat, result);
    if (srat != nullptr) {
        look_at_domains(*cedt, domains_of(*srat), result);
    }
}

} // namespace hetmem::detail
