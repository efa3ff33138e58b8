// publish/test_reports.hpp: made-up machines with all that a report can tell of them, for its
// tests.
#pragma once

#include "publish/report.hpp"
#include "publish/test_machines.hpp"

#include <hetmem/measured.hpp>

#include <fmt/format.h>

#include <optional>
#include <string>
#include <vector>

namespace hetmem::test {

/// What a report is drawn of.
struct report_case {
    std::string name;
    topology machine;
    std::optional<detail::check_result> checked = {};
    std::optional<measurements> machine_store = {};
    std::optional<measurements> user_store = {};

    std::string draw() const {
        return detail::draw_report({.machine = machine,
                                    .checked = checked ? &*checked : nullptr,
                                    .machine_store = machine_store ? &*machine_store : nullptr,
                                    .user_store = user_store ? &*user_store : nullptr,
                                    .time = "2026-11-23 08:00 UTC",
                                    .version = "0.1.0"});
    }
};

/// Two sockets with DRAM and HBM each, CXL memory behind a cache, persistent memory that is
/// reserved, a device that issues accesses; figures of four sources, some unknown, some
/// unreachable.
inline topology two_sockets_of_everything() {
    machine_text text;
    text.cpu_model = "Example Xeon Max 9480";
    text.packages = R"({"id": 0, "cpus": "0-55"}, {"id": 1, "cpus": "56-111"})";
    text.initiators = R"(
{"name": "node0", "kind": "cpu", "node": 0, "pxm": 0, "cpus": "0-55", "package": 0},
{"name": "node1", "kind": "cpu", "node": 1, "pxm": 1, "cpus": "56-111", "package": 1},
{"name": "gi6", "kind": "generic_initiator", "node": 6, "pxm": 9, "device": "pci 0000:3a:00.0"})";
    text.targets = R"(
{"name": "node0", "kind": "dram", "kind_reason": "the memory of CPUs 0-55", "state": "online",
 "node": 0, "pxm": 0, "pxm_reason": "SRAT ranges lie in its memory blocks",
 "size": 274877906944, "free": 154618822656, "package": 0, "tier": 4, "interleave_weight": 3,
 "huge_pages": [{"page": 2097152, "total": 512, "free": 500}]},
{"name": "node1", "kind": "dram", "kind_reason": "the memory of CPUs 56-111", "state": "online",
 "node": 1, "pxm": 1, "pxm_reason": "SRAT ranges lie in its memory blocks",
 "size": 274877906944, "free": 251255586816, "package": 1, "tier": 4, "interleave_weight": 3},
{"name": "node2", "kind": "hbm", "kind_reason": "3.9 times the bandwidth of node0",
 "state": "online", "node": 2, "pxm": 2, "pxm_reason": "SRAT ranges lie in its memory blocks",
 "size": 68719476736, "free": 68182605824, "package": 0, "tier": 3, "interleave_weight": 12},
{"name": "node3", "kind": "hbm", "kind_reason": "3.9 times the bandwidth of node1",
 "state": "partly_online", "node": 3, "pxm": 3, "pxm_reason": "SRAT ranges lie in its memory blocks",
 "size": 68719476736, "free": 68182605824, "package": 1, "tier": 3, "interleave_weight": 12,
 "block_size": 2147483648, "blocks": 32, "blocks_online": 31},
{"name": "node4", "kind": "cxl", "kind_reason": "in the window of a CXL host bridge",
 "state": "online", "node": 4, "pxm": 7, "pxm_reason": "the device says so", "size": 137438953472,
 "free": 137438953472, "tier": 5, "interleave_weight": 1,
 "caches": [{"level": 1, "size": 4294967296, "line_size": 64, "associativity": "direct",
             "write_policy": "write-back", "source": "hmat"}],
 "device_legs": [{"device": "mem0", "device_range": {"base": 0, "length": 137438953472},
                  "non_volatile": false,
                  "figures": {"read_latency": 150000, "read_bandwidth": 32000000000}}]},
{"name": "dax1.0", "kind": "pmem", "kind_reason": "the SRAT calls it non-volatile",
 "state": "reserved", "pxm": 5, "size": 137438953472, "reserved": true,
 "reserved_reason": "device-dax",
 "dax": [{"name": "dax1.0", "size": 137438953472, "align": 2097152, "driver": "device_dax",
          "origin": "pmem", "target_node": 5}]})";
    text.figures =
        figures("measured", "read_latency",
                "[118300, null, 139800, null, null, null], [null, 118900, null, 140100, null, null]"
                ", [null, null, null, null, null, null]") +
        "," +
        figures("hmat", "read_latency",
                "[100000, 180000, 120000, 210000, 300000, 400000],"
                "[180000, 100000, 210000, 120000, 380000, 480000],"
                R"([190000, 270000, 150000, null, "unreachable", "unreachable"])") +
        "," +
        figures("hmat", "write_latency",
                "[100000, 180000, 120000, 210000, 310000, 900000],"
                "[180000, 100000, 210000, 120000, 390000, 980000],"
                R"([190000, 270000, 150000, null, "unreachable", "unreachable"])") +
        "," +
        figures("hmat", "read_bandwidth",
                "[307200000000, 96000000000, 1200000000000, 90000000000, 28000000000, 30000000000],"
                "[96000000000, 307200000000, 90000000000, 1200000000000, 22000000000, 20000000000],"
                R"([60000000000, 40000000000, 400000000000, null, "unreachable", "unreachable"])") +
        "," +
        figures("sysfs", "write_bandwidth",
                "[256000000000, null, 900000000000, null, 26000000000, null],"
                "[null, 256000000000, null, 900000000000, null, null],"
                "[null, null, null, null, null, null]") +
        "," +
        figures("sysfs", "read_latency",
                "[100000, null, 130000, null, 300000, null],"
                "[null, 100000, null, 130000, null, null], [null, null, null, null, null, null]") +
        "," +
        figures("hmat", "read_latency",
                "[null, null, null, null, 110000, null],[null, null, null, null, 190000, null],"
                "[null, null, null, null, null, null]",
                1);
    text.distances = "[10, 21, 13, 23, 28, 40], [21, 10, 23, 13, 38, 50],"
                     "[13, 23, 10, 33, null, 255]";
    text.sources =
        R"({"what": "HMAT", "path": "/sys/firmware/acpi/tables/HMAT", "status": "malformed",
            "detail": "1 fault"},
           {"what": "SRAT", "path": "/sys/firmware/acpi/tables/SRAT", "status": "used", "detail": ""},
           {"what": "SLIT", "path": "/sys/firmware/acpi/tables/SLIT", "status": "used", "detail": ""},
           {"what": "CDAT of mem0", "path": "/sys/bus/cxl/devices/endpoint2/CDAT",
            "status": "not_permitted", "detail": "mode 0400"},
           {"what": "memory tiers", "path": "/sys/devices/virtual/memory_tiering",
            "status": "used", "detail": ""},
           {"what": "NFIT", "path": "/sys/firmware/acpi/tables/NFIT", "status": "absent",
            "detail": ""})";
    text.notices = R"({"what": "the CDAT of mem0 could not be read", "why": "Permission denied",
                       "help": "Run it as root."})";
    text.defects = R"({"table": "HMAT", "offset": 104, "expected": "reserved bits that are zero",
                       "found": "0x80", "linux_does": "ignores them"})";
    text.disagreements =
        R"js({"about": "read_latency node0 -> node2", "used": "139.8 ns (measured)",
              "other": "120 ns (hmat)"})js";
    return text.read();
}

inline measured_cell cell_of(const std::string& from, const std::string& to, metric what,
                             std::uint64_t median, std::uint64_t declared) {
    measured_cell cell;
    cell.initiator = from;
    cell.target = to;
    cell.what = what;
    cell.figure = {.median = median,
                   .low = median - median / 80,
                   .high = median + median / 60,
                   .least = median - median / 30,
                   .most = median + median / 10,
                   .n = 41,
                   .converged = true};
    cell.bus = what == metric::write_bandwidth ? median * 2 : is_latency(what) ? 0 : median;
    cell.buffer = byte_size::from_mib(4096);
    cell.page = byte_size::from_mib(2);
    cell.page_percent = 100;
    cell.threads = is_latency(what) ? 1 : 56;
    cell.cpus = id_set::parse(is_latency(what) ? "3" : "0-55").value_or(id_set{});
    cell.kernel = is_latency(what) ? "chase 256 B" : "AVX3 8 streams";
    cell.verdict = interference::quiet;
    cell.time = "2026-11-23T08:00:00Z";
    if (declared > 0) {
        cell.declared = {{source::hmat, knowledge::known, declared}};
    }
    return cell;
}

inline measured_curve curve_of(const std::string& from, const std::string& to, unsigned reads,
                               std::uint64_t idle, std::uint64_t most, bool knee) {
    measured_curve curve{.initiator = from,
                         .target = to,
                         .read_percent = reads,
                         .idle = idle,
                         .points = {},
                         .knee = {},
                         .verdict = interference::quiet,
                         .time = "2026-11-23T08:00:00Z"};
    constexpr std::uint64_t steps = 10;
    for (std::uint64_t i = 0; i < steps; ++i) {
        const std::uint64_t load = most * (i + 1) / steps;
        const std::uint64_t late = idle + idle * i * i / (knee ? 40 : 120);
        curve.points.push_back({load, late});
        if (knee && !curve.knee && late >= 2 * idle) {
            curve.knee = curve.points.back();
        }
    }
    return curve;
}

inline measurements measured_store() {
    measurements store;
    store.machine.cpu_model = "Example Xeon Max 9480";
    store.cells = {
        cell_of("node0", "node0", metric::local_latency, 118300, 100000),
        cell_of("node0", "node0", metric::random_latency, 151200, 0),
        cell_of("node0", "node0", metric::read_bandwidth, 281000000000, 307200000000),
        cell_of("node0", "node0", metric::write_bandwidth, 120500000000, 0),
        cell_of("node0", "node0", metric::nontemporal_write_bandwidth, 205000000000, 0),
        cell_of("node0", "node2", metric::local_latency, 139800, 120000),
        cell_of("node0", "node2", metric::read_bandwidth, 1190000000000, 1200000000000),
        cell_of("node1", "node1", metric::local_latency, 118900, 100000),
        cell_of("node1", "node3", metric::local_latency, 140100, 120000),
        cell_of("node0", "node4", metric::local_latency, 131000, 300000),
    };
    store.cells[8].verdict = interference::disturbed;
    store.cells[8].why = "PSI: CPUs were wanted by others 12 % of the time";
    store.cells[8].figure.converged = false;
    store.cells[9].in = measured_in::side_cache;
    store.cells[9].verdict = interference::unknown;
    store.cells[9].page = byte_size::from_kib(4);
    store.cells[9].page_percent = 97;
    store.curves = {
        curve_of("node0", "node0", 100, 118300, 280000000000, true),
        curve_of("node0", "node0", 67, 118300, 240000000000, true),
        curve_of("node0", "node0", 50, 118300, 210000000000, true),
        curve_of("node0", "node2", 100, 139800, 900000000000, false),
    };
    store.remarks = {"dax1.0 was not measured: it is persistent memory and was not named."};
    return store;
}

inline measurements given_store() {
    measurements store;
    store.given = {{.initiator = "node1",
                    .target = "dax1.0",
                    .what = quantity::write_latency,
                    .value = 940000,
                    .from = source::override_,
                    .origin = "data sheet",
                    .declared = {}}};
    return store;
}

inline detail::check_result checked_machine() {
    using detail::severity;
    detail::check_result result;
    result.findings = {
        {.check = "hmat-unknown-domain",
         .level = severity::error,
         .about = "HMAT, offset 104",
         .what = "The initiator list names proximity domain 12, which the SRAT does not define.",
         .linux_does = "Drops the whole structure: no read latency of this table reaches sysfs.",
         .remedy = ""},
        {.check = "local-slower",
         .level = severity::warning,
         .about = "node0 -> node2",
         .what = "The local HBM is said to answer in 120 ns, the local DRAM in 100 ns.",
         .linux_does = "",
         .remedy = "Measure it with `hetmem measure --target node2`."},
        {.check = "reserved-bits",
         .level = severity::info,
         .about = "HMAT, offset 40",
         .what = "0x80 where zero is demanded.",
         .linux_does = "",
         .remedy = ""},
        {.check = "reserved-bits",
         .level = severity::info,
         .about = "HMAT, offset 88",
         .what = "0x01 where zero is demanded.",
         .linux_does = "",
         .remedy = ""},
    };
    result.seals = {
        {.target = "node2",
         .is = detail::seal_verdict::state::leaky,
         .why = {"It is onlined by kmem into a zone that ordinary allocations use.",
                 "No cpuset keeps system.slice away."}},
        {.target = "dax1.0",
         .is = detail::seal_verdict::state::sealed,
         .why = {"Its driver is device_dax: only who opens the device gets memory there."}},
        {.target = "node4",
         .is = detail::seal_verdict::state::unknown,
         .why = {"The cgroups could not be read."}},
    };
    result.not_looked_at = {"The memory map of the firmware could not be read: it needs root."};
    for (const detail::check_info& check : detail::all_checks()) {
        result.ran.emplace_back(check.id);
    }
    return result;
}

/// Nothing but that there is a memory.
inline topology nothing_known() {
    machine_text text;
    text.cpu_model.clear();
    text.packages.clear();
    text.initiators.clear();
    text.distances.clear();
    text.targets = R"({"name": "node0", "kind": "unknown", "state": "online"})";
    return text.read();
}

/// One socket with one memory, no figure at all: what most people sit in front of.
inline topology desk() {
    machine_text text;
    text.cpu_model = "Desk Processor";
    text.targets = R"({"name": "node0", "kind": "dram", "kind_reason": "the memory of CPUs 0-3",
 "state": "online", "node": 0, "size": 17179869184, "free": 8589934592, "package": 0})";
    text.distances = "[10]";
    text.notices =
        R"({"what": "the firmware's tables could not be read", "why": "Permission denied",
                       "help": "Run it as root."})";
    return text.read();
}

inline measurements hostile_store() {
    const std::string evil = "<img src=x onerror=alert(1)>\"'&\x1b[2J";
    measurements store;
    store.machine.cpu_model = evil;
    store.cells = {cell_of(evil, evil, metric::local_latency, ~std::uint64_t{0}, 1),
                   cell_of(evil, "node0", metric::read_bandwidth, 0, 0)};
    store.cells[0].kernel = evil;
    store.cells[0].why = evil;
    store.cells[0].verdict = interference::disturbed;
    store.curves = {curve_of(evil, evil, 100, 1, 1, true), curve_of(evil, evil, 300, 0, 0, false)};
    store.curves[1].points.clear();
    store.given = {{.initiator = evil,
                    .target = evil,
                    .what = quantity::read_latency,
                    .value = 0,
                    .from = source::measured,
                    .origin = evil,
                    .declared = {}}};
    store.remarks = {evil, "`" + evil + "` and `"};
    return store;
}

inline detail::check_result hostile_findings() {
    const std::string evil = "</style></section><script>alert(1)</script>\"'&`";
    return {.findings = {{.check = evil,
                          .level = detail::severity::error,
                          .about = evil,
                          .what = evil,
                          .linux_does = evil,
                          .remedy = evil}},
            .seals = {{.target = evil, .is = detail::seal_verdict::state::leaky, .why = {evil}}},
            .not_looked_at = {evil},
            .ran = {}};
}

/// One machine for each way in which a report can be full or empty.
inline std::vector<report_case> report_cases() {
    return {
        {.name = "rich",
         .machine = two_sockets_of_everything(),
         .checked = checked_machine(),
         .machine_store = measured_store(),
         .user_store = given_store()},
        {.name = "desk", .machine = desk()},
        {.name = "odd", .machine = odd_memories(), .checked = detail::check_result{}},
        {.name = "nothing", .machine = nothing_known()},
        {.name = "hostile",
         .machine = hostile_machine(),
         .checked = hostile_findings(),
         .machine_store = hostile_store()},
        {.name = "eight", .machine = many_nodes(8)},
        {.name = "large", .machine = many_nodes(1024)},
        // No two pairs alike: nothing to fold by.
        {.name = "irregular",
         .machine = many_nodes(
             100, [](std::size_t i, std::size_t t) { return 80 + (i * 7919 + t * 104729) % 400; })},
    };
}

} // namespace hetmem::test
