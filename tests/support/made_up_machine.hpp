// tests/support/made_up_machine.hpp: nodes of a made-up machine, as the kernel shows them.
#pragma once

#include "tests/support/tree.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace hetmem::test {

inline constexpr std::uint64_t block_bytes = 128ULL << 20;

/// Memory blocks [first, first + count) and CPUs of one node. With all blocks online unless told
/// otherwise.
struct made_up_node {
    unsigned number = 0;
    std::string cpus;
    unsigned first_block = 0;
    unsigned blocks = 0;
    unsigned blocks_online = ~0U;
    std::string distances;
};

/// CPUs have APIC ids of the same numbers, and two of them make a package.
inline tree make_machine(const std::vector<made_up_node>& nodes, unsigned cpus) {
    tree machine;
    const std::string system = "sys/devices/system/";
    const std::string all_cpus = cpus == 1 ? "0" : "0-" + std::to_string(cpus - 1);
    machine.write(system + "cpu/online", all_cpus + "\n");
    std::string cpuinfo;
    for (unsigned c = 0; c < cpus; ++c) {
        const std::string at = system + "cpu/cpu" + std::to_string(c) + "/topology/";
        const unsigned first = c / 2 * 2;
        machine.write(at + "physical_package_id", std::to_string(c / 2) + "\n");
        machine.write(at + "package_cpus_list",
                      std::to_string(first) +
                          (first + 1 < cpus ? "-" + std::to_string(first + 1) : "") + "\n");
        cpuinfo += "processor\t: " + std::to_string(c) +
                   "\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 143\n"
                   "model name\t: Made-up CPU\napicid\t\t: " +
                   std::to_string(c) + "\n\n";
    }
    machine.write("proc/cpuinfo", cpuinfo);
    std::string online;
    for (const made_up_node& n : nodes) {
        const std::string number = std::to_string(n.number);
        const std::string at = system + "node/node" + number + "/";
        online += (online.empty() ? "" : ",") + number;
        machine.write(at + "cpulist", n.cpus + "\n");
        machine.write(at + "distance", n.distances + "\n");
        const unsigned present = n.blocks_online == ~0U ? n.blocks : n.blocks_online;
        const std::string kib = std::to_string(present * (block_bytes >> 10));
        machine.write(at + "meminfo", "Node " + number + " MemTotal:       " + kib + " kB\nNode " +
                                          number + " MemFree:        " + kib + " kB\n");
        for (unsigned b = 0; b < n.blocks; ++b) {
            const std::string block = "memory" + std::to_string(n.first_block + b);
            machine.write(system + "memory/" + block + "/state",
                          b < present ? "online\n" : "offline\n");
            machine.link(at + block, "../../memory/" + block);
        }
    }
    machine.write(system + "node/online", online + "\n");
    machine.write(system + "memory/block_size_bytes", "8000000\n");
    return machine;
}

/// nodeT/accessC/initiators as the kernel writes it: nanoseconds and MB/s.
inline void add_access(tree& machine, unsigned target, unsigned access_class, unsigned initiator,
                       unsigned read_ns, unsigned write_ns, unsigned read_mb, unsigned write_mb) {
    const std::string at = "sys/devices/system/node/node" + std::to_string(target) + "/access" +
                           std::to_string(access_class) + "/initiators/";
    machine.write(at + "read_latency", std::to_string(read_ns) + "\n");
    machine.write(at + "write_latency", std::to_string(write_ns) + "\n");
    machine.write(at + "read_bandwidth", std::to_string(read_mb) + "\n");
    machine.write(at + "write_bandwidth", std::to_string(write_mb) + "\n");
    machine.link(at + "node" + std::to_string(initiator),
                 "../../../node" + std::to_string(initiator));
}

} // namespace hetmem::test
