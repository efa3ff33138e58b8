#include "tests/support/tree.hpp"

#include <hetmem/discover.hpp>
#include <hetmem/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace hetmem {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const std::string full = R"({"format": "hetmem-topology", "version": 1, "generation": 3,
  "machine": {"cpu_model": "A \"quoted\" CPU", "architecture": "x86_64", "kernel": "6.12.9", "demotion": true},
  "packages": [{"id": 0, "cpus": "0-3"}],
  "initiators": [{"name": "node0", "kind": "cpu", "node": 0, "pxm": 4, "cpus": "0-3", "package": 0},
                 {"name": "gi1", "kind": "generic_initiator", "node": 1, "device": "pci 0000:00:03.0"}],
  "targets": [{"name": "node0", "kind": "dram", "kind_reason": "r", "state": "online", "node": 0, "pxm": 4,
     "size": 1073741824, "free": 5, "cpus": "0-3", "package": 0, "block_size": 134217728, "blocks": 8,
     "blocks_online": 8, "ranges": [{"base": 0, "length": 1073741824}],
     "caches": [{"level": 1, "size": 1024, "line_size": 64, "associativity": "direct",
                 "write_policy": "write-back", "source": "hmat"}],
     "huge_pages": [{"page": 2097152, "total": 3, "free": 2}], "tier": 4, "interleave_weight": 2},
    {"name": "dax0.0", "kind": "hbm", "state": "reserved", "reserved": true, "reserved_reason": "device-dax",
     "dax": [{"name": "dax0.0", "size": 7, "align": 2097152, "driver": "device_dax", "origin": "soft-reserved",
              "target_node": 2, "resource": 4096}],
     "device_legs": [{"device": "mem0", "device_range": {"base": 0, "length": 9}, "non_volatile": true,
                      "figures": {"read_latency": 150000, "write_latency": "unreachable",
                                  "write_bandwidth": 16000000000}}]}],
  "figures": [{"source": "hmat", "quantity": "read_latency", "unit": "ps", "level": 0,
               "values": [[100000, "unreachable"], [null, 80000]]},
              {"source": "sysfs", "quantity": "read_latency", "unit": "ps", "level": 0,
               "values": [[101000, null], [null, null]]},
              {"source": "hmat", "quantity": "read_latency", "unit": "ps", "level": 1,
               "values": [[40000, null], [null, null]]}],
  "distances": [[10, 255], [null, 20]],
  "sources": [{"what": "HMAT", "path": "/sys/firmware/acpi/tables/HMAT", "status": "malformed", "detail": "1 defect"}],
  "notices": [{"what": "w", "why": "y", "help": "h"}],
  "defects": [{"table": "HMAT", "offset": 40, "expected": "e", "found": "f", "linux_does": "drops it"}],
  "disagreements": [{"about": "size of x", "used": "1", "other": "2"}]})";

std::string complaint(const std::string& text) {
    try {
        from_json(text, "saved.json");
    } catch (const malformed_file& e) {
        return e.what();
    }
    return "no complaint";
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
    const auto at = text.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return text.replace(at, what.size(), by);
}

TEST(Json, WhatIsWrittenIsReadBackTheSame) {
    const topology machine = from_json(full);
    const std::string once = to_json(machine);
    const topology again = from_json(once);
    EXPECT_EQ(to_json(again), once);
    EXPECT_EQ(again.generation(), 3U);
    EXPECT_EQ(again.machine(), machine.machine());
    ASSERT_EQ(again.targets().size(), 2U);
    for (std::size_t t = 0; t < 2; ++t) {
        EXPECT_EQ(again.targets()[t], machine.targets()[t]);
        EXPECT_EQ(again.initiators()[t], machine.initiators()[t]);
    }
    EXPECT_EQ(again.targets()[1].device_legs[0].figures.read_latency.value.picoseconds(), 150000U);
    EXPECT_EQ(again.targets()[1].device_legs[0].figures.write_latency.state,
              knowledge::unreachable);
    EXPECT_EQ(again.disagreements(), machine.disagreements());
    EXPECT_EQ(again.defects()[0], machine.defects()[0]);
}

TEST(Json, FiguresKeepTheirSourceAndTheirThreeStates) {
    const topology machine = from_json(to_json(from_json(full)));
    const access a = machine.access({0}, {0});
    EXPECT_EQ(a.read_latency.value.picoseconds(), 100000U);
    EXPECT_EQ(a.read_latency.from, source::hmat);
    EXPECT_EQ(machine.access({0}, {1}).read_latency.state, knowledge::unreachable);
    EXPECT_EQ(machine.access({1}, {0}).read_latency.state, knowledge::unknown);
    EXPECT_EQ(machine.access({0}, {0}, 1).read_latency.value.picoseconds(), 40000U);
    EXPECT_EQ(machine.distance({0}, {1}), 255U);
    EXPECT_FALSE(machine.distance({1}, {0}));
    EXPECT_EQ(machine.disagreements().size(), 2U) << "the one told, the one between the figures";
}

TEST(Json, TellsTheBestInitiatorOfEachTarget) {
    EXPECT_THAT(to_json(from_json(full)),
                AllOf(HasSubstr(R"({"target":"dax0.0","initiator":"gi1","read_latency":)"
                                R"({"value":80000,"unit":"ps","source":"hmat"})")));
}

TEST(Json, ComplaintsNameFilePlaceAndReason) {
    EXPECT_THAT(complaint("{"), HasSubstr("saved.json: parse error at line 1"));
    EXPECT_THAT(complaint("[]"), HasSubstr("expected an object"));
    EXPECT_THAT(complaint(R"({"format": "other"})"), HasSubstr("hetmem-topology"));
    EXPECT_THAT(complaint(replaced(full, "\"version\": 1", "\"version\": 2")),
                AllOf(HasSubstr("version"), HasSubstr("expected version 1, found 2")));
    EXPECT_THAT(complaint(replaced(full, "\"free\": 5", "\"free\": -5")),
                AllOf(HasSubstr("targets[0].free"), HasSubstr("found -5")));
    EXPECT_THAT(complaint(replaced(full, "\"dram\"", "\"drum\"")),
                AllOf(HasSubstr("targets[0].kind"), HasSubstr("drum")));
    EXPECT_THAT(complaint(replaced(full, "\"cpus\": \"0-3\", \"package\"",
                                   "\"cpus\": \"3-0\", \"package\"")),
                AllOf(HasSubstr("initiators[0].cpus"), HasSubstr("3-0")));
    EXPECT_THAT(complaint(replaced(full, "[null, 80000]", "[null]")),
                AllOf(HasSubstr("figures[0].values[1]"), HasSubstr("2 values")));
    EXPECT_THAT(complaint(replaced(full, "[null, 80000]", "[null, \"far\"]")),
                HasSubstr("figures[0].values[1][1]"));
    EXPECT_THAT(complaint(replaced(full, "[null, 20]", "[null, 256]")),
                HasSubstr("distances[1][1]"));
    EXPECT_THAT(complaint(replaced(full, "\"name\": \"gi1\"", "\"nom\": \"gi1\"")),
                AllOf(HasSubstr("initiators[1].name"), HasSubstr("missing")));
    EXPECT_THAT(complaint(replaced(full, "\"source\": \"sysfs\"", "\"source\": \"hmat\"")),
                HasSubstr("once"));
    EXPECT_THAT(complaint(replaced(full, "\"level\": 1,\n               \"values\"",
                                   "\"level\": 9,\n               \"values\"")),
                HasSubstr("level from 0 to 3"));
    EXPECT_THAT(complaint(replaced(full, "\"unit\": \"ps\"", "\"unit\": \"B/s\"")),
                AllOf(HasSubstr("figures[0].unit"), HasSubstr("\"ps\""), HasSubstr("B/s")));
    EXPECT_THAT(complaint(replaced(full, "\"name\": \"gi1\"", "\"name\": \"node0\"")),
                AllOf(HasSubstr("initiators[1].name"), HasSubstr("no other")));
}

TEST(Json, AHostileFileStaysSmall) {
    std::string many = R"({"format": "hetmem-topology", "version": 1, "initiators": [)";
    for (int i = 0; i < 20000; ++i) {
        many += R"({"name":"i"},)";
    }
    many.back() = ']';
    many += R"(, "targets": [)";
    for (int i = 0; i < 20000; ++i) {
        many += R"({"name":"t"},)";
    }
    many.back() = ']';
    EXPECT_THAT(complaint(many + "}"), HasSubstr("pairs"));
}

TEST(Json, UnknownMembersAreIgnored) {
    EXPECT_EQ(complaint(replaced(full, "\"generation\": 3", "\"generation\": 3, \"new\": [1]")),
              "no complaint");
}

TEST(Json, SavesAndLoads) {
    const test::temporary_directory place;
    const topology machine = from_json(full);
    const auto file = place.path() / "machine.json";
    save_topology(machine, file);
    EXPECT_EQ(to_json(load_topology(file)), to_json(machine));
    EXPECT_THROW(load_topology(place.path() / "absent.json"), error);
    EXPECT_THROW(save_topology(machine, place.path() / "no" / "such" / "directory.json"), error);
    std::ofstream(file) << "{";
    try {
        load_topology(file);
        FAIL();
    } catch (const malformed_file& e) {
        EXPECT_THAT(e.what(), HasSubstr(file.string()));
    }
    // Nothing is left beside the file.
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(place.path()), {}), 1);
}

} // namespace
} // namespace hetmem
