#include "tests/support/firmware.hpp"
#include "tests/support/made_up_machine.hpp"

#include <hetmem/discover.hpp>
#include <hetmem/error.hpp>

#include <acpi/cdat.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace hetmem {
namespace {

using acpi::data_type;
using test::add_access;
using test::block_bytes;
using test::firmware;
using test::make_machine;
using test::tree;
using testing::AllOf;
using testing::Contains;
using testing::Field;
using testing::HasSubstr;

const target& named(const topology& machine, std::string_view name) {
    const auto id = machine.find_target(name);
    if (!id) {
        throw std::runtime_error("no target " + std::string(name));
    }
    return machine.targets()[id->index];
}

const initiator& initiator_named(const topology& machine, std::string_view name) {
    for (const initiator& i : machine.initiators()) {
        if (i.name == name) {
            return i;
        }
    }
    throw std::runtime_error("no initiator " + std::string(name));
}

access pair(const topology& machine, std::string_view from, std::string_view to) {
    return machine.access(initiator_named(machine, from).id, named(machine, to).id);
}

figure<latency> ns(std::uint64_t n, source from) {
    return {knowledge::known, latency::from_nanoseconds(n), from};
}
figure<bandwidth> mb(std::uint64_t n, source from) {
    return {knowledge::known, bandwidth::from_megabytes_per_second(n), from};
}

/// Two sockets of two CPUs, each with DDR, and HBM without CPUs. The firmware's proximity domains
/// are 10 and 11 for DDR, 20 and 21 for HBM, so that none of them equals its node.
tree two_sockets() {
    return make_machine({{0, "0-1", 0, 4, ~0U, "10 21 13 23"},
                         {1, "2-3", 8, 4, ~0U, "21 10 23 13"},
                         {2, "", 16, 2, ~0U, "13 23 10 28"},
                         {3, "", 24, 2, ~0U, "23 13 28 10"}},
                        4);
}

firmware two_sockets_firmware() {
    firmware tables;
    tables.processor(10, 0).processor(10, 1).processor(11, 2).processor(11, 3);
    tables.memory(10, 0, 4 * block_bytes)
        .memory(11, 8 * block_bytes, 4 * block_bytes)
        .memory(20, 16 * block_bytes, 2 * block_bytes)
        .memory(21, 24 * block_bytes, 2 * block_bytes);
    tables.matrix(data_type::access_latency, 1000, {10, 11}, {10, 11, 20, 21},
                  {100, 200, 120, 220, 200, 100, 220, 120});
    tables.matrix(data_type::read_bandwidth, 1000, {10, 11}, {10, 11, 20, 21},
                  {100, 50, 400, 60, 50, 100, 60, 400});
    tables.matrix(data_type::write_bandwidth, 1000, {10, 11}, {10, 11, 20, 21},
                  {90, 45, 390, 55, 45, 90, 55, 390});
    return tables;
}

TEST(Discover, TellsEveryPairOfTheHmat) {
    tree root = two_sockets();
    two_sockets_firmware().write_into(root);
    const topology machine = discover({.root = root.root()});

    const std::uint64_t latencies[2][4] = {{100, 200, 120, 220}, {200, 100, 220, 120}};
    const std::uint64_t reads[2][4] = {{100, 50, 400, 60}, {50, 100, 60, 400}};
    const std::uint64_t writes[2][4] = {{90, 45, 390, 55}, {45, 90, 55, 390}};
    for (unsigned i = 0; i < 2; ++i) {
        for (unsigned t = 0; t < 4; ++t) {
            const access a = pair(machine, "node" + std::to_string(i), "node" + std::to_string(t));
            EXPECT_EQ(a.read_latency, ns(latencies[i][t], source::hmat)) << i << t;
            EXPECT_EQ(a.write_latency, ns(latencies[i][t], source::hmat)) << i << t;
            EXPECT_EQ(a.read_bandwidth, mb(reads[i][t] * 1000, source::hmat)) << i << t;
            EXPECT_EQ(a.write_bandwidth, mb(writes[i][t] * 1000, source::hmat)) << i << t;
        }
    }
    EXPECT_TRUE(machine.defects().empty());
    EXPECT_TRUE(machine.disagreements().empty());
    EXPECT_FALSE(machine.live());
}

TEST(Discover, MatchesProximityDomainsByWhatTheyHold) {
    tree root = two_sockets();
    two_sockets_firmware().write_into(root);
    const topology machine = discover({.root = root.root()});
    EXPECT_EQ(named(machine, "node0").pxm, 10U);
    EXPECT_EQ(named(machine, "node1").pxm, 11U);
    EXPECT_EQ(named(machine, "node2").pxm, 20U);
    EXPECT_EQ(named(machine, "node3").pxm, 21U);
    EXPECT_THAT(named(machine, "node2").pxm_reason, HasSubstr("memory blocks"));
    EXPECT_EQ(initiator_named(machine, "node1").pxm, 11U);
}

TEST(Discover, TellsSizePackageKindAndNearest) {
    tree root = two_sockets();
    two_sockets_firmware().write_into(root);
    const topology machine = discover({.root = root.root()});
    const target& hbm = named(machine, "node3");
    EXPECT_EQ(hbm.size, byte_size::from_bytes(2 * block_bytes));
    EXPECT_EQ(hbm.state, target_state::online);
    EXPECT_EQ(hbm.package, 1);
    EXPECT_EQ(hbm.kind, memory_kind::hbm);
    EXPECT_THAT(hbm.kind_reason,
                AllOf(HasSubstr("400 GB/s"), HasSubstr("4 times"), HasSubstr("hmat")));
    EXPECT_EQ(named(machine, "node0").kind, memory_kind::dram);
    ASSERT_TRUE(machine.best_initiator(hbm.id));
    EXPECT_EQ(machine.initiators()[machine.best_initiator(hbm.id)->index].name, "node1");
    EXPECT_EQ(machine.distance(initiator_named(machine, "node1").id, hbm.id), 13U);
    EXPECT_EQ(machine.machine().cpu_model, "Made-up CPU");
}

TEST(Discover, WithoutFirmwareTheKernelsBestPairsRemain) {
    tree root = two_sockets();
    add_access(root, 2, 0, 0, 120, 130, 400000, 390000);
    add_access(root, 2, 1, 0, 120, 130, 400000, 390000);
    const topology machine = discover({.root = root.root()});
    const access local = pair(machine, "node0", "node2");
    EXPECT_EQ(local.read_latency, ns(120, source::sysfs));
    EXPECT_EQ(local.write_latency, ns(130, source::sysfs));
    EXPECT_EQ(local.read_bandwidth, mb(400000, source::sysfs));
    EXPECT_EQ(local.write_bandwidth, mb(390000, source::sysfs));
    EXPECT_EQ(pair(machine, "node1", "node2"), access{});
    EXPECT_EQ(pair(machine, "node0", "node0"), access{});
    EXPECT_THAT(machine.sources(),
                Contains(AllOf(Field(&source_report::what, "HMAT"),
                               Field(&source_report::status, source_status::absent))));
    EXPECT_TRUE(machine.notices().empty());
}

TEST(Discover, WhereNobodyTellsAnythingThatIsSaid) {
    const tree root = two_sockets();
    const topology machine = discover({.root = root.root()});
    ASSERT_EQ(machine.notices().size(), 1U);
    EXPECT_THAT(machine.notices()[0].why, HasSubstr("no HMAT"));
}

TEST(Discover, ZeroInSysfsIsUnknownNotZero) {
    tree root = two_sockets();
    add_access(root, 2, 1, 0, 0, 0, 400000, 0);
    const topology machine = discover({.root = root.root()});
    const access a = pair(machine, "node0", "node2");
    EXPECT_EQ(a.read_latency.state, knowledge::unknown);
    EXPECT_EQ(a.write_bandwidth.state, knowledge::unknown);
    EXPECT_EQ(a.read_bandwidth, mb(400000, source::sysfs));
}

TEST(Discover, FirmwareWinsAndTheLoserIsKept) {
    tree root = two_sockets();
    two_sockets_firmware().write_into(root);
    add_access(root, 2, 0, 0, 120, 999, 400000, 390000);
    const topology machine = discover({.root = root.root()});
    EXPECT_EQ(pair(machine, "node0", "node2").write_latency, ns(120, source::hmat));
    const auto claims = machine.claims(
        quantity::write_latency, initiator_named(machine, "node0").id, named(machine, "node2").id);
    ASSERT_EQ(claims.size(), 2U);
    EXPECT_EQ(claims[1], (claim{source::sysfs, knowledge::known, 999'000}));
    const auto disagreements = machine.disagreements();
    ASSERT_EQ(disagreements.size(), 1U);
    EXPECT_EQ(disagreements[0].about, "write_latency node0 -> node2");
    EXPECT_THAT(disagreements[0].used, HasSubstr("120 ns (hmat)"));
    EXPECT_THAT(disagreements[0].other, HasSubstr("999 ns (sysfs)"));
}

TEST(Discover, RoundingOfTheKernelIsNoDisagreement) {
    tree root = two_sockets();
    firmware tables = two_sockets_firmware();
    tables.matrix(data_type::read_latency, 1, {10}, {20}, {12345}); // 12.345 ns
    tables.write_into(root);
    add_access(root, 2, 0, 0, 13, 120, 400000, 390000);
    const topology machine = discover({.root = root.root()});
    EXPECT_TRUE(machine.disagreements().empty());
    EXPECT_EQ(pair(machine, "node0", "node2").read_latency.value.picoseconds(), 12345U);
}

TEST(Discover, UnknownUnreachableAndKnownAreThree) {
    tree root = two_sockets();
    firmware tables;
    tables.processor(10, 0).processor(11, 2);
    tables.memory(10, 0, 4 * block_bytes).memory(11, 8 * block_bytes, 4 * block_bytes);
    tables.matrix(data_type::access_latency, 1000, {10, 11}, {10, 11}, {100, 0xFFFF, 0, 100});
    tables.write_into(root);
    const topology machine = discover({.root = root.root()});
    EXPECT_EQ(pair(machine, "node0", "node1").read_latency.state, knowledge::unreachable);
    EXPECT_EQ(pair(machine, "node0", "node1").read_latency.from, source::hmat);
    EXPECT_EQ(pair(machine, "node1", "node0").read_latency.state, knowledge::unknown);
    EXPECT_EQ(pair(machine, "node1", "node1").read_latency, ns(100, source::hmat));
}

TEST(Discover, RevisionOneHasHintsAndTenths) {
    tree root = two_sockets();
    firmware tables(1);
    tables.processor(10, 0).processor(11, 2);
    tables.memory(10, 0, 4 * block_bytes).memory(20, 16 * block_bytes, 2 * block_bytes);
    acpi::memory_attributes hinted;
    hinted.flags = 7;
    hinted.initiator_pxm = 10;
    hinted.memory_pxm = 20;
    hinted.range_base = 16 * block_bytes;
    hinted.range_length = 2 * block_bytes;
    tables.structure(hinted);
    tables.matrix(data_type::access_latency, 10, {10}, {10, 20}, {100, 123});
    tables.matrix(data_type::access_bandwidth, 1024, {10}, {10, 20}, {1000, 2000});
    tables.write_into(root);
    const topology machine = discover({.root = root.root()});
    EXPECT_EQ(pair(machine, "node0", "node0").read_latency, ns(100, source::hmat));
    EXPECT_EQ(pair(machine, "node0", "node2").write_latency, ns(123, source::hmat));
    EXPECT_EQ(pair(machine, "node0", "node2").read_bandwidth, mb(204'800, source::hmat));
    EXPECT_TRUE(named(machine, "node2").reserved);
    EXPECT_THAT(named(machine, "node2").reserved_reason, HasSubstr("reservation hint"));
    EXPECT_EQ(named(machine, "node2").state, target_state::online);
    EXPECT_FALSE(named(machine, "node0").reserved);
}

TEST(Discover, FiguresOfACacheAreNotThoseOfItsMemory) {
    tree root = two_sockets();
    firmware tables = two_sockets_firmware();
    acpi::side_cache cache;
    cache.memory_pxm = 20;
    cache.cache_size = 64ULL << 20;
    cache.attributes.bits = 1U | 1U << 4 | 1U << 8 | 1U << 12 | 64U << 16;
    tables.structure(cache);
    tables.matrix(data_type::access_latency, 1000, {10}, {20}, {40}, 1); // first level cache
    tables.write_into(root);
    const topology machine = discover({.root = root.root()});
    const target& memory = named(machine, "node2");
    ASSERT_EQ(memory.caches.size(), 1U);
    EXPECT_EQ(memory.caches[0].level, 1U);
    EXPECT_EQ(memory.caches[0].size, byte_size::from_mib(64));
    EXPECT_EQ(memory.caches[0].line_size, byte_size::from_bytes(64));
    EXPECT_EQ(memory.caches[0].associativity, "direct");
    EXPECT_EQ(memory.caches[0].write_policy, "write-back");
    EXPECT_EQ(pair(machine, "node0", "node2").read_latency, ns(120, source::hmat));
    const initiator_id from = initiator_named(machine, "node0").id;
    EXPECT_EQ(machine.access(from, memory.id, 1).read_latency, ns(40, source::hmat));
    EXPECT_EQ(machine.access(from, memory.id, 2), access{});
}

TEST(Discover, AGenericInitiatorShiftsTheNodes) {
    // As Linux numbers it: processor 0 -> node 0, Generic Initiator 5 -> node 1, memory 1 ->
    // node 2.
    tree root = make_machine({{0, "0-1", 0, 4, ~0U, "10 20 20"},
                              {1, "", 0, 0, ~0U, "20 10 20"},
                              {2, "", 8, 2, ~0U, "20 20 10"}},
                             2);
    root.write("sys/devices/system/node/has_generic_initiator", "1\n");
    firmware tables;
    tables.processor(0, 0).processor(0, 1).generic_initiator(5, {0, 0, 3, 0});
    tables.memory(0, 0, 4 * block_bytes).memory(1, 8 * block_bytes, 2 * block_bytes);
    tables.matrix(data_type::access_latency, 1000, {0, 5}, {0, 1}, {100, 250, 300, 80});
    tables.write_into(root);
    const topology machine = discover({.root = root.root()});
    const initiator& device = initiator_named(machine, "gi1");
    EXPECT_EQ(device.kind, initiator_kind::generic_initiator);
    EXPECT_EQ(device.node, 1);
    EXPECT_EQ(device.pxm, 5U);
    EXPECT_EQ(device.device, "pci 0000:00:03.0");
    EXPECT_EQ(machine.targets().size(), 2U) << "the initiator's node holds no memory";
    EXPECT_EQ(named(machine, "node2").pxm, 1U);
    EXPECT_EQ(pair(machine, "gi1", "node2").read_latency, ns(80, source::hmat));
    EXPECT_EQ(pair(machine, "node0", "node2").read_latency, ns(250, source::hmat));
    EXPECT_EQ(machine.best_initiator(named(machine, "node2").id), device.id);
}

TEST(Discover, ReservedMemoryHasFiguresThoughNoNode) {
    tree root = make_machine({{0, "0-1", 0, 4, ~0U, "10"}}, 2);
    firmware tables;
    tables.processor(0, 0)
        .memory(0, 0, 4 * block_bytes)
        .memory(1, 8 * block_bytes, 2 * block_bytes);
    tables.matrix(data_type::access_latency, 1000, {0}, {0, 1}, {100, 120});
    tables.matrix(data_type::access_bandwidth, 1000, {0}, {0, 1}, {100, 400});
    tables.write_into(root);
    const std::string dax = "sys/devices/platform/hmem.0/dax0.0/";
    root.write({{dax + "size", std::to_string(2 * block_bytes) + "\n"},
                {dax + "target_node", "1\n"},
                {dax + "numa_node", "0\n"},
                {dax + "align", "2097152\n"},
                {dax + "resource", "0x40000000\n"}});
    root.link("sys/bus/dax/devices/dax0.0", "../../../devices/platform/hmem.0/dax0.0");
    root.make_directory("sys/bus/dax/drivers/device_dax");
    root.link(dax + "driver", "../../../../bus/dax/drivers/device_dax");
    {
        const topology machine = discover({.root = root.root()});
        const target& memory = named(machine, "dax0.0");
        EXPECT_EQ(memory.state, target_state::reserved);
        EXPECT_TRUE(memory.reserved);
        EXPECT_EQ(memory.pxm, 1U);
        EXPECT_EQ(memory.node, 1);
        EXPECT_EQ(memory.kind, memory_kind::hbm);
        EXPECT_EQ(memory.package, 0) << "that of the nearest node";
        EXPECT_EQ(memory.size, byte_size::from_bytes(2 * block_bytes));
        ASSERT_EQ(memory.dax.size(), 1U);
        EXPECT_EQ(memory.dax[0].driver, "device_dax");
        EXPECT_EQ(memory.dax[0].origin, "soft-reserved");
        EXPECT_EQ(pair(machine, "node0", "dax0.0").read_latency, ns(120, source::hmat));
        EXPECT_EQ(machine.targets().size(), 2U);
    }
    // The same memory once kmem has onlined it.
    tree onlined = make_machine({{0, "0-1", 0, 4, ~0U, "10 20"}, {1, "", 8, 2, ~0U, "20 10"}}, 2);
    tables.write_into(onlined);
    onlined.write({{dax + "size", std::to_string(2 * block_bytes) + "\n"},
                   {dax + "target_node", "1\n"},
                   {dax + "resource", "0x40000000\n"}});
    onlined.link("sys/bus/dax/devices/dax0.0", "../../../devices/platform/hmem.0/dax0.0");
    onlined.make_directory("sys/bus/dax/drivers/kmem");
    onlined.link(dax + "driver", "../../../../bus/dax/drivers/kmem");
    const topology machine = discover({.root = onlined.root()});
    const target& memory = named(machine, "node1");
    EXPECT_EQ(memory.state, target_state::online);
    EXPECT_FALSE(memory.reserved);
    ASSERT_EQ(memory.dax.size(), 1U);
    EXPECT_EQ(memory.dax[0].name, "dax0.0");
    EXPECT_EQ(pair(machine, "node0", "node1").read_latency, ns(120, source::hmat));
    EXPECT_EQ(machine.targets().size(), 2U);
}

/// A CXL device of 256 MiB with a CDAT (CDAT 1.03): 150 ns and 16000 MB/s for reading.
std::string device_cdat() {
    acpi::cdat table;
    acpi::dsmas range;
    range.handle = 1;
    range.dpa_length = 256ULL << 20;
    table.structures.emplace_back(range);
    acpi::dslbis latency;
    latency.handle = 1;
    latency.kind = data_type::read_latency;
    latency.base_unit = 10000;
    latency.entries = {15, 0, 0};
    table.structures.emplace_back(latency);
    acpi::dslbis bandwidth;
    bandwidth.handle = 1;
    bandwidth.kind = data_type::read_bandwidth;
    bandwidth.base_unit = 1000;
    bandwidth.entries = {16, 0, 0};
    table.structures.emplace_back(bandwidth);
    acpi::seal(table);
    const auto bytes = acpi::encode(table);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

const std::string cxl_bus = "sys/bus/cxl/devices/";

void add_cxl_device(tree& root) {
    root.write({{cxl_bus + "mem0/ram/size", "0x10000000\n"},
                {cxl_bus + "mem0/numa_node", "0\n"},
                {cxl_bus + "endpoint2/CDAT", device_cdat()}});
    root.link(cxl_bus + "endpoint2/uport", "../mem0");
}

TEST(Discover, ACxlDeviceInNoRegionShowsItsLegAndIsNotRanked) {
    tree root = make_machine({{0, "0-1", 0, 4, ~0U, "10"}}, 2);
    add_cxl_device(root);
    const topology machine = discover({.root = root.root()});
    const target& memory = named(machine, "mem0");
    EXPECT_EQ(memory.kind, memory_kind::cxl);
    EXPECT_EQ(memory.state, target_state::offline);
    EXPECT_EQ(memory.size, byte_size::from_mib(256));
    ASSERT_EQ(memory.device_legs.size(), 1U);
    EXPECT_EQ(memory.device_legs[0].device, "mem0");
    EXPECT_EQ(memory.device_legs[0].figures.read_latency, ns(150, source::cdat));
    EXPECT_EQ(memory.device_legs[0].figures.read_bandwidth, mb(16000, source::cdat));
    EXPECT_EQ(memory.device_legs[0].figures.write_latency.state, knowledge::unknown);
    EXPECT_EQ(pair(machine, "node0", "mem0"), access{}) << "a leg is not the path";
    EXPECT_TRUE(machine.sources_of(quantity::read_latency).empty());
}

TEST(Discover, ACxlRegionHasTheKernelsEndToEndFigures) {
    tree root = make_machine({{0, "0-1", 0, 4, ~0U, "10"}}, 2);
    add_cxl_device(root);
    const std::string region = "sys/devices/platform/ACPI0017:00/root0/decoder0.0/region0/";
    const std::string dax = region + "dax_region0/dax0.0/";
    root.write({{region + "size", "0x10000000\n"},
                {region + "mode", "ram\n"},
                {region + "target0", "decoder2.0\n"},
                {region + "access1/read_latency", "350\n"},
                {region + "access1/write_latency", "360\n"},
                {region + "access1/read_bandwidth", "15000\n"},
                {region + "access1/write_bandwidth", "14000\n"},
                {dax + "size", "268435456\n"},
                {dax + "target_node", "1\n"}});
    root.link(cxl_bus + "region0",
              "../../../devices/platform/ACPI0017:00/root0/decoder0.0/region0");
    root.link("sys/bus/dax/devices/dax0.0",
              "../../../devices/platform/ACPI0017:00/root0/decoder0.0/region0/dax_region0/dax0.0");
    const topology machine = discover({.root = root.root()});
    const target& memory = named(machine, "dax0.0");
    EXPECT_EQ(memory.kind, memory_kind::cxl);
    EXPECT_THAT(memory.kind_reason, AllOf(HasSubstr("region0"), HasSubstr("mem0")));
    EXPECT_EQ(memory.dax[0].origin, "cxl");
    EXPECT_EQ(memory.device_legs.size(), 1U);
    const access a = pair(machine, "node0", "dax0.0");
    EXPECT_EQ(a.read_latency, ns(350, source::cxl_region));
    EXPECT_EQ(a.write_latency, ns(360, source::cxl_region));
    EXPECT_EQ(a.read_bandwidth, mb(15000, source::cxl_region));
    EXPECT_EQ(a.write_bandwidth, mb(14000, source::cxl_region));
    EXPECT_FALSE(machine.find_target("mem0")) << "the device is the region's, not another memory";
}

TEST(Discover, ATableThatMayNotBeReadIsOneLine) {
    tree root = two_sockets();
    two_sockets_firmware().write_into(root);
    root.forbid("sys/firmware/acpi/tables/HMAT").forbid("sys/firmware/acpi/tables/SRAT");
    add_access(root, 2, 0, 0, 120, 130, 400000, 390000);
    const test::ordinary_user user;
    const topology machine = discover({.root = root.root()});
    ASSERT_EQ(machine.notices().size(), 1U);
    EXPECT_THAT(machine.notices()[0].what, AllOf(HasSubstr("HMAT"), HasSubstr("SRAT")));
    EXPECT_THAT(machine.notices()[0].why, HasSubstr("root"));
    EXPECT_FALSE(machine.notices()[0].help.empty());
    EXPECT_EQ(pair(machine, "node0", "node2").read_latency, ns(120, source::sysfs));
    EXPECT_FALSE(named(machine, "node2").pxm);
}

TEST(Discover, MemoryThatOnlyFirmwareKnowsIsShown) {
    tree root = make_machine({{0, "0-1", 0, 4, ~0U, "10"}}, 2);
    firmware tables;
    tables.processor(0, 0).memory(0, 0, 4 * block_bytes);
    tables.memory(7, 8 * block_bytes, 2 * block_bytes);
    tables.memory(8, 16 * block_bytes, 32 * block_bytes, 3);
    tables.matrix(data_type::access_latency, 1000, {0}, {7}, {130});
    tables.write_into(root);
    const topology machine = discover({.root = root.root()});
    const target& memory = named(machine, "pxm7");
    EXPECT_EQ(memory.state, target_state::absent);
    EXPECT_EQ(memory.size, byte_size::from_bytes(2 * block_bytes));
    EXPECT_EQ(pair(machine, "node0", "pxm7").read_latency, ns(130, source::hmat));
    EXPECT_THAT(named(machine, "pxm8").kind_reason, HasSubstr("plugged"));

    root.write("proc/iomem", "00000000-1fffffff : System RAM\n40000000-4fffffff : Soft Reserved\n");
    const topology reserved = discover({.root = root.root()});
    EXPECT_EQ(named(reserved, "pxm7").state, target_state::reserved);
    EXPECT_THAT(named(reserved, "pxm7").reserved_reason, HasSubstr("dax_hmem"));
}

TEST(Discover, WhatIsPluggedIntoAWindowDoesNotMoveItsDomain) {
    // The hot-plug window is in domain 1; what was plugged into it went to node 0.
    tree root = make_machine({{0, "0-1", 0, 4, ~0U, "10 20"}, {1, "2-3", 8, 4, ~0U, "20 10"}}, 4);
    for (unsigned b = 64; b < 80; ++b) {
        root.link("sys/devices/system/node/node0/memory" + std::to_string(b),
                  "../../memory/memory" + std::to_string(b));
    }
    firmware tables;
    tables.processor(0, 0).processor(0, 1).processor(1, 2).processor(1, 3);
    tables.memory(0, 0, 4 * block_bytes).memory(1, 8 * block_bytes, 4 * block_bytes);
    tables.memory(1, 64 * block_bytes, 64 * block_bytes, 3);
    tables.matrix(data_type::access_latency, 1000, {0, 1}, {0, 1}, {100, 200, 210, 110});
    tables.write_into(root);
    const topology machine = discover({.root = root.root()});
    EXPECT_EQ(named(machine, "node0").pxm, 0U);
    EXPECT_EQ(named(machine, "node1").pxm, 1U);
    EXPECT_EQ(pair(machine, "node0", "node1").read_latency, ns(200, source::hmat));
    EXPECT_EQ(machine.targets().size(), 2U);
}

TEST(Discover, FirmwareThatCallsAllMemoryHotPluggableIsUnderstood) {
    tree root = make_machine({{0, "0-1", 0, 4, ~0U, "10 20"}, {1, "", 8, 4, ~0U, "20 10"}}, 2);
    firmware tables;
    tables.processor(4, 0).processor(4, 1);
    tables.memory(4, 0, 4 * block_bytes, 3).memory(9, 8 * block_bytes, 4 * block_bytes, 3);
    tables.matrix(data_type::access_latency, 1000, {4}, {4, 9}, {100, 200});
    tables.write_into(root);
    const topology machine = discover({.root = root.root()});
    EXPECT_EQ(named(machine, "node1").pxm, 9U);
    EXPECT_EQ(pair(machine, "node0", "node1").read_latency, ns(200, source::hmat));
}

TEST(Discover, ABlockThatTwoNodesShareDecidesNothing) {
    tree root = make_machine({{0, "0-1", 0, 1, ~0U, "10 20"}, {1, "2-3", 0, 1, ~0U, "20 10"}}, 4);
    firmware tables;
    tables.processor(0, 0).processor(1, 2);
    tables.memory(0, 0, block_bytes / 2).memory(1, block_bytes / 2, block_bytes / 2);
    tables.write_into(root);
    const topology machine = discover({.root = root.root()});
    EXPECT_EQ(named(machine, "node0").pxm, 0U);
    EXPECT_EQ(named(machine, "node1").pxm, 1U);
    EXPECT_THAT(named(machine, "node1").pxm_reason, HasSubstr("APIC"));
}

TEST(Discover, EmptyRangesAreNumberedAsLinuxDoes) {
    // Only the order tells what node domain 6 will be: 0 and 5 come before it, 5 without memory.
    tree root = make_machine({{0, "0-1", 0, 4, ~0U, "10"}}, 2);
    root.write("sys/devices/system/node/possible", "0-3\n");
    firmware tables;
    tables.processor(0, 0).memory(0, 0, 4 * block_bytes).memory(5, 0, 0);
    tables.memory(6, 32 * block_bytes, 8 * block_bytes, 3);
    tables.write_into(root);
    EXPECT_EQ(named(discover({.root = root.root()}), "pxm6").node, 2);
    // A node that cannot exist was not numbered.
    root.write("sys/devices/system/node/possible", "0\n");
    EXPECT_FALSE(named(discover({.root = root.root()}), "pxm6").node);
}

TEST(Discover, MemoryOfAGenericInitiatorIsTheDevices) {
    tree root = make_machine({{0, "0-1", 0, 4, ~0U, "10 40"}, {1, "", 8, 4, ~0U, "40 10"}}, 2);
    root.write("sys/devices/system/node/has_generic_initiator", "1\n");
    const topology machine = discover({.root = root.root()});
    const target& memory = named(machine, "node1");
    EXPECT_EQ(memory.kind, memory_kind::device);
    EXPECT_TRUE(memory.reserved);
    EXPECT_THAT(memory.reserved_reason, HasSubstr("gi1"));
    EXPECT_FALSE(named(machine, "node0").reserved);
}

TEST(Discover, OneNonVolatileRangeDoesNotMakeTheCpusMemoryPersistent) {
    tree root = make_machine({{0, "0-1", 0, 4, ~0U, "10 20"}, {1, "", 8, 4, ~0U, "20 10"}}, 2);
    firmware tables;
    tables.processor(0, 0).memory(0, 0, 4 * block_bytes);
    tables.memory(0, 32 * block_bytes, 8 * block_bytes, 5);
    tables.memory(1, 8 * block_bytes, 4 * block_bytes, 5);
    tables.write_into(root);
    const topology machine = discover({.root = root.root()});
    EXPECT_EQ(named(machine, "node0").kind, memory_kind::dram);
    EXPECT_EQ(named(machine, "node1").kind, memory_kind::pmem);
}

TEST(Discover, ABetterFilledSocketIsNotHbm) {
    tree root = make_machine({{0, "0-1", 0, 4, ~0U, "10 20"}, {1, "2-3", 8, 4, ~0U, "20 10"}}, 4);
    add_access(root, 0, 1, 0, 100, 100, 300000, 300000);
    add_access(root, 1, 1, 1, 100, 100, 75000, 75000);
    const topology machine = discover({.root = root.root()});
    EXPECT_EQ(named(machine, "node0").kind, memory_kind::dram);
    EXPECT_EQ(named(machine, "node1").kind, memory_kind::dram);
}

TEST(Discover, AHintWithoutAMemoryDomainReservesNothing) {
    tree root = two_sockets();
    firmware tables(1);
    tables.processor(0, 0).memory(0, 0, 4 * block_bytes);
    acpi::memory_attributes hinted;
    hinted.flags = 4;
    tables.structure(hinted);
    tables.write_into(root);
    EXPECT_FALSE(named(discover({.root = root.root()}), "node0").reserved);
}

TEST(Discover, ASizeThatCannotBeReadIsNotZero) {
    tree root = two_sockets();
    root.remove("sys/devices/system/node/node0/meminfo");
    const topology machine = discover({.root = root.root()});
    EXPECT_FALSE(named(machine, "node0").size);
    EXPECT_EQ(named(machine, "node0").state, target_state::online);
}

TEST(Discover, OfflineBlocksAreCounted) {
    tree root = make_machine({{0, "0-1", 0, 4, ~0U, "10 20 20"},
                              {1, "", 8, 4, 1, "20 10 20"},
                              {2, "", 16, 4, 0, "20 20 10"}},
                             2);
    const topology machine = discover({.root = root.root()});
    EXPECT_EQ(named(machine, "node0").state, target_state::online);
    EXPECT_EQ(named(machine, "node1").state, target_state::partly_online);
    EXPECT_EQ(named(machine, "node1").blocks, 4U);
    EXPECT_EQ(named(machine, "node1").blocks_online, 1U);
    EXPECT_EQ(named(machine, "node2").state, target_state::offline);
    EXPECT_EQ(named(machine, "node2").blocks_online, 0U);
}

TEST(Discover, TheFirstOfSeveralHmatsCounts) {
    tree root = two_sockets();
    const firmware tables = two_sockets_firmware();
    firmware other;
    other.matrix(data_type::access_latency, 1000, {10}, {10}, {1});
    root.write("sys/firmware/acpi/tables/SRAT", tables.srat());
    root.write("sys/firmware/acpi/tables/HMAT1", tables.hmat());
    root.write("sys/firmware/acpi/tables/HMAT2", other.hmat());
    const topology machine = discover({.root = root.root()});
    EXPECT_EQ(pair(machine, "node0", "node0").read_latency, ns(100, source::hmat));
    EXPECT_THAT(machine.sources(),
                Contains(AllOf(Field(&source_report::path, HasSubstr("HMAT2")),
                               Field(&source_report::status, source_status::ignored))));
}

TEST(Discover, ABrokenTableIsShownAsFarAsItGoes) {
    tree root = two_sockets();
    const firmware tables = two_sockets_firmware();
    std::vector<std::byte> hmat = tables.hmat();
    hmat.resize(hmat.size() - 10);
    root.write("sys/firmware/acpi/tables/SRAT", tables.srat());
    root.write("sys/firmware/acpi/tables/HMAT", hmat);
    const topology machine = discover({.root = root.root()});
    EXPECT_EQ(pair(machine, "node0", "node3").read_latency, ns(220, source::hmat));
    // The last five entries of the last matrix are gone, and only those.
    EXPECT_EQ(pair(machine, "node0", "node2").write_bandwidth, mb(390'000, source::hmat));
    EXPECT_EQ(pair(machine, "node0", "node3").write_bandwidth.state, knowledge::unknown);
    EXPECT_EQ(pair(machine, "node1", "node3").write_bandwidth.state, knowledge::unknown);
    ASSERT_FALSE(machine.defects().empty());
    EXPECT_EQ(machine.defects()[0].table, "HMAT");
    EXPECT_FALSE(machine.defects()[0].expected.empty());
    EXPECT_THAT(machine.sources(),
                Contains(AllOf(Field(&source_report::what, "HMAT"),
                               Field(&source_report::status, source_status::malformed))));
}

TEST(Discover, SeveralDomainsInOneNodeKeepTheirFiguresApart) {
    // What Linux makes of an SRAT that it rejects: one node of everything.
    tree root = make_machine({{0, "0-1", 0, 8, ~0U, "10"}}, 2);
    firmware tables;
    tables.processor(0, 0).processor(1, 1);
    tables.memory(0, 0, 4 * block_bytes).memory(1, 4 * block_bytes, 4 * block_bytes);
    tables.matrix(data_type::access_latency, 1000, {0, 1}, {0, 1}, {100, 200, 200, 100});
    tables.write_into(root);
    const topology machine = discover({.root = root.root()});
    EXPECT_FALSE(named(machine, "node0").pxm);
    EXPECT_EQ(pair(machine, "pxm0", "node0"), access{}) << "no figure may be made up for the mix";
    EXPECT_EQ(pair(machine, "pxm0", "pxm1").read_latency, ns(200, source::hmat));
    EXPECT_THAT(machine.notices(), Contains(Field(&notice::why, HasSubstr("0, 1"))));
}

TEST(Discover, ATableOfSomebodyElsesMachineInventsNothing) {
    tree root = make_machine({{0, "0-1", 0, 4, ~0U, "10"}}, 2);
    firmware tables;
    tables.matrix(data_type::access_latency, 1000, {3}, {4}, {100});
    tables.write_into(root);
    const topology machine = discover({.root = root.root()});
    EXPECT_EQ(pair(machine, "node0", "node0"), access{});
    EXPECT_TRUE(machine.sources_of(quantity::read_latency).empty());
}

TEST(Discover, AKernelWithoutNodesHasItsRam) {
    tree root;
    root.write({{"proc/meminfo", "MemTotal:        4096 kB\nMemFree:         1024 kB\n"},
                {"sys/devices/system/cpu/online", "0-1\n"}});
    const topology machine = discover({.root = root.root()});
    ASSERT_EQ(machine.targets().size(), 1U);
    EXPECT_EQ(machine.targets()[0].name, "ram");
    EXPECT_EQ(machine.targets()[0].size, byte_size::from_kib(4096));
    ASSERT_EQ(machine.initiators().size(), 1U);
    EXPECT_EQ(machine.initiators()[0].cpus.to_string(), "0-1");
    EXPECT_EQ(machine.best_initiator(machine.targets()[0].id), machine.initiators()[0].id);
}

TEST(Discover, AnEmptyRootIsAnErrorThatNamesIt) {
    const tree root;
    try {
        discover({.root = root.root()});
        FAIL() << "an empty directory has no memory";
    } catch (const error& e) {
        EXPECT_THAT(e.what(), HasSubstr(root.root().string()));
    }
    EXPECT_THROW(discover({.root = root.root() / "nowhere"}), error);
}

TEST(Discover, NodesWithoutMemoryAreInitiatorsOnly) {
    tree root = make_machine({{0, "0-1", 0, 4, ~0U, "10 20"}, {1, "2-3", 0, 0, ~0U, "20 10"}}, 4);
    const topology machine = discover({.root = root.root()});
    EXPECT_EQ(machine.targets().size(), 1U);
    EXPECT_EQ(machine.initiators().size(), 2U);
    EXPECT_EQ(machine.distance(initiator_named(machine, "node1").id, named(machine, "node0").id),
              20U);
    EXPECT_EQ(machine.initiator_of_cpu(3), initiator_named(machine, "node1").id);
    EXPECT_FALSE(machine.initiator_of_cpu(4));
}

TEST(Discover, TargetsAreFoundByNameAndNumber) {
    tree root = two_sockets();
    const topology machine = discover({.root = root.root()});
    EXPECT_EQ(machine.find_target("2"), named(machine, "node2").id);
    EXPECT_EQ(machine.find_target("N2"), named(machine, "node2").id);
    EXPECT_FALSE(machine.find_target("node9"));
    EXPECT_FALSE(machine.find_target(""));
    EXPECT_FALSE(machine.find_target("-1"));
}

TEST(Discover, ThisMachineHasMemory) {
    const topology machine = discover();
    EXPECT_TRUE(machine.live());
    ASSERT_FALSE(machine.targets().empty());
    EXPECT_GT(machine.targets()[0].size.value_or(byte_size{}).bytes(), 0U);
    ASSERT_FALSE(machine.initiators().empty());
}

} // namespace
} // namespace hetmem
