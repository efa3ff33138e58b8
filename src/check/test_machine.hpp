// check/test_machine.hpp: a made-up machine of three memories that is as Linux 6.12 makes it of its
// tables, for tests that then change one thing.
#pragma once

#include "check/finding.hpp"
#include "check/subject.hpp"

#include "tests/support/firmware.hpp"
#include "tests/support/made_up_machine.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace hetmem::detail::test_machine {

inline constexpr std::uint64_t block = test::block_bytes;

/// Domain 0 has the processors; 1 is fast, 2 is slow. Figures of access are for reading and
/// writing.
inline test::firmware tables(std::uint64_t slow_bandwidth = 20) {
    test::firmware made;
    made.processor(0, 0).processor(0, 1);
    made.memory(0, 0, 8 * block).memory(1, 8 * block, 4 * block).memory(2, 12 * block, 4 * block);
    made.matrix(acpi::data_type::access_latency, 1000, {0}, {0, 1, 2}, {100, 120, 300});
    made.matrix(acpi::data_type::access_bandwidth, 1000, {0}, {0, 1, 2},
                {100, 400, static_cast<std::uint16_t>(slow_bandwidth)});
    return made;
}

/// What the kernel shows of it: node 1 in tier 1, node 2 in tier 67.
inline test::tree machine() {
    test::tree made = test::make_machine({{0, "0-1", 0, 8, ~0U, "10 20 20"},
                                          {1, "", 8, 4, ~0U, "20 10 20"},
                                          {2, "", 12, 4, ~0U, "20 20 10"}},
                                         2);
    tables().write_into(made);
    for (const unsigned access_class : {0U, 1U}) {
        test::add_access(made, 0, access_class, 0, 100, 100, 100000, 100000);
        test::add_access(made, 1, access_class, 0, 120, 120, 400000, 400000);
        test::add_access(made, 2, access_class, 0, 300, 300, 20000, 20000);
    }
    const std::string tiers = "sys/devices/virtual/memory_tiering/memory_tier";
    made.write({{"sys/devices/system/node/has_memory", "0-2\n"},
                {"sys/devices/system/node/has_cpu", "0\n"},
                {"sys/devices/system/memory/auto_online_blocks", "offline\n"},
                {"sys/kernel/mm/numa/demotion_enabled", "false\n"},
                {"proc/sys/kernel/osrelease", "6.12.9\n"},
                {"proc/cmdline", "root=/dev/sda1 quiet\n"},
                {tiers + "4/nodelist", "0\n"},
                {tiers + "1/nodelist", "1\n"},
                {tiers + "67/nodelist", "2\n"}});
    return made;
}

/// Zones and states of a node's blocks.
inline void put_blocks(test::tree& into, unsigned first, unsigned count, const std::string& state,
                       const std::string& zone) {
    for (unsigned b = first; b < first + count; ++b) {
        const std::string at = "sys/devices/system/memory/memory" + std::to_string(b);
        into.write(at + "/state", state + "\n");
        into.write(at + "/valid_zones", zone + "\n");
    }
}

/// Node 1 is gone; what it was is held back as dax0.0.
inline void reserve(test::tree& of, const std::string& driver) {
    of.remove("sys/devices/system/node/node1");
    for (unsigned b = 8; b < 12; ++b) {
        of.remove("sys/devices/system/memory/memory" + std::to_string(b));
    }
    of.remove("sys/devices/virtual/memory_tiering/memory_tier1");
    const std::string device = "sys/devices/platform/hmem.0/dax0.0/";
    of.write({{"sys/devices/system/node/online", "0,2\n"},
              {"sys/devices/system/node/has_memory", "0,2\n"},
              {"sys/devices/system/node/node0/distance", "10 20\n"},
              {"sys/devices/system/node/node2/distance", "20 10\n"},
              {device + "size", std::to_string(4 * block) + "\n"},
              {device + "align", "2097152\n"},
              {device + "target_node", "1\n"},
              {device + "numa_node", "0\n"},
              {device + "resource", "0x40000000\n"}});
    of.make_directory("sys/bus/dax/devices");
    of.link("sys/bus/dax/devices/dax0.0", "../../../devices/platform/hmem.0/dax0.0");
    if (!driver.empty()) {
        of.make_directory("sys/bus/dax/drivers/" + driver);
        of.link(device + "driver", "../../../../bus/dax/drivers/" + driver);
    }
}

inline std::vector<finding> found(const check_result& result, std::string_view id) {
    std::vector<finding> some;
    std::ranges::copy_if(result.findings, std::back_inserter(some),
                         [&](const finding& f) { return f.check == id; });
    return some;
}

inline bool ran(const check_result& result, std::string_view id) {
    return std::ranges::find(result.ran, id) != result.ran.end();
}

} // namespace hetmem::detail::test_machine
