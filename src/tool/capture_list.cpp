#include "tool/capture_list.hpp"

#include <algorithm>

namespace hetmem::tool {
namespace {

/// What stands before the colon, without white space around it.
std::string_view key_of(std::string_view line) {
    const std::string_view key = line.substr(0, line.find(':'));
    const std::size_t start = std::min(key.find_first_not_of(" \t"), key.size());
    return key.substr(start, key.find_last_not_of(" \t\n") + 1 - start);
}

bool one_of(std::span<const std::string_view> keys, std::string_view line) {
    return std::ranges::find(keys, key_of(line)) != keys.end();
}

// The keys that tell a model of processor, and APIC ids: no serial number (some boards print one),
// and not the flags, which are most of the file.
bool tells_processor(std::string_view line) {
    constexpr std::string_view keys[] = {
        "processor", "apicid",    "model name",   "Model Name", "cpu model",       "cpu",
        "uarch",     "vendor_id", "cpu family",   "model",      "CPU implementer", "mvendorid",
        "stepping",  "CPU part",  "CPU revision",
    };
    return one_of(keys, line);
}

bool tells_amount(std::string_view line) {
    constexpr std::string_view keys[] = {"MemTotal", "MemFree"};
    return one_of(keys, line);
}

bool tells_system(std::string_view line) {
    constexpr std::string_view keys[] = {"Architecture", "OSRelease"};
    return one_of(keys, line);
}

bool tells_zone_size(std::string_view line) {
    return line.starts_with("Node ") || line.find(" present ") != std::string_view::npos;
}

/// The id of a boot is left out, which is a line of its own (topology/adopted.hpp).
bool tells_origin(std::string_view line) {
    return key_of(line) != "\"boot_id\"";
}

/// What the machine is called, too (topology/measured_json.cpp).
bool tells_figures(std::string_view line) {
    return key_of(line) != "\"modalias\"";
}

/// What the memory map is made of where there is no /sys/firmware/memmap; not which devices there
/// are.
bool is_memory(std::string_view line) {
    constexpr std::string_view kinds[] = {" : System RAM", " : Soft Reserved",
                                          " : Persistent Memory"};
    return std::ranges::any_of(
        kinds, [&](std::string_view kind) { return line.find(kind) != std::string_view::npos; });
}

constexpr bool names_only = true;
constexpr bool contents = false;

constexpr captured_files list[] = {
    // nodes
    {"sys/devices/system/node/{online,possible,has_cpu,has_memory,has_generic_initiator}"},
    {"sys/devices/system/node/node#/{cpulist,cpumap,meminfo,distance}"},
    {"sys/devices/system/node/node#/access#/initiators/"
     "{read_latency,write_latency,read_bandwidth,write_bandwidth}"},
    {"sys/devices/system/node/node#/access#/initiators/node#", names_only},
    {"sys/devices/system/node/node#/memory_side_cache/index#/"
     "{size,line_size,indexing,write_policy,address_mode}"},
    {"sys/devices/system/node/node#/hugepages/hugepages-#kB/{nr_hugepages,free_hugepages}"},
    {"proc/meminfo", contents, tells_amount}, // the only one of a kernel without nodes

    // memory blocks
    {"sys/devices/system/node/node#/memory#", names_only},
    {"sys/devices/system/memory/{block_size_bytes,auto_online_blocks}"},
    {"sys/devices/system/memory/memory#/{state,valid_zones}"},
    {"proc/zoneinfo", contents, tells_zone_size},

    // tiers, demotion, weights
    {"sys/devices/virtual/memory_tiering/memory_tier#/nodelist"},
    {"sys/kernel/mm/numa/demotion_enabled"},
    {"sys/kernel/mm/mempolicy/weighted_interleave/node#"},
    {"sys/fs/cgroup/cgroup.controllers"},
    {"sys/fs/cgroup/{init.scope,system.slice,user.slice,machine.slice}/"
     "{cpuset.mems.effective,cgroup.events}"},

    // device-dax
    {"sys/{bus/dax/devices,class/dax}/dax#.#/{size,align,target_node,numa_node,resource}"},
    {"sys/{bus/dax/devices,class/dax}/dax#.#/driver", names_only},

    // CXL: no serial numbers of devices, no uuids of regions
    {"sys/bus/cxl/devices/mem#/{ram/size,pmem/size,numa_node}"},
    {"sys/bus/cxl/devices/endpoint#/CDAT"},
    {"sys/bus/cxl/devices/endpoint#/uport", names_only},
    {"sys/bus/cxl/devices/region#/{size,resource,mode,target#}"},
    {"sys/bus/cxl/devices/region#/access#/"
     "{read_latency,write_latency,read_bandwidth,write_bandwidth}"},
    {"sys/bus/cxl/devices/region#/dax_region#/dax#.#", names_only},

    // devices that Generic Initiators name
    {"sys/bus/pci/devices/*/numa_node"},
    {"sys/bus/acpi/devices/*/{hid,uid,physical_node/numa_node}"},
    {"proc/driver/nvidia/gpus/*/numa_status"},

    // processors
    {"sys/devices/system/cpu/online"},
    {"sys/devices/system/cpu/cpu#/topology/"
     "{physical_package_id,package_cpus_list,core_siblings_list,core_siblings}"},
    {"sys/devices/system/cpu/cpu#/firmware_node/uid"},
    {"proc/cpuinfo", contents, tells_processor},

    // the system, firmware
    {"proc/sys/kernel/{osrelease,arch}"},
    {"proc/hwloc-nofile-info", contents, tells_system}, // in copies made by hwloc-gather-topology
    {"proc/iomem", contents, is_memory},
    {"sys/firmware/acpi/tables/{HMAT,SRAT,SLIT,APIC,CEDT}"},
    {"sys/firmware/acpi/tables/{HMAT,SRAT,SLIT,APIC,CEDT}#"},
    {"sys/firmware/memmap/#/{start,end,type}"},
    {"run/hetmem/current/adopted/HMAT"}, // the one that replaces the firmware's
    {"run/hetmem/current/adopted/origin.json", contents, tells_origin},

    // what was measured here, or given by hand
    {"var/lib/hetmem/figures.json", contents, tells_figures},
};

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

} // namespace

std::span<const captured_files> capture_list() {
    return list;
}

std::vector<std::string> without_braces(std::string_view pattern) {
    const std::size_t open = pattern.find('{');
    const std::size_t close = pattern.find('}', open);
    if (open == std::string_view::npos || close == std::string_view::npos) {
        return {std::string(pattern)};
    }
    std::vector<std::string> all;
    std::string_view choices = pattern.substr(open + 1, close - open - 1);
    for (bool more = true; more;) {
        const std::size_t comma = choices.find(',');
        more = comma != std::string_view::npos;
        std::string one(pattern.substr(0, open));
        one += choices.substr(0, comma);
        one += pattern.substr(close + 1);
        choices.remove_prefix(more ? comma + 1 : choices.size());
        const std::vector<std::string> rest = without_braces(one);
        all.insert(all.end(), rest.begin(), rest.end());
    }
    return all;
}

bool matches(std::string_view pattern, std::string_view name) {
    if (pattern.empty()) {
        return name.empty();
    }
    const std::string_view rest = pattern.substr(1);
    switch (pattern.front()) {
    case '*':
        return matches(rest, name) || (!name.empty() && matches(pattern, name.substr(1)));
    case '#':
        return !name.empty() && is_digit(name.front()) &&
               (matches(rest, name.substr(1)) || matches(pattern, name.substr(1)));
    default:
        return !name.empty() && name.front() == pattern.front() && matches(rest, name.substr(1));
    }
}

std::string wanted_text(const captured_files& files, std::string_view text) {
    if (files.wanted_line == nullptr) {
        return std::string(text);
    }
    std::string kept;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end);
        const bool separates_paragraphs = key_of(line).empty();
        if (separates_paragraphs || files.wanted_line(line)) {
            kept += line;
        }
    }
    return kept;
}

} // namespace hetmem::tool
