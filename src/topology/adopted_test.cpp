#include "topology/adopted.hpp"

#include "tests/support/firmware.hpp"
#include "tests/support/made_up_machine.hpp"
#include "topology/describe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

namespace hetmem::detail {
namespace {

using acpi::data_type;
using test::add_access;
using test::block_bytes;
using test::firmware;
using test::make_machine;
using test::tree;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* boot = "0a1b2c3d-0000-4000-8000-000000000001";

/// Node 0 with the CPUs is domain 10, nodes 1 and 2 are domains 20 and 30.
tree three_nodes() {
    tree machine = make_machine({{0, "0-1", 0, 4, ~0U, "10 13 23"},
                                 {1, "", 8, 4, ~0U, "13 10 28"},
                                 {2, "", 16, 4, ~0U, "23 28 10"}},
                                2);
    machine.write("proc/sys/kernel/random/boot_id", std::string(boot) + "\n");
    return machine;
}

firmware domains(std::uint8_t revision = 2) {
    firmware tables(revision);
    tables.processor(10, 0).processor(10, 1);
    tables.memory(10, 0, 4 * block_bytes)
        .memory(20, 8 * block_bytes, 4 * block_bytes)
        .memory(30, 16 * block_bytes, 4 * block_bytes);
    return tables;
}

firmware at_boot() {
    firmware tables = domains();
    tables.matrix(data_type::access_latency, 1000, {10}, {10, 20, 30}, {100, 120, 300});
    return tables;
}

/// Another figure for domain 20, none for 30.
std::vector<std::byte> later_hmat() {
    firmware tables;
    tables.matrix(data_type::access_latency, 1000, {10}, {10, 20}, {100, 150});
    return tables.hmat();
}

acpi::memory_attributes reserved(std::uint32_t pxm, std::uint64_t base, std::uint64_t length) {
    acpi::memory_attributes s;
    s.flags = 7; // processor and memory valid, reservation hint
    s.initiator_pxm = 10;
    s.memory_pxm = pxm;
    s.range_base = base;
    s.range_length = length;
    return s;
}

adoption judged(const tree& machine, std::span<const std::byte> table) {
    const kernel::rooted_reader reader(machine.root());
    return judge_hmat(table, "a test", read_acpi(reader));
}

void adopt(tree& machine, const adopted_table& table, std::string_view of_boot = boot) {
    if (!table.bytes.empty()) {
        machine.write("run/hetmem/generations/1/adopted/HMAT", table.bytes);
    }
    machine.write("run/hetmem/generations/1/adopted/origin.json", origin_json(table, of_boot));
    machine.remove("run/hetmem/current").link("run/hetmem/current", "generations/1");
}

topology described(const tree& machine, const adopted_table* adopted = nullptr) {
    const kernel::rooted_reader reader(machine.root());
    return describe(reader, adopted);
}

const target& named(const topology& machine, std::string_view name) {
    const auto id = machine.find_target(name);
    if (!id) {
        throw std::runtime_error("no target " + std::string(name));
    }
    return machine.targets()[id->index];
}

figure<latency> latency_to(const topology& machine, std::string_view name) {
    return machine.access(machine.initiators()[0].id, named(machine, name).id).read_latency;
}

figure<latency> ns(std::uint64_t n, source from) {
    return {knowledge::known, latency::from_nanoseconds(n), from};
}

const source_report& report_of(const topology& machine, std::string_view what) {
    const auto reports = machine.sources();
    const auto found = std::ranges::find(reports, what, &source_report::what);
    if (found == reports.end()) {
        throw std::runtime_error("no report of " + std::string(what));
    }
    return *found;
}

TEST(JudgeHmat, AcceptsATableThatFitsTheMachine) {
    tree machine = three_nodes();
    at_boot().write_into(machine);
    const adoption result = judged(machine, later_hmat());
    EXPECT_THAT(result.refused, IsEmpty());
    ASSERT_TRUE(result.accepted);
    EXPECT_EQ(result.accepted->bytes, later_hmat());
    EXPECT_EQ(result.accepted->from, "a test");
    EXPECT_THAT(result.accepted->reservation_hints, IsEmpty());
}

TEST(JudgeHmat, RefusesWhatIsNoHmatAndNamesThePlace) {
    tree machine = three_nodes();
    at_boot().write_into(machine);
    const adoption result = judged(machine, domains().srat());
    EXPECT_FALSE(result.accepted);
    ASSERT_THAT(result.refused, Contains(HasSubstr("offset 0 expected")));
    EXPECT_THAT(result.refused, Contains(HasSubstr("SRAT")));
    EXPECT_FALSE(judged(machine, {}).accepted);
}

TEST(JudgeHmat, RefusesADamagedTable) {
    tree machine = three_nodes();
    at_boot().write_into(machine);
    std::vector<std::byte> table = later_hmat();
    table.back() ^= std::byte{1};
    const adoption result = judged(machine, table);
    EXPECT_FALSE(result.accepted);
    EXPECT_THAT(result.refused, ElementsAre(HasSubstr("at offset 9 expected")));

    table = later_hmat();
    table.pop_back();
    EXPECT_THAT(judged(machine, table).refused, Contains(HasSubstr("at offset 4 expected")));
}

TEST(JudgeHmat, RefusesATableWithoutFigures) {
    tree machine = three_nodes();
    at_boot().write_into(machine);
    firmware nothing;
    nothing.matrix(data_type::access_latency, 1000, {10}, {10, 20}, {0, 0xFFFF});
    EXPECT_THAT(judged(machine, nothing.hmat()).refused,
                ElementsAre(HasSubstr("not one latency or bandwidth")));
}

TEST(JudgeHmat, RefusesTwoValuesForOnePair) {
    tree machine = three_nodes();
    at_boot().write_into(machine);
    firmware twice;
    twice.matrix(data_type::access_latency, 1000, {10}, {10, 20}, {100, 150});
    twice.matrix(data_type::read_latency, 1000, {10}, {20}, {151});
    EXPECT_THAT(
        judged(machine, twice.hmat()).refused,
        ElementsAre(HasSubstr("read latency of domain 20 from domain 10 as at offset 86: 150000 "
                              "ps, found 151000 ps")));
}

TEST(JudgeHmat, RefusesWhatLinuxWouldDropForTheSratsSake) {
    tree machine = three_nodes();
    at_boot().write_into(machine);
    firmware foreign;
    foreign.matrix(data_type::access_latency, 1000, {10}, {10, 20}, {100, 150});
    acpi::memory_attributes unknown_memory;
    unknown_memory.memory_pxm = 99;
    foreign.structure(unknown_memory);
    EXPECT_THAT(
        judged(machine, foreign.hmat()).refused,
        ElementsAre(testing::AllOf(HasSubstr("domain 99"), HasSubstr("ignores the whole HMAT"))));
}

TEST(JudgeHmat, RefusesARangeOutsideOfItsDomain) {
    tree machine = three_nodes();
    at_boot().write_into(machine);
    firmware elsewhere(1);
    elsewhere.matrix(data_type::access_latency, 1000, {10}, {10, 20}, {1000, 1500});
    elsewhere.structure(reserved(20, 16 * block_bytes, block_bytes));
    EXPECT_THAT(judged(machine, elsewhere.hmat()).refused,
                ElementsAre(HasSubstr("a range inside the SRAT's ranges of domain 20")));
}

TEST(JudgeHmat, FiguresOfMemoryThatIsNotThereConcernNobody) {
    tree machine = three_nodes();
    at_boot().write_into(machine);
    firmware more;
    more.matrix(data_type::access_latency, 1000, {10}, {10, 20, 77}, {100, 150, 500});
    const adoption result = judged(machine, more.hmat());
    ASSERT_TRUE(result.accepted) << testing::PrintToString(result.refused);
    EXPECT_THAT(described(machine, &*result.accepted).defects(), SizeIs(1)); // it is told
}

TEST(JudgeHmat, AStructureOfALaterRevisionIsPassedOver) {
    tree machine = three_nodes();
    at_boot().write_into(machine);
    firmware later;
    later.matrix(data_type::access_latency, 1000, {10}, {10, 20}, {100, 150});
    acpi::unknown_structure what;
    what.type = 7;
    what.body.resize(24);
    later.structure(what);
    EXPECT_TRUE(judged(machine, later.hmat()).accepted);
}

TEST(JudgeHmat, RefusesATableWhoseDomainsNobodyExplains) {
    tree machine = three_nodes();
    EXPECT_THAT(judged(machine, later_hmat()).refused, ElementsAre(HasSubstr("no SRAT")));
}

TEST(Adopted, ReplacesTheFirmwaresTableWhole) {
    tree machine = three_nodes();
    at_boot().write_into(machine);
    EXPECT_EQ(latency_to(described(machine), "node2"), ns(300, source::hmat));

    adopt(machine, *judged(machine, later_hmat()).accepted);
    const topology now = described(machine);
    EXPECT_EQ(latency_to(now, "node1"), ns(150, source::hma));
    EXPECT_FALSE(latency_to(now, "node2").known()) << "only the old table had it";
    EXPECT_EQ(report_of(now, "HMAT").status, source_status::ignored);
    EXPECT_EQ(report_of(now, "HMAT").detail, "replaced at run time by a test");
    EXPECT_EQ(report_of(now, "_HMA").status, source_status::used);
    EXPECT_EQ(report_of(now, "_HMA").detail, "a test");
    EXPECT_THAT(now.disagreements(), IsEmpty());
}

TEST(Adopted, WhatTheKernelKeepsOfTheOldTableIsGoneToo) {
    tree machine = three_nodes();
    at_boot().write_into(machine);
    add_access(machine, 1, 0, 0, 120, 120, 0, 0);
    add_access(machine, 2, 0, 0, 300, 300, 0, 0);
    adopt(machine, *judged(machine, later_hmat()).accepted);
    const topology now = described(machine);
    EXPECT_EQ(latency_to(now, "node1"), ns(150, source::hma));
    EXPECT_FALSE(latency_to(now, "node2").known());
    EXPECT_THAT(now.disagreements(), IsEmpty());
}

TEST(Adopted, WhatTheKernelKnowsOtherwiseStays) {
    tree machine = three_nodes();
    firmware tables = domains();
    tables.matrix(data_type::access_latency, 1000, {10}, {10, 20}, {100, 120});
    tables.write_into(machine);
    add_access(machine, 2, 0, 0, 300, 300, 0, 0); // not from the HMAT: of a CXL device, say
    adopt(machine, *judged(machine, later_hmat()).accepted);
    EXPECT_EQ(latency_to(described(machine), "node2"), ns(300, source::sysfs));
}

TEST(Adopted, HoldsForItsBootOnly) {
    tree machine = three_nodes();
    at_boot().write_into(machine);
    adopt(machine, *judged(machine, later_hmat()).accepted, "another boot");
    EXPECT_EQ(latency_to(described(machine), "node1"), ns(120, source::hmat));
}

TEST(Adopted, ATableThatIsNotAllThereIsNotUsed) {
    tree machine = three_nodes();
    at_boot().write_into(machine);
    adopt(machine, *judged(machine, later_hmat()).accepted);
    const kernel::rooted_reader reader(machine.root());
    ASSERT_TRUE(read_adopted(reader));
    machine.write("run/hetmem/generations/1/adopted/HMAT", std::string(50, 'x'));
    EXPECT_FALSE(read_adopted(reader));
    machine.remove("run/hetmem/generations/1/adopted/HMAT");
    EXPECT_FALSE(read_adopted(reader));
    EXPECT_EQ(latency_to(described(machine), "node1"), ns(120, source::hmat));
}

TEST(Adopted, IsOfNobodyWhoMayNotReadIt) {
    tree machine = three_nodes();
    at_boot().write_into(machine);
    adopt(machine, *judged(machine, later_hmat()).accepted);
    machine.forbid("run/hetmem/generations/1/adopted/origin.json");
    const test::ordinary_user somebody;
    EXPECT_FALSE(read_adopted(kernel::rooted_reader(machine.root())));
}

TEST(Adopted, WithoutBytesTheFirmwaresHolds) {
    tree machine = three_nodes();
    at_boot().write_into(machine);
    adopted_table firmwares;
    firmwares.by = adopted_by::hand;
    firmwares.from = "the firmware's own, by hand";
    adopt(machine, firmwares);
    EXPECT_EQ(read_adopted(kernel::rooted_reader(machine.root())), firmwares);
    EXPECT_EQ(latency_to(described(machine), "node1"), ns(120, source::hmat));
    EXPECT_THROW(report_of(described(machine), "_HMA"), std::runtime_error);
}

TEST(Adopted, ReservationHintsSurviveANewTable) {
    tree machine = three_nodes();
    firmware tables = domains(1);
    tables.matrix(data_type::access_latency, 1000, {10}, {10, 20, 30}, {1000, 1200, 3000});
    tables.structure(reserved(20, 8 * block_bytes, 4 * block_bytes));
    tables.write_into(machine);
    EXPECT_TRUE(named(described(machine), "node1").reserved);

    const adoption first = judged(machine, later_hmat()); // of revision 2, which has no hints
    ASSERT_TRUE(first.accepted);
    EXPECT_THAT(first.accepted->reservation_hints, ElementsAre(20U));
    adopt(machine, *first.accepted);
    const topology now = described(machine);
    EXPECT_TRUE(named(now, "node1").reserved);
    EXPECT_THAT(named(now, "node1").reserved_reason, HasSubstr("earlier HMAT"));
    EXPECT_FALSE(named(now, "node2").reserved);

    // And the table after that.
    EXPECT_THAT(judged(machine, later_hmat()).accepted->reservation_hints, ElementsAre(20U));
}

TEST(Adopted, ASideCacheOfTheOldTableIsGoneAndThatOfTheNewHasItsSource) {
    tree machine = three_nodes();
    acpi::side_cache cache;
    cache.memory_pxm = 30;
    cache.cache_size = 64 << 20;
    cache.attributes.bits = 0x11; // level 1 of 1
    at_boot().structure(cache).write_into(machine);
    machine.write("sys/devices/system/node/node2/memory_side_cache/index1/size", "67108864\n");
    ASSERT_THAT(named(described(machine), "node2").caches, SizeIs(1));

    firmware later;
    later.matrix(data_type::access_latency, 1000, {10}, {10, 20}, {100, 150});
    cache.memory_pxm = 20;
    later.structure(cache);
    adopt(machine, *judged(machine, later.hmat()).accepted);
    const topology now = described(machine);
    EXPECT_THAT(named(now, "node2").caches, IsEmpty());
    ASSERT_THAT(named(now, "node1").caches, SizeIs(1));
    EXPECT_EQ(named(now, "node1").caches[0].from, source::hma);
}

TEST(Origin, ComesBackAsItWas) {
    adopted_table table;
    table.bytes.resize(40);
    table.by = adopted_by::hand;
    table.from = "\"x\\\n\xff";
    table.reservation_hints = {0, 5, 0xFFFFFFFFU};
    std::size_t size = 0;
    const auto back = parse_origin(origin_json(table, boot), boot, size);
    ASSERT_TRUE(back);
    EXPECT_EQ(size, 40U);
    EXPECT_EQ(back->by, table.by);
    EXPECT_EQ(back->from, "\"x\\\n\xEF\xBF\xBD"); // what is no UTF-8 is replaced
    EXPECT_EQ(back->reservation_hints, table.reservation_hints);
}

TEST(Origin, DamagedTextIsNone) {
    const std::string good = origin_json({}, boot);
    std::size_t size = 0;
    ASSERT_TRUE(parse_origin(good, boot, size));
    for (std::size_t length = 0; length + 2 < good.size(); ++length) {
        EXPECT_FALSE(parse_origin(std::string_view(good).substr(0, length), boot, size)) << length;
    }
    EXPECT_FALSE(
        parse_origin(R"({"boot_id":"","by":"x","bytes":0,"reservation_hints":[]})", "", size));
    EXPECT_FALSE(
        parse_origin(R"({"boot_id":"","by":"hand","bytes":-1,"reservation_hints":[]})", "", size));
    EXPECT_FALSE(
        parse_origin(R"({"boot_id":"","by":"hand","bytes":0,"reservation_hints":[-1]})", "", size));
    EXPECT_FALSE(parse_origin("[]", "", size));
}

} // namespace
} // namespace hetmem::detail
