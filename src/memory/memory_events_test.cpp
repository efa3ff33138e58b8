#include "memory/memory_events.hpp"

#include <hetmem/discover.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <fmt/format.h>

namespace hetmem {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr unsigned block_mib = 128;

/// A node with four memory blocks, of which some are online.
std::string node(int number, unsigned online, unsigned blocks = 4) {
    const char* const state = online == 0        ? "offline"
                              : online == blocks ? "online"
                                                 : "partly_online";
    return fmt::format(
        R"({{"name": "node{0}", "node": {0}, "state": "{1}", "size": {2}, "free": 5,
            "block_size": {3}, "blocks": {4}, "blocks_online": {5}}})",
        number, state, std::uint64_t{online} * block_mib << 20U, block_mib << 20U, blocks, online);
}

std::string dax(const std::string& driver, unsigned mib = 512) {
    return fmt::format(
        R"({{"name": "dax0.0", "node": 7, "state": "{0}", "reserved": true, "size": {1},
            "reserved_reason": "device-dax dax0.0",
            "dax": [{{"name": "dax0.0", "size": {1}, "driver": "{2}", "target_node": 7}}]}})",
        driver == "kmem" ? "offline" : "reserved", std::uint64_t{mib} << 20U, driver);
}

/// Figures: GB/s from node0 to each target, in order.
topology machine(const std::vector<std::string>& targets,
                 const std::vector<unsigned>& speeds = {}) {
    std::string figures;
    for (const unsigned gigabytes : speeds) {
        figures += fmt::format("{}{}", figures.empty() ? "" : ", ", gigabytes * 1'000'000'000ULL);
    }
    const std::string known = speeds.empty()
                                  ? ""
                                  : fmt::format(R"({{"source": "hmat", "quantity": "read_bandwidth",
                                         "values": [[{}]]}})",
                                                figures);
    return from_json(fmt::format(
        R"({{"format": "hetmem-topology", "version": 1, "generation": 9,
            "initiators": [{{"name": "node0", "node": 0, "cpus": "0-1"}}],
            "targets": [{}], "figures": [{}]}})",
        fmt::join(targets, ", "), known));
}

/// What is told of a placement while one machine becomes the next: "KIND TARGET: SENTENCE".
std::vector<std::string> told(const placement& where, const std::vector<topology>& machines) {
    detail::memory_history history;
    std::vector<std::string> out;
    for (std::size_t i = 1; i < machines.size(); ++i) {
        for (const memory_event& e : history.next(where, machines[i - 1], machines[i])) {
            EXPECT_EQ(e.generation, machines[i].generation());
            out.push_back(fmt::format("{} {}: {}", to_string(e.kind), e.target, e.what));
        }
    }
    return out;
}

TEST(MemoryEvents, MemoryThatLeavesAndComesBack) {
    const topology whole = machine({node(0, 4), node(2, 4)});
    const topology half = machine({node(0, 4), node(2, 2)});
    const topology off = machine({node(0, 4), node(2, 0)});
    const topology gone = machine({node(0, 4)});
    const placement on_it = bind(whole, "node2");
    EXPECT_THAT(told(on_it, {whole, whole, gone, gone, whole}),
                ElementsAre("leaving node2: node2 vanished: nothing of 512 MiB is left",
                            "returned node2: node2 is there again: 512 MiB"));
    EXPECT_THAT(
        told(on_it, {whole, half, off, gone, half, whole}),
        ElementsAre("leaving node2: node2 went offline in part: 256 MiB of 512 MiB are left",
                    "leaving node2: node2 went offline: nothing of 512 MiB is left",
                    "returned node2: node2 is there again in part: 256 MiB of 512 MiB",
                    "returned node2: node2 is there again: 512 MiB"));
    // It was there when the placement was made, whatever the first generation says.
    EXPECT_THAT(told(on_it, {gone, whole}), ElementsAre(HasSubstr("returned node2")));
}

TEST(MemoryEvents, MemoryThatGrowsHasNotReturned) {
    const topology small = machine({node(0, 4), node(2, 2, 2)});
    const topology large = machine({node(0, 4), node(2, 4)});
    EXPECT_THAT(told(bind(small, "node2"), {small, large}), IsEmpty());
    EXPECT_THAT(told(bind(small, "node2"), {large, small}),
                ElementsAre("leaving node2: node2 became smaller: 256 MiB of 512 MiB are left"));
}

TEST(MemoryEvents, LessMemoryInAsManyBlocks) {
    const auto with = [](unsigned mib) {
        return machine({fmt::format(
            R"({{"name": "node0", "node": 0, "state": "online", "size": {}, "block_size": 134217728,
                "blocks": 2, "blocks_online": 2}})",
            std::uint64_t{mib} << 20U)});
    };
    EXPECT_THAT(told(bind(with(250), "node0"), {with(250), with(200), with(250)}),
                ElementsAre("leaving node0: node0 became smaller: 200 MiB of 250 MiB are left",
                            "returned node0: node0 is there again: 250 MiB"));
}

TEST(MemoryEvents, BlocksAndTheKernelsCountChangeOneAfterTheOther) {
    const auto with = [](unsigned mib, unsigned blocks) {
        return machine({fmt::format(
            R"({{"name": "node0", "node": 0, "state": "partly_online", "size": {}, "blocks": 4,
                "block_size": 134217728, "blocks_online": {}}})",
            std::uint64_t{mib} << 20U, blocks)});
    };
    const std::vector<topology> on_the_way = {with(384, 3), with(256, 3), with(256, 2),
                                              with(256, 1), with(128, 1), with(128, 2),
                                              with(256, 2), with(384, 2), with(384, 3)};
    EXPECT_THAT(told(bind(on_the_way[0], "node0"), on_the_way),
                ElementsAre(HasSubstr("256 MiB of 384 MiB"), HasSubstr("128 MiB of 384 MiB"),
                            HasSubstr("256 MiB of 384 MiB"), HasSubstr("again: 384 MiB")));
}

TEST(MemoryEvents, MemoryThatBecameReserved) {
    const topology online = machine({node(0, 4), node(7, 4)});
    const topology reserved = machine({node(0, 4), dax("device_dax")});
    EXPECT_THAT(told(bind(online, "node7"), {online, reserved}),
                ElementsAre("leaving node7: node7 became reserved (device-dax dax0.0): nothing of "
                            "512 MiB is left"));
}

TEST(MemoryEvents, OnlyTheMemoriesOfThePlacement) {
    const topology before = machine({node(0, 4), node(1, 4), node(2, 4), node(3, 4)});
    const topology after = machine({node(0, 2), node(1, 2), node(2, 2), node(3, 2)});
    const auto targets = [&](const placement& where) {
        std::vector<std::string> names;
        detail::memory_history history;
        for (const memory_event& e : history.next(where, before, after)) {
            names.push_back(e.target);
        }
        return names;
    };
    EXPECT_THAT(targets(prefer(before, "node3")), ElementsAre("node3"));
    EXPECT_THAT(targets(chain(before, {"node3", "node1"})), ElementsAre("node3", "node1"));
    const std::vector<memory_name> overflow{"node1"};
    EXPECT_THAT(
        targets(interleave(before, {{"node2", 1}, {"node0", 1}}).with_overflow(before, overflow)),
        ElementsAre("node2", "node0", "node1"));
    EXPECT_THAT(targets(bind(before, "/tmp")), IsEmpty());
}

TEST(MemoryEvents, ADeviceThatIsLost) {
    const topology mapped = machine({node(0, 4), dax("device_dax")});
    const placement on_it = bind(mapped, "dax0.0");
    const auto lost = [&](const topology& after) { return told(on_it, {mapped, after}); };
    EXPECT_THAT(lost(machine({node(0, 4)})),
                ElementsAre("lost dax0.0: dax0.0 is there no more: what lay on it is gone"));
    EXPECT_THAT(lost(machine({node(0, 4), dax("")})),
                ElementsAre("lost dax0.0: dax0.0 has no driver any more: what lay on it is gone"));
    EXPECT_THAT(lost(machine({node(0, 4), dax("kmem")})),
                ElementsAre("lost dax0.0: dax0.0 was made ordinary memory of node7 (driver kmem): "
                            "what lay on it is gone"));
    EXPECT_THAT(lost(machine({node(0, 4), dax("device_dax", 256)})),
                ElementsAre("lost dax0.0: dax0.0 was made anew, 256 MiB instead of 512 MiB: what "
                            "lay on it is gone"));
    EXPECT_THAT(lost(machine({node(0, 2), dax("device_dax")})), IsEmpty());
    EXPECT_THAT(told(on_it, {machine({node(0, 4), dax("kmem")}), mapped}),
                ElementsAre("returned dax0.0: dax0.0 can be mapped again: 512 MiB"));
}

TEST(MemoryEvents, ABetterMemoryIsToldOnce) {
    const topology without = machine({node(0, 4), node(1, 4)}, {100, 50});
    const topology with = machine({node(0, 4), node(1, 4), node(2, 4)}, {100, 50, 400});
    const placement best_one = best(without, criterion::read_bandwidth);
    const std::string sentence = "better node2: node2 is the best by read_bandwidth now: "
                                 "400 GB/s (hmat); node0 has 100 GB/s (hmat)";
    EXPECT_THAT(told(best_one, {without, with}), ElementsAre(sentence));
    EXPECT_THAT(told(best_one, {without, with, with}), ElementsAre(sentence));
    // It goes, and node0 is the best again, as it was asked for.
    EXPECT_THAT(told(best_one, {without, with, without}), ElementsAre(sentence));
    EXPECT_THAT(told(best_one, {without, with, without, with}), ElementsAre(sentence, sentence));
    EXPECT_THAT(told(chain(without, {"node0", "node1"}), {without, with}), IsEmpty());
}

TEST(MemoryEvents, ABetterMemoryByOtherFigures) {
    const topology before = machine({node(0, 4), node(1, 4)}, {100, 50});
    const topology after = machine({node(0, 4), node(1, 4)}, {100, 200});
    EXPECT_THAT(told(best(before, criterion::read_bandwidth), {before, after}),
                ElementsAre(HasSubstr("better node1")));
    EXPECT_THAT(told(best(before, criterion::capacity), {before, after}), IsEmpty());
}

TEST(MemoryEvents, WhatMovesUpIsNotBetter) {
    const topology all = machine({node(0, 4), node(1, 4), node(2, 4)}, {100, 50, 400});
    const topology without = machine({node(0, 4), node(1, 4)}, {100, 50});
    const topology other = machine({node(0, 4), node(1, 4), node(3, 4)}, {100, 50, 300});
    const placement best_one = best(all, criterion::read_bandwidth);
    EXPECT_THAT(told(best_one, {all, without, all}),
                ElementsAre(HasSubstr("leaving node2"), HasSubstr("returned node2")));
    // But what comes in its place is.
    EXPECT_THAT(told(best_one, {all, without, other}),
                ElementsAre(HasSubstr("leaving node2"), HasSubstr("better node3")));
    EXPECT_THAT(told(best_one, {all, other}),
                ElementsAre(HasSubstr("leaving node2"), HasSubstr("better node3")));
}

TEST(MemoryEvents, OneEventAMemory) {
    const topology slow = machine({node(0, 4), node(1, 4)}, {100, 50});
    const topology away = machine({node(0, 4)}, {100});
    const topology fast = machine({node(0, 4), node(1, 4)}, {100, 200});
    EXPECT_THAT(told(best(slow, criterion::read_bandwidth), {slow, away, fast}),
                ElementsAre(HasSubstr("leaving node1"), HasSubstr("better node1")));
}

TEST(MemoryEvents, SeenFromInitiatorsThatStay) {
    const topology before = machine({node(0, 4), node(1, 4)}, {100, 50});
    const placement best_one = best(before, criterion::read_bandwidth);
    const topology elsewhere = from_json(R"({"format": "hetmem-topology", "version": 1,
        "initiators": [{"name": "node5", "node": 5, "cpus": "4"}],
        "targets": [{"name": "node0", "node": 0, "state": "online", "size": 536870912},
                    {"name": "node5", "node": 5, "state": "online", "size": 536870912}],
        "figures": [{"source": "hmat", "quantity": "read_bandwidth", "values": [[1, 400]]}]})");
    // Nobody is left whose accesses counted: there is no better memory for them.
    EXPECT_THAT(told(best_one, {before, elsewhere}),
                testing::Not(testing::Contains(HasSubstr("better"))));
}

} // namespace
} // namespace hetmem
