#include "topology/published.hpp"

#include "tests/support/firmware.hpp"
#include "tests/support/made_up_machine.hpp"

#include "topology/describe.hpp"
#include "topology/snapshot.hpp"

#include <hetmem/discover.hpp>
#include <hetmem/measured.hpp>

#include <acpi/cdat.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <stdexcept>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

namespace hetmem::detail {
namespace {

using acpi::data_type;
using kernel::rooted_reader;
using test::block_bytes;
using test::firmware;
using test::make_machine;
using test::tree;
using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::Field;
using testing::HasSubstr;
using testing::Not;

const std::string boot = "b0071d00-0000-4000-8000-000000000000";

const target& named(const topology& machine, std::string_view name) {
    const auto id = machine.find_target(name);
    if (!id) {
        throw std::runtime_error("no target " + std::string(name));
    }
    return machine.targets()[id->index];
}

std::optional<initiator_id> initiator_named(const topology& machine, std::string_view name) {
    for (const initiator& i : machine.initiators()) {
        if (i.name == name) {
            return i.id;
        }
    }
    return std::nullopt;
}

access pair(const topology& machine, std::string_view from, std::string_view to) {
    return machine.access(initiator_named(machine, from).value(), named(machine, to).id);
}

figure<latency> ns(std::uint64_t n, source from) {
    return {knowledge::known, latency::from_nanoseconds(n), from};
}

/// CPUs with DDR, HBM without CPUs; proximity domains 10 and 20 are nodes 0 and 1.
tree two_memories() {
    tree root = make_machine({{0, "0-1", 0, 4, ~0U, "10 21"}, {1, "", 16, 2, ~0U, "21 10"}}, 2);
    root.write(
        {{"proc/sys/kernel/random/boot_id", boot + "\n"}, {"sys/kernel/uevent_seqnum", "1000\n"}});
    return root;
}

firmware two_memories_firmware() {
    firmware tables;
    tables.processor(10, 0).processor(10, 1);
    tables.memory(10, 0, 4 * block_bytes).memory(20, 16 * block_bytes, 2 * block_bytes);
    tables.matrix(data_type::access_latency, 1000, {10}, {10, 20}, {100, 120});
    tables.matrix(data_type::access_bandwidth, 1000, {10}, {10, 20}, {100, 400});
    return tables;
}

topology described(const tree& root) {
    return describe(rooted_reader(root.root()));
}

/// A directory as hetmemd leaves it. What root only may read is trusted if root made it.
class ReadPublished : public testing::Test {
protected:
    void SetUp() override {
        if (::geteuid() != 0) {
            GTEST_SKIP() << "what is published must be root's";
        }
        two_memories_firmware().write_into(machine_);
    }

    void publish(std::uint64_t number, const topology& what, const std::string& of_boot = boot) {
        const topology numbered = with_generation(what, number);
        const std::string name = "generations/" + std::to_string(number);
        run_.write(name + "/snapshot", to_snapshot(without_addresses(numbered), of_boot));
        run_.write(name + "/private", to_snapshot(numbered, of_boot));
        protect(name + "/snapshot", 0644);
        protect(name + "/private", 0600);
        for (const std::string& directory : {std::string("."), std::string("generations"), name}) {
            protect(directory, 0755);
        }
        run_.remove("current").link("current", name);
    }
    void set_seen(std::uint64_t event) {
        const seen_record record = encode_seen(event);
        run_.write("seen", std::span<const std::byte>(record));
        protect("seen", 0644);
    }
    void protect(const std::string& path, mode_t mode) {
        ASSERT_EQ(::chmod((run_.root() / path).c_str(), mode), 0);
    }
    std::optional<published> read() const {
        return read_published(run_.root(), rooted_reader(machine_.root()));
    }
    void publish_what_is() {
        publish(7, described(machine_));
        set_seen(1000);
    }

    tree machine_ = two_memories();
    tree run_;
};

TEST_F(ReadPublished, IsWholeForAnOrdinaryUserButForAddresses) {
    publish_what_is();
    machine_.remove("sys/firmware");
    std::optional<published> found;
    {
        const test::ordinary_user me;
        found = read();
    }
    ASSERT_TRUE(found);
    EXPECT_TRUE(found->up_to_date);
    EXPECT_EQ(found->machine.generation(), 7U);
    EXPECT_EQ(pair(found->machine, "node0", "node1").read_latency, ns(120, source::hmat));
    EXPECT_EQ(named(found->machine, "node1").pxm, 20U);
    EXPECT_EQ(named(found->machine, "node1").kind, memory_kind::hbm);
    EXPECT_TRUE(named(found->machine, "node1").ranges.empty());
    EXPECT_THAT(found->machine.sources(),
                Contains(AllOf(Field(&source_report::what, "hetmemd"),
                               Field(&source_report::detail, HasSubstr("generation 7")))));
}

TEST_F(ReadPublished, HasAddressesForRoot) {
    publish_what_is();
    const auto found = read();
    ASSERT_TRUE(found);
    EXPECT_EQ(named(found->machine, "node1").ranges.size(), 1U);
}

TEST_F(ReadPublished, IsOutOfDateOnceTheKernelSpoke) {
    publish_what_is();
    machine_.write("sys/kernel/uevent_seqnum", "1001\n");
    ASSERT_TRUE(read());
    EXPECT_FALSE(read()->up_to_date);
    set_seen(1001);
    EXPECT_TRUE(read()->up_to_date);
    set_seen(2000); // more than there was when we asked
    EXPECT_TRUE(read()->up_to_date);
    run_.write("seen", "0123456789abcdef"); // not what encode_seen() writes
    EXPECT_FALSE(read()->up_to_date);
    run_.remove("seen");
    EXPECT_FALSE(read()->up_to_date);
}

TEST_F(ReadPublished, WhatChangesWithoutEventsIsReadAfresh) {
    const std::string node = "sys/devices/system/node/node1/";
    const std::string pool = node + "hugepages/hugepages-2048kB/";
    const std::string weight = "sys/kernel/mm/mempolicy/weighted_interleave/node1";
    const std::string demotion = "sys/kernel/mm/numa/demotion_enabled";
    machine_.write({{pool + "nr_hugepages", "8\n"},
                    {pool + "free_hugepages", "8\n"},
                    {weight, "4\n"},
                    {demotion, "false\n"}});
    publish_what_is();
    machine_.write({{pool + "nr_hugepages", "16\n"},
                    {pool + "free_hugepages", "5\n"},
                    {weight, "9\n"},
                    {demotion, "true\n"},
                    {node + "meminfo", "Node 1 MemTotal: 200 kB\nNode 1 MemFree: 100 kB\n"}});
    const topology now = read().value().machine;
    const target& memory = named(now, "node1");
    EXPECT_EQ(memory.size, byte_size::from_kib(200));
    EXPECT_EQ(memory.free, byte_size::from_kib(100));
    ASSERT_EQ(memory.huge_pages.size(), 1U);
    EXPECT_EQ(memory.huge_pages[0], (huge_page_pool{byte_size::from_mib(2), 16, 5}));
    EXPECT_EQ(memory.interleave_weight, 9U);
    EXPECT_EQ(now.machine().demotion, true);
    // As a description made now would have it.
    EXPECT_TRUE(std::ranges::equal(now.targets(), described(machine_).targets()));
}

TEST_F(ReadPublished, AKernelWithoutNodesTellsOfAllItsMemory) {
    machine_.remove("sys/devices/system/node").remove("sys/firmware");
    machine_.write("proc/meminfo", "MemTotal: 400 kB\nMemFree: 300 kB\n");
    publish_what_is();
    machine_.write("proc/meminfo", "MemTotal: 400 kB\nMemFree: 200 kB\n");
    EXPECT_EQ(named(read().value().machine, "ram").free, byte_size::from_kib(200));
}

TEST_F(ReadPublished, OfAnotherBootIsNothing) {
    publish(7, described(machine_), "another");
    set_seen(1000);
    EXPECT_FALSE(read());
    publish(8, described(machine_));
    EXPECT_TRUE(read());
    machine_.remove("proc/sys/kernel/random/boot_id");
    EXPECT_FALSE(read()) << "nobody can say which boot this is";
}

TEST_F(ReadPublished, WhatOthersMayWriteIsNothing) {
    publish_what_is();
    for (const auto& [path, mode] : {std::pair(".", mode_t{0775}), std::pair(".", mode_t{0757}),
                                     std::pair("generations/7", mode_t{0777})}) {
        protect(path, mode);
        EXPECT_FALSE(read()) << path;
        protect(path, 0755);
        EXPECT_TRUE(read()) << path;
    }
    ASSERT_EQ(::chown(run_.root().c_str(), 1000, 1000), 0);
    EXPECT_FALSE(read());
}

TEST_F(ReadPublished, DamageIsNothing) {
    publish_what_is();
    for (const char* file : {"generations/7/snapshot", "generations/7/private"}) {
        run_.write(file, "hetmemSN and then nothing of use");
    }
    EXPECT_FALSE(read());
    run_.remove("generations/7/private");
    run_.remove("generations/7/snapshot");
    EXPECT_FALSE(read());
    run_.remove("current");
    EXPECT_FALSE(read());
}

TEST_F(ReadPublished, TheGenerationIsTheOneThatIsCurrent) {
    publish_what_is();
    publish(8, described(machine_));
    EXPECT_EQ(read().value().machine.generation(), 8U);
}

TEST(ReadPublishedNothing, WhereNothingIsThereNothingIsRead) {
    const tree machine = two_memories();
    EXPECT_FALSE(read_published(machine.root() / "run/hetmem", rooted_reader(machine.root())));
}

TEST(Seen, IsReadBack) {
    for (const std::uint64_t number : {0ULL, 1ULL, 4711ULL, ~0ULL}) {
        EXPECT_EQ(decode_seen(encode_seen(number)), number);
    }
    // Half of one and half of another are no number.
    seen_record torn = encode_seen(255);
    torn[0] = encode_seen(256)[0];
    torn[1] = encode_seen(256)[1];
    EXPECT_EQ(decode_seen(torn), std::nullopt);
}

// ---- joining

/// What this user reads of the same machine: no tables, and that is told.
topology without_tables(tree& root) {
    for (const char* table : {"HMAT", "SRAT"}) {
        root.remove(std::string("sys/firmware/acpi/tables/") + table);
        root.link(std::string("sys/firmware/acpi/tables/") + table,
                  std::string(kernel::not_permitted_mark));
    }
    return described(root);
}

topology published_of(const tree& root) {
    return without_addresses(with_generation(described(root), 7));
}

TEST(JoinPublished, TablesThatMayNotBeReadAreKnownAllTheSame) {
    tree root = two_memories();
    firmware tables = two_memories_firmware();
    acpi::side_cache cache;
    cache.memory_pxm = 20;
    cache.cache_size = 64ULL << 20;
    cache.attributes.bits = 1U | 1U << 4 | 1U << 8 | 1U << 12 | 64U << 16;
    tables.structure(cache);
    tables.matrix(data_type::access_latency, 1000, {10}, {20}, {40}, 1);
    tables.write_into(root);
    const topology published = published_of(root);
    const topology own = without_tables(root);
    ASSERT_FALSE(own.notices().empty());
    ASSERT_FALSE(pair(own, "node0", "node1").read_latency.known());

    const topology both = join_published(own, published);
    for (const quantity what : all_quantities) {
        for (const unsigned level : {0U, 1U}) {
            for (const target& t : both.targets()) {
                EXPECT_EQ(both.claims(what, {0}, t.id, level),
                          published.claims(what, {0}, t.id, level));
            }
        }
    }
    EXPECT_TRUE(std::ranges::equal(both.targets(), published.targets()));
    EXPECT_TRUE(std::ranges::equal(both.initiators(), published.initiators()));
    EXPECT_EQ(both.best_initiator(named(both, "node1").id), initiator_id{0});
    EXPECT_TRUE(both.notices().empty());
    EXPECT_THAT(both.sources(),
                Contains(AllOf(Field(&source_report::what, "hetmemd"),
                               Field(&source_report::path, "/run/hetmem/current"),
                               Field(&source_report::detail, HasSubstr("generation 7")))));
    EXPECT_THAT(both.sources(),
                Each(Field(&source_report::status, Not(source_status::not_permitted))));
}

TEST(JoinPublished, WhatOneReadsOneselfOfThePresentStays) {
    tree root = two_memories();
    two_memories_firmware().write_into(root);
    const topology published = published_of(root);
    without_tables(root);
    // Two blocks of node 0 went offline, its distance is another, and node 2 came.
    const std::string system = "sys/devices/system/";
    root.write(
        {{system + "memory/memory2/state", "offline\n"},
         {system + "memory/memory3/state", "offline\n"},
         {system + "node/node0/meminfo", "Node 0 MemTotal: 262144 kB\nNode 0 MemFree: 1000 kB\n"},
         {system + "node/node0/distance", "10 22 30\n"},
         {system + "node/node1/distance", "22 10 30\n"},
         {system + "node/node2/distance", "30 30 10\n"},
         {system + "node/node2/cpulist", "\n"},
         {system + "node/node2/meminfo", "Node 2 MemTotal: 131072 kB\nNode 2 MemFree: 131072 kB\n"},
         {system + "node/online", "0-2\n"},
         {system + "memory/memory32/state", "online\n"}});
    root.link(system + "node/node2/memory32", "../../memory/memory32");
    const topology own = described(root);
    const topology both = join_published(own, published);

    ASSERT_EQ(both.targets().size(), 3U);
    EXPECT_EQ(named(both, "node0").state, target_state::partly_online);
    EXPECT_EQ(named(both, "node0").free, byte_size::from_kib(1000));
    EXPECT_EQ(named(both, "node0").blocks_online, 2U);
    EXPECT_EQ(both.distance({0}, named(both, "node1").id), 22U);
    EXPECT_EQ(both.distance({0}, named(both, "node2").id), 30U);
    EXPECT_EQ(pair(both, "node0", "node1").read_latency, ns(120, source::hmat));
    EXPECT_EQ(pair(both, "node0", "node2"), access{});
    EXPECT_EQ(named(both, "node2").pxm, std::nullopt);
}

TEST(JoinPublished, WhatWentAwayIsNotBroughtBack) {
    tree root = two_memories();
    two_memories_firmware().write_into(root);
    const topology published = published_of(root);
    without_tables(root);
    root.remove("sys/devices/system/node/node1");
    root.write("sys/devices/system/node/node0/distance", "10\n");
    root.write("sys/devices/system/node/online", "0\n");
    const topology both = join_published(described(root), published);
    ASSERT_EQ(both.targets().size(), 1U);
    EXPECT_EQ(pair(both, "node0", "node0").read_latency, ns(100, source::hmat));
}

TEST(JoinPublished, FiguresThatTheKernelNoLongerTellsAreNotBroughtBack) {
    tree root = two_memories();
    test::add_access(root, 1, 0, 0, 120, 120, 400000, 390000);
    const topology published = published_of(root);
    ASSERT_TRUE(pair(published, "node0", "node1").read_latency.known());
    root.remove("sys/devices/system/node/node1/access0");
    EXPECT_EQ(pair(join_published(described(root), published), "node0", "node1"), access{});
}

TEST(JoinPublished, MemoryThatOnlyTablesDescribeIsShown) {
    tree root = two_memories();
    firmware tables = two_memories_firmware();
    tables.memory(30, 64 * block_bytes, 2 * block_bytes, 3).generic_initiator(40, {0, 0, 3, 0});
    tables.matrix(data_type::access_latency, 1000, {10, 40}, {30}, {300, 50});
    tables.write_into(root);
    const topology published = published_of(root);
    ASSERT_EQ(named(published, "pxm30").state, target_state::absent);
    const topology both = join_published(without_tables(root), published);
    EXPECT_EQ(named(both, "pxm30").state, target_state::absent);
    EXPECT_EQ(named(both, "pxm30").id.index, 2U);
    EXPECT_EQ(pair(both, "node0", "pxm30").read_latency, ns(300, source::hmat));
    // A Generic Initiator that the kernel does not show.
    const initiator_id device = published.best_initiator(named(published, "pxm30").id).value();
    const std::string name = published.initiators()[device.index].name;
    EXPECT_EQ(pair(both, name, "pxm30").read_latency, ns(50, source::hmat));
    EXPECT_EQ(both.initiators()[both.best_initiator(named(both, "pxm30").id)->index].name, name);
}

TEST(JoinPublished, RoomForMemoryIsThatMemoryOnceItCame) {
    tree root = two_memories();
    firmware tables = two_memories_firmware();
    tables.memory(30, 64 * block_bytes, 2 * block_bytes, 3);
    tables.matrix(data_type::access_latency, 1000, {10}, {30}, {300});
    tables.write_into(root);
    const topology published = published_of(root);
    ASSERT_EQ(named(published, "pxm30").node, 2);
    without_tables(root);
    const std::string system = "sys/devices/system/";
    root.write(
        {{system + "node/node0/distance", "10 21 30\n"},
         {system + "node/node1/distance", "21 10 30\n"},
         {system + "node/node2/distance", "30 30 10\n"},
         {system + "node/node2/cpulist", "\n"},
         {system + "node/node2/meminfo", "Node 2 MemTotal: 262144 kB\nNode 2 MemFree: 262144 kB\n"},
         {system + "node/online", "0-2\n"},
         {system + "memory/memory64/state", "online\n"}});
    root.link(system + "node/node2/memory64", "../../memory/memory64");
    const topology both = join_published(described(root), published);
    ASSERT_EQ(both.targets().size(), 3U);
    EXPECT_EQ(named(both, "node2").pxm, 30U);
    EXPECT_EQ(named(both, "node2").state, target_state::online);
    EXPECT_EQ(pair(both, "node0", "node2").read_latency, ns(300, source::hmat));
}

TEST(JoinPublished, AReservationHintIsKept) {
    tree root = two_memories();
    firmware tables(1);
    tables.processor(10, 0).processor(10, 1);
    tables.memory(10, 0, 4 * block_bytes).memory(20, 16 * block_bytes, 2 * block_bytes);
    acpi::memory_attributes hinted;
    hinted.flags = 7;
    hinted.initiator_pxm = 10;
    hinted.memory_pxm = 20;
    hinted.range_base = 16 * block_bytes;
    hinted.range_length = 2 * block_bytes;
    tables.structure(hinted);
    tables.matrix(data_type::access_latency, 10, {10}, {10, 20}, {100, 123});
    tables.write_into(root);
    const topology published = published_of(root);
    const topology own = without_tables(root);
    EXPECT_FALSE(named(own, "node1").reserved);
    const topology both = join_published(own, published);
    EXPECT_TRUE(named(both, "node1").reserved);
    EXPECT_THAT(named(both, "node1").reserved_reason, HasSubstr("reservation hint"));
}

TEST(JoinPublished, ACdatThatMayNotBeReadIsKnownAllTheSame) {
    tree root = two_memories();
    two_memories_firmware().write_into(root);
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
    acpi::seal(table);
    const std::string devices = "sys/bus/cxl/devices/";
    root.write(devices + "mem0/ram/size", "0x10000000\n");
    root.write(devices + "endpoint2/CDAT", acpi::encode(table));
    root.link(devices + "endpoint2/uport", "../mem0");
    const topology published = published_of(root);
    root.remove(devices + "endpoint2/CDAT");
    root.link(devices + "endpoint2/CDAT", std::string(kernel::not_permitted_mark));
    const topology own = without_tables(root);
    ASSERT_EQ(own.notices().size(), 2U);
    ASSERT_TRUE(named(own, "mem0").device_legs.empty());

    const topology both = join_published(own, published);
    EXPECT_TRUE(both.notices().empty());
    ASSERT_EQ(named(both, "mem0").device_legs.size(), 1U);
    EXPECT_EQ(named(both, "mem0").device_legs[0].figures.read_latency, ns(150, source::cdat));
    EXPECT_EQ(named(both, "mem0").kind, memory_kind::cxl);
}

TEST(JoinPublished, FiguresThatReplaceFirmwaresBreakItsSilence) {
    tree root = two_memories();
    two_memories_firmware().write_into(root);
    adopted_table table;
    table.from = "new.aml, given by hand";
    table.bytes = two_memories_firmware().hmat();
    root.remove("sys/firmware/acpi/tables/HMAT");
    const topology published = with_generation(describe(rooted_reader(root.root()), &table), 7);
    ASSERT_EQ(pair(published, "node0", "node1").read_latency, ns(120, source::hma));
    root.remove("sys/firmware/acpi/tables/SRAT");
    const topology own = described(root);
    ASSERT_THAT(own.notices(), Contains(Field(&notice::why, HasSubstr("no HMAT"))));

    const topology both = join_published(own, published);
    EXPECT_EQ(pair(both, "node0", "node1").read_latency, ns(120, source::hma));
    EXPECT_TRUE(both.notices().empty());
    EXPECT_THAT(both.sources(),
                Contains(Field(&source_report::detail, HasSubstr("new.aml, given by hand"))));
}

TEST(JoinPublished, FiguresThatAreReplacedStayGone) {
    tree root = two_memories();
    two_memories_firmware().write_into(root);
    // As the kernel goes on showing it, whatever becomes of the table.
    const std::string access = "sys/devices/system/node/node1/access0/initiators/";
    root.write({{access + "read_latency", "120\n"}});
    root.link(access + "node0", "../../../node0");
    firmware fewer; // says nothing of node 1
    fewer.processor(10, 0).processor(10, 1).memory(10, 0, 4 * block_bytes);
    fewer.matrix(data_type::access_latency, 1000, {10}, {10}, {100});
    adopted_table table;
    table.from = "new.aml, given by hand";
    table.bytes = fewer.hmat();
    const topology published = with_generation(describe(rooted_reader(root.root()), &table), 7);
    ASSERT_EQ(pair(published, "node0", "node1").read_latency.state, knowledge::unknown);
    const topology own = without_tables(root);
    ASSERT_EQ(pair(own, "node0", "node1").read_latency, ns(120, source::sysfs));

    const topology both = join_published(own, published);
    EXPECT_EQ(pair(both, "node0", "node0").read_latency, ns(100, source::hma));
    EXPECT_EQ(pair(both, "node0", "node1").read_latency.state, knowledge::unknown);
}

TEST(JoinPublished, WithNothingRefusedAndNothingNewItIsTheSame) {
    tree root = two_memories();
    two_memories_firmware().write_into(root);
    const topology own = described(root);
    const topology both = join_published(own, published_of(root));
    EXPECT_TRUE(std::ranges::equal(both.targets(), own.targets()));
    EXPECT_EQ(both.distance({0}, {1}), own.distance({0}, {1}));
    EXPECT_EQ(pair(both, "node0", "node1"), pair(own, "node0", "node1"));
    EXPECT_TRUE(std::ranges::equal(both.notices(), own.notices()));
    EXPECT_TRUE(std::ranges::equal(both.defects(), own.defects()));
}

// ---- with stores of figures

/// What a user finds; the store of the machine is a file of the tree.
class DiscoverStored : public ReadPublished {
protected:
    void keep(const std::string& target, std::uint64_t nanoseconds) {
        measurements more;
        more.given = {{"node0",
                       target,
                       quantity::read_latency,
                       nanoseconds * 1000,
                       source::measured,
                       "",
                       {}}};
        keep_measurements(store_, described(machine_), more);
        // The machine's own is for everybody to read.
        ASSERT_EQ(::chmod(store_.c_str(), 0644), 0);
        ASSERT_EQ(::chmod(store_.parent_path().c_str(), 0755), 0);
        ASSERT_EQ(::chmod(store_.parent_path().parent_path().c_str(), 0755), 0);
        ASSERT_EQ(::chmod((machine_.root() / "var").c_str(), 0755), 0);
    }
    figure<latency> found() const {
        const test::ordinary_user me;
        return pair(discover_at(rooted_reader(machine_.root()), run_.root(), {}), "node0", "node1")
            .read_latency;
    }
    void forbid_tables() {
        for (const char* table : {"HMAT", "SRAT"}) {
            machine_.forbid(std::string("sys/firmware/acpi/tables/") + table);
        }
    }

    const std::filesystem::path store_ = machine_.root() / "var/lib/hetmem/figures.json";
};

TEST_F(DiscoverStored, WhatIsPublishedHasTheMachinesStoreInIt) {
    keep("node1", 250);
    publish_what_is();
    forbid_tables();
    EXPECT_EQ(found(), ns(250, source::measured));
    // It is not read again, nor is it missed where it cannot be seen, as in a container.
    std::filesystem::remove_all(machine_.root() / "var");
    EXPECT_EQ(found(), ns(250, source::measured));
}

TEST_F(DiscoverStored, AStoreThatWasWrittenSinceIsReadAgain) {
    keep("node1", 250);
    publish_what_is();
    keep("node1", 260);
    forbid_tables();
    EXPECT_EQ(found(), ns(260, source::measured));
    EXPECT_EQ(forget_measurements(store_), 1U);
    ASSERT_EQ(::chmod(store_.c_str(), 0644), 0);
    EXPECT_EQ(found(), ns(120, source::hmat)) << "not what is published of the old store";
}

TEST_F(DiscoverStored, AStoreThatCameSinceIsRead) {
    publish_what_is();
    keep("node1", 250);
    forbid_tables();
    EXPECT_EQ(found(), ns(250, source::measured));
}

TEST_F(DiscoverStored, AStoreThatAUserMayNotReadIsKnownAsItIsPublished) {
    keep("node1", 250);
    ASSERT_EQ(::chmod(store_.c_str(), 0600), 0);
    publish_what_is();
    forbid_tables();
    EXPECT_EQ(found(), ns(250, source::measured));
    machine_.write("sys/kernel/uevent_seqnum", "1001\n");
    EXPECT_EQ(found(), ns(250, source::measured)) << "and when it is joined";
}

TEST_F(DiscoverStored, WhatLapsedByATableThatIsPublishedHasLapsedForEverybody) {
    keep("node1", 250);
    firmware newer;
    newer.processor(10, 0).processor(10, 1);
    newer.memory(10, 0, 4 * block_bytes).memory(20, 16 * block_bytes, 2 * block_bytes);
    newer.matrix(data_type::access_latency, 1000, {10}, {10, 20}, {100, 400});
    newer.write_into(machine_);
    publish_what_is();
    forbid_tables();
    EXPECT_EQ(found(), ns(400, source::hmat));
    machine_.write("sys/kernel/uevent_seqnum", "1001\n"); // and so when it is joined
    EXPECT_EQ(found(), ns(400, source::hmat));
}

} // namespace
} // namespace hetmem::detail
