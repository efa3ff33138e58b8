#include <hetmem/discover.hpp>
#include <hetmem/error.hpp>
#include <hetmem/rank.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace hetmem {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Two CPU nodes; a far HBM-like node2, a dax device, a node that is off.
topology machine_with(const std::string& figures) {
    return from_json(R"({"format": "hetmem-topology", "version": 1,
      "initiators": [{"name": "node0", "node": 0, "cpus": "0-1"},
                     {"name": "node1", "node": 1, "cpus": "2-3"}],
      "targets": [{"name": "node0", "node": 0, "state": "online", "size": 400, "free": 10},
                  {"name": "node1", "node": 1, "state": "online", "size": 300, "free": 20},
                  {"name": "node2", "node": 2, "state": "online", "size": 100, "free": 30},
                  {"name": "dax0.0", "node": 3, "state": "reserved", "reserved": true,
                   "reserved_reason": "device-dax dax0.0", "size": 900},
                  {"name": "node4", "node": 4, "state": "offline", "size": 50}],
      "distances": [[10, 20, 30, 40, 40], [20, 10, 30, 40, 40]],
      "figures": [)" +
                     figures + "]}");
}

std::vector<std::string> names(const topology& machine, const ranking& order) {
    std::vector<std::string> out;
    for (const ranked_target& place : order.places) {
        out.push_back(machine.targets()[place.target.index].name);
    }
    return out;
}

rank_options from(std::uint32_t initiator) {
    rank_options options;
    options.from = {initiator_id{initiator}};
    return options;
}

const std::string hmat_bandwidth = R"({"source": "hmat", "quantity": "read_bandwidth",
    "values": [[100, 50, 400, 400, 400], [50, 100, 300, 400, 400]]})";

TEST(Rank, OrdersByTheFiguresFromHere) {
    const topology machine = machine_with(hmat_bandwidth);
    EXPECT_THAT(names(machine, rank(machine, criterion::read_bandwidth, from(0))),
                ElementsAre("node2", "node0", "node1"));
    EXPECT_THAT(names(machine, rank(machine, criterion::read_bandwidth, from(1))),
                ElementsAre("node2", "node1", "node0"));
}

TEST(Rank, SmallerLatencyIsBetter) {
    const topology machine = machine_with(R"({"source": "hmat", "quantity": "write_latency",
        "values": [[100, 200, 50, 1, 1], [200, 100, 50, 1, 1]]})");
    const ranking order = rank(machine, criterion::write_latency, from(0));
    EXPECT_THAT(names(machine, order), ElementsAre("node2", "node0", "node1"));
    EXPECT_EQ(order.used, source::hmat);
    EXPECT_THAT(explain(order, order.places[0]), HasSubstr("0.05 ns (hmat)"));
}

TEST(Rank, ReservedAndOfflineMemoryIsLeftOutWithTheReason) {
    const topology machine = machine_with(hmat_bandwidth);
    const ranking order = rank(machine, criterion::read_bandwidth, from(0));
    ASSERT_EQ(order.left_out.size(), 2U);
    EXPECT_EQ(order.left_out[0].why, "reserved: device-dax dax0.0");
    EXPECT_EQ(order.left_out[1].why, "offline");
    rank_options all = from(0);
    all.include_reserved = true;
    EXPECT_EQ(rank(machine, criterion::read_bandwidth, all).places.size(), 5U);
}

TEST(Rank, NodesThatAreNotAllowedAreLeftOut) {
    const topology machine = machine_with(hmat_bandwidth);
    rank_options options = from(0);
    options.nodes = id_set::parse("0-1");
    const ranking order = rank(machine, criterion::read_bandwidth, options);
    EXPECT_THAT(names(machine, order), ElementsAre("node0", "node1"));
    EXPECT_EQ(order.left_out[0].why, "not allowed here");
}

TEST(Rank, SeveralInitiatorsCountByTheWorst) {
    // node0 is best from initiator 0 and bad from 1; node2 is middling from both.
    const topology machine = machine_with(R"({"source": "hmat", "quantity": "read_latency",
        "values": [[10, 90, 50, 1, 1], [95, 10, 50, 1, 1]]})");
    rank_options both;
    both.from = {initiator_id{0}, initiator_id{1}};
    const ranking order = rank(machine, criterion::read_latency, both);
    EXPECT_THAT(names(machine, order), ElementsAre("node2", "node1", "node0"));
    EXPECT_EQ(order.places[2].value, 95U);
}

TEST(Rank, UnknownFromOneOfSeveralIsUnknown) {
    const topology machine = machine_with(R"({"source": "sysfs", "quantity": "read_latency",
        "values": [[10, null, 50, null, null], [null, 10, 60, null, null]]})");
    rank_options both;
    both.from = {initiator_id{0}, initiator_id{1}};
    const ranking order = rank(machine, criterion::read_latency, both);
    EXPECT_EQ(names(machine, order).front(), "node2");
    EXPECT_EQ(order.places[1].state, knowledge::unknown);
    EXPECT_EQ(order.places[2].state, knowledge::unknown);
}

TEST(Rank, AHalfMeasuredMachineIsNotRankedMeasuredAgainstRated) {
    const topology machine = machine_with(hmat_bandwidth + R"(,
        {"source": "measured", "quantity": "read_bandwidth",
         "values": [[90, null, 10, null, null], [null, null, null, null, null]]})");
    const ranking order = rank(machine, criterion::read_bandwidth, from(0));
    EXPECT_THAT(names(machine, order), ElementsAre("node2", "node0", "node1"));
    EXPECT_EQ(order.used, source::hmat);
    ASSERT_EQ(order.remarks.size(), 1U);
    EXPECT_THAT(order.remarks[0], HasSubstr("measured covers 2 of 3"));
    EXPECT_THAT(order.remarks[0], HasSubstr("not comparable"));
}

TEST(Rank, TheStrongestSourceThatCoversAllIsUsed) {
    const topology machine = machine_with(hmat_bandwidth + R"(,
        {"source": "measured", "quantity": "read_bandwidth",
         "values": [[90, 80, 10, null, null], [null, null, null, null, null]]})");
    const ranking order = rank(machine, criterion::read_bandwidth, from(0));
    EXPECT_THAT(names(machine, order), ElementsAre("node0", "node1", "node2"));
    EXPECT_EQ(order.used, source::measured);
    EXPECT_THAT(order.remarks, IsEmpty());
}

TEST(Rank, UnreachableComesAfterUnknown) {
    const topology machine = machine_with(R"({"source": "hmat", "quantity": "read_latency",
        "values": [["unreachable", null, 50, null, null], [10, 10, 10, 10, 10]]})");
    const ranking order = rank(machine, criterion::read_latency, from(0));
    EXPECT_THAT(names(machine, order), ElementsAre("node2", "node1", "node0"));
    EXPECT_EQ(explain(order, order.places[1]), "no figure; distance 20");
    EXPECT_EQ(explain(order, order.places[2]), "unreachable from here");
}

TEST(Rank, WithoutFiguresDistanceOrdersAndNothingIsInvented) {
    const topology machine = machine_with("");
    const ranking order = rank(machine, criterion::read_bandwidth, from(1));
    EXPECT_THAT(names(machine, order), ElementsAre("node1", "node0", "node2"));
    EXPECT_FALSE(order.used);
    EXPECT_EQ(order.places[0].state, knowledge::unknown);
    EXPECT_EQ(order.remarks.size(), 1U);
}

TEST(Rank, EqualFiguresGoToTheNearer) {
    const topology machine = machine_with(R"({"source": "hmat", "quantity": "read_latency",
        "values": [[7, 7, 7, 7, 7], [7, 7, 7, 7, 7]]})");
    EXPECT_THAT(names(machine, rank(machine, criterion::read_latency, from(1))),
                ElementsAre("node1", "node0", "node2"));
}

TEST(Rank, WhatOnlyFirmwareDescribesIsNeverRanked) {
    const topology machine = from_json(R"({"format": "hetmem-topology", "version": 1,
      "initiators": [{"name": "node0", "node": 0, "cpus": "0"}],
      "targets": [{"name": "node0", "node": 0, "state": "online", "size": 1},
                  {"name": "pxm1", "state": "absent", "size": 900}]})");
    rank_options all = from(0);
    all.include_reserved = true;
    const ranking order = rank(machine, criterion::capacity, all);
    EXPECT_THAT(names(machine, order), ElementsAre("node0"));
    EXPECT_EQ(order.left_out[0].why, "absent");
}

TEST(Rank, BySizeAndFreeMemory) {
    const topology machine = machine_with("");
    EXPECT_THAT(names(machine, rank(machine, criterion::capacity, from(0))),
                ElementsAre("node0", "node1", "node2"));
    EXPECT_THAT(names(machine, rank(machine, criterion::free, from(0))),
                ElementsAre("node2", "node1", "node0"));
}

TEST(Rank, SizesAreExplainedInUnitsThatFit) {
    ranking order;
    order.by = criterion::capacity;
    ranked_target place;
    place.state = knowledge::known;
    place.value = 16ULL << 20;
    EXPECT_EQ(explain(order, place), "16.0 MiB");
    place.value = 3ULL << 29;
    EXPECT_EQ(explain(order, place), "1.5 GiB");
    place.state = knowledge::unknown;
    EXPECT_EQ(explain(order, place), "size unknown");
}

TEST(Rank, TheLargestNumbersAreStillNumbers) {
    const topology machine = from_json(R"({"format": "hetmem-topology", "version": 1,
      "initiators": [{"name": "node0", "node": 0, "cpus": "0"}],
      "targets": [{"name": "small", "size": 1},
                  {"name": "huge", "size": 18446744073709551615},
                  {"name": "unsized"}]})");
    EXPECT_THAT(names(machine, rank(machine, criterion::capacity, from(0))),
                ElementsAre("huge", "small", "unsized"));
}

TEST(Rank, AnInitiatorOfAnotherTopologyIsRefused) {
    EXPECT_THROW(rank(machine_with(""), criterion::free, from(2)), no_such_target);
}

TEST(Rank, CriteriaHaveNames) {
    EXPECT_EQ(parse_criterion("read_bandwidth"), criterion::read_bandwidth);
    EXPECT_EQ(to_string(criterion::free), "free");
    EXPECT_FALSE(parse_criterion("speed"));
}

TEST(Rank, TheCallerMayUseSomething) {
    EXPECT_FALSE(allowed_cpus().empty());
    EXPECT_FALSE(allowed_nodes().empty());
    const topology here = discover();
    EXPECT_FALSE(rank(here, criterion::capacity).places.empty());
}

} // namespace
} // namespace hetmem
