// publish/test_machines.hpp: made-up machines for the tests of drawings, as JSON.
#pragma once

#include <hetmem/discover.hpp>
#include <hetmem/topology.hpp>

#include <fmt/format.h>

#include <cstddef>
#include <functional>
#include <string>

namespace hetmem::test {

/// A topology from its members: those that are empty get what the simplest machine has.
struct machine_text {
    std::string cpu_model = "Test CPU 9000";
    std::string packages = R"({"id": 0, "cpus": "0-3"})";
    std::string initiators =
        R"({"name": "node0", "kind": "cpu", "node": 0, "pxm": 0, "cpus": "0-3", "package": 0})";
    std::string targets;
    std::string figures;
    std::string distances = "[null]";
    std::string sources;
    std::string notices;
    std::string defects;
    std::string disagreements;

    topology read() const {
        return from_json(fmt::format(
            R"js({{"format": "hetmem-topology", "version": 1, "generation": 1,
"machine": {{"cpu_model": "{}", "architecture": "x86_64", "kernel": "6.12.9", "demotion": false}},
"packages": [{}], "initiators": [{}], "targets": [{}], "figures": [{}], "distances": [{}],
"sources": [{}], "notices": [{}], "defects": [{}], "disagreements": [{}]}})js",
            cpu_model, packages, initiators, targets, figures, distances, sources, notices, defects,
            disagreements));
    }
};

/// One source's word on one quantity; `values` are the rows.
inline std::string figures(const std::string& source, const std::string& quantity,
                           const std::string& values, int level = 0) {
    return fmt::format(
        R"({{"source": "{}", "quantity": "{}", "unit": "{}", "level": {}, "values": [{}]}})",
        source, quantity, quantity.ends_with("latency") ? "ps" : "B/s", level, values);
}

/// A socket with DRAM and HBM, and CXL memory behind a cache that belongs to no package.
inline topology three_memories() {
    machine_text text;
    text.targets = R"(
{"name": "node0", "kind": "dram", "kind_reason": "the memory of CPUs 0-3", "state": "online",
 "node": 0, "pxm": 0, "size": 536870912, "free": 402653184, "package": 0, "tier": 4,
 "interleave_weight": 3, "huge_pages": [{"page": 2097152, "total": 64, "free": 60}]},
{"name": "node1", "kind": "hbm", "kind_reason": "four times the bandwidth of node0",
 "state": "online", "node": 1, "pxm": 1, "size": 268435456, "free": 268435456, "package": 0},
{"name": "node2", "kind": "cxl", "kind_reason": "in the window of a host bridge",
 "state": "online", "node": 2, "pxm": 7, "pxm_reason": "SRAT ranges", "size": 1073741824,
 "caches": [{"level": 1, "size": 67108864, "line_size": 64, "associativity": "direct",
             "write_policy": "write-back", "source": "hmat"}]})";
    text.figures = figures("hmat", "read_latency", "[80000, 120000, 300500]") + "," +
                   figures("hmat", "write_latency", "[80000, 125000, null]") + "," +
                   figures("hmat", "read_bandwidth", "[102400000000, 409600000000, 30000000000]") +
                   "," + figures("sysfs", "write_bandwidth", "[96000000000, null, null]") + "," +
                   figures("hmat", "read_latency", "[null, null, 20000]", 1);
    text.distances = "[10, 20, 30]";
    return text.read();
}

/// What is not ordinary: reserved, offline, absent and partly online memory, a Generic Initiator,
/// unknown and unreachable pairs, two sources of one quantity.
inline topology odd_memories() {
    machine_text text;
    text.initiators += R"(,
{"name": "gi2", "kind": "generic_initiator", "node": 2, "pxm": 5, "device": "pci 0000:00:03.0"})";
    text.targets = R"(
{"name": "node0", "kind": "dram", "state": "partly_online", "node": 0, "pxm": 0, "package": 0,
 "size": 2147483648, "free": 1073741824, "block_size": 134217728, "blocks": 16,
 "blocks_online": 12},
{"name": "dax0.0", "kind": "hbm", "state": "reserved", "node": 3, "pxm": 7, "size": 4294967296,
 "reserved": true, "reserved_reason": "device-dax",
 "dax": [{"name": "dax0.0", "size": 4294967296, "align": 2097152, "driver": "device_dax",
          "origin": "soft-reserved", "target_node": 3}]},
{"name": "mem0", "kind": "cxl", "state": "offline", "size": 8589934592,
 "device_legs": [{"device": "mem0", "device_range": {"base": 0, "length": 8589934592},
                  "non_volatile": false, "figures": {"read_latency": 150000}}]},
{"name": "node4", "kind": "unknown", "state": "absent", "pxm": 9})";
    text.figures =
        figures("hmat", "read_latency", R"([80000, 120000, null, "unreachable"],
                                           [200000, 90000, null, "unreachable"])") +
        "," +
        figures("sysfs", "write_latency", "[81000, null, null, null], [null, null, null, null]") +
        "," +
        figures("measured", "write_latency",
                "[null, 130700, null, null], [null, null, null, null]");
    text.distances = "[10, 20, null, null], [20, 10, null, null]";
    return text.read();
}

/// Two packages of nodes with memory and CPUs each; `read_latency` in nanoseconds of each pair.
inline topology
many_nodes(std::size_t count,
           const std::function<std::size_t(std::size_t, std::size_t)>& read_latency) {
    machine_text text;
    text.packages = fmt::format(R"({{"id": 0, "cpus": "0-{}"}}, {{"id": 1, "cpus": "{}-{}"}})",
                                count / 2 - 1, count / 2, count - 1);
    text.initiators.clear();
    text.distances.clear();
    std::string values;
    for (std::size_t i = 0; i < count; ++i) {
        const std::string comma = i == 0 ? "" : ",";
        const std::size_t package = i / (count / 2);
        text.initiators += fmt::format(
            R"({}{{"name": "node{}", "kind": "cpu", "node": {}, "cpus": "{}", "package": {}}})",
            comma, i, i, i, package);
        text.targets +=
            fmt::format(R"({}{{"name": "node{}", "kind": "dram", "state": "online", "node": {}, )"
                        R"("size": 4294967296, "free": {}, "package": {}}})",
                        comma, i, i, i * 4096, package);
        values += comma + "[";
        text.distances += comma + "[";
        for (std::size_t t = 0; t < count; ++t) {
            values += fmt::format("{}{}", t == 0 ? "" : ",", read_latency(i, t) * 1000);
            text.distances += fmt::format("{}{}", t == 0 ? "" : ",", i == t ? 10 : 20);
        }
        values += "]";
        text.distances += "]";
    }
    text.figures = figures("hmat", "read_latency", values);
    return text.read();
}

/// Fast at home, slower in the package, slowest in the other one.
inline topology many_nodes(std::size_t count) {
    return many_nodes(count, [count](std::size_t i, std::size_t t) -> std::size_t {
        return i == t ? 80 : i / (count / 2) == t / (count / 2) ? 120 : 200;
    });
}

/// Every string that can be chosen from outside, with terminal escapes, line breaks, invisible and
/// direction-changing characters, markup and wide letters.
inline topology hostile_machine() {
    const std::string evil = R"(x\u001b[31m\u0007\r\n\t\u009b2J\u202e\u200b<a b=\"c\">&'日本語é)";
    machine_text text;
    text.cpu_model = evil;
    text.initiators = fmt::format(
        R"({{"name": "{0}", "kind": "generic_initiator", "node": 0, "device": "{0}"}},
           {{"name": "{0}2", "kind": "cpu", "node": 1, "cpus": "0", "package": 0}})",
        evil);
    text.targets = fmt::format(
        R"({{"name": "{0}", "kind": "hbm", "kind_reason": "{0}", "state": "reserved", "pxm": 4,
            "pxm_reason": "{0}", "reserved": true, "reserved_reason": "{0}", "size": 4096,
            "caches": [{{"level": 1, "associativity": "{0}", "write_policy": "{0}",
                         "address_mode": "{0}", "source": "hmat"}}],
            "dax": [{{"name": "{0}", "size": 4096, "driver": "{0}", "origin": "{0}"}}],
            "device_legs": [{{"device": "{0}", "device_range": {{"base": 0, "length": 1}},
                              "non_volatile": true, "figures": {{"read_latency": 1}}}}]}},
           {{"name": "{1}", "kind": "dram", "state": "online", "size": 4096}})",
        evil, std::string(3000, 'w'));
    text.figures = figures("hmat", "read_latency", "[80000, 90000], [90000, 80000]");
    text.distances = "[10, 20], [20, 10]";
    text.notices = fmt::format(R"({{"what": "{0}", "why": "{0}", "help": "{0}"}})", evil);
    text.defects = fmt::format(R"({{"table": "{0}", "offset": 1, "expected": "{0}",
        "found": "{0}", "linux_does": "{0}"}})",
                               evil);
    text.disagreements = fmt::format(R"({{"about": "{0}", "used": "{0}", "other": "{0}"}})", evil);
    return text.read();
}

} // namespace hetmem::test
