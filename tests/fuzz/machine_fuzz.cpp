// Any bytes as the files of a machine. The input is a series of files: a byte that says which, then
// its content up to the next 0xFE. What is read is a topology or an error, whatever the files hold,
// and the JSON form of that topology is complete.
#include "tests/fuzz/table_fuzz.hpp"

#include "tests/support/tree.hpp"

#include <hetmem/discover.hpp>
#include <hetmem/error.hpp>

#include <array>
#include <filesystem>
#include <string>
#include <string_view>

using hetmem::fuzz::require;

namespace {

constexpr std::array<std::string_view, 44> files = {
    "proc/cpuinfo",
    "proc/meminfo",
    "proc/zoneinfo",
    "proc/iomem",
    "proc/sys/kernel/osrelease",
    "proc/driver/nvidia/gpus/0000:01:00.0/numa_status",
    "sys/devices/system/cpu/online",
    "sys/devices/system/cpu/cpu0/topology/physical_package_id",
    "sys/devices/system/cpu/cpu0/topology/package_cpus_list",
    "sys/devices/system/cpu/cpu0/firmware_node/uid",
    "sys/devices/system/memory/block_size_bytes",
    "sys/devices/system/memory/memory1/state",
    "sys/devices/system/node/online",
    "sys/devices/system/node/possible",
    "sys/devices/system/node/has_generic_initiator",
    "sys/devices/system/node/node0/cpulist",
    "sys/devices/system/node/node0/meminfo",
    "sys/devices/system/node/node0/distance",
    "sys/devices/system/node/node0/memory1",
    "sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages",
    "sys/devices/system/node/node0/hugepages/hugepages-2048kB/free_hugepages",
    "sys/devices/system/node/node0/access0/initiators/read_latency",
    "sys/devices/system/node/node0/access0/initiators/read_bandwidth",
    "sys/devices/system/node/node0/access0/initiators/node0",
    "sys/devices/system/node/node0/access1/initiators/write_latency",
    "sys/devices/system/node/node0/memory_side_cache/index1/size",
    "sys/devices/system/node/node0/memory_side_cache/index1/indexing",
    "sys/devices/system/node/node1/meminfo",
    "sys/devices/system/node/node1/distance",
    "sys/devices/virtual/memory_tiering/memory_tier4/nodelist",
    "sys/kernel/mm/numa/demotion_enabled",
    "sys/kernel/mm/mempolicy/weighted_interleave/node0",
    "sys/firmware/acpi/tables/HMAT",
    "sys/firmware/acpi/tables/SRAT",
    "sys/firmware/acpi/tables/SLIT",
    "sys/bus/dax/devices/dax0.0/size",
    "sys/bus/dax/devices/dax0.0/target_node",
    "sys/bus/dax/devices/dax0.0/resource",
    "sys/bus/cxl/devices/mem0/ram/size",
    "sys/bus/cxl/devices/region0/size",
    "sys/bus/cxl/devices/region0/resource",
    "sys/bus/cxl/devices/region0/access0/read_latency",
    "sys/bus/cxl/devices/endpoint2/CDAT",
    "sys/bus/pci/devices/0000:00:03.0/numa_node",
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    hetmem::test::tree machine;
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    while (!rest.empty()) {
        const auto which = static_cast<unsigned char>(rest.front()) % files.size();
        rest.remove_prefix(1);
        const std::string_view content = rest.substr(0, rest.find('\xFE'));
        rest.remove_prefix(std::min(rest.size(), content.size() + 1));
        machine.write(files[which], content);
    }
    try {
        const hetmem::topology found = hetmem::discover({.root = machine.root()});
        const std::string written = hetmem::to_json(found);
        require(hetmem::to_json(hetmem::from_json(written)) == written);
    } catch (const hetmem::error&) {
        // No memory is described: an answer too.
    }
    return 0;
}
