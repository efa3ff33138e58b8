// Every check of the kernel: a tree that triggers it, and one that does not.
#include "check/parts.hpp"
#include "check/test_machine.hpp"

#include <acpi/test_bytes.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace hetmem::detail {
namespace {

using test_machine::found;
using test_machine::ran;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* nodes = "sys/devices/system/node/";
constexpr const char* tables = "sys/firmware/acpi/tables/";

check_result look(const test::tree& machine) {
    const kernel::rooted_reader reader(machine.root());
    check_result result;
    check_kernel(read_check_subject(reader), result);
    return result;
}

/// A machine in which nothing is wrong, to be changed.
test::tree sound() {
    return test_machine::machine();
}

auto tells(const std::string& about, const std::string& what) {
    return AllOf(Field("about", &finding::about, about),
                 Field("what", &finding::what, HasSubstr(what)));
}

TEST(KernelChecks, FindNothingWhereTheKernelDidAsItDoes) {
    const check_result result = look(sound());
    for (const finding& f : result.findings) {
        EXPECT_EQ(f.level, severity::info) << f.check << " " << f.about << ": " << f.what;
    }
    for (const char* id :
         {"srat-dropped", "srat-misread", "hmat-dropped", "hmat-misread", "kernel-told-not-to",
          "kernel-as-predicted", "figures-lost", "initiator-links", "node-numbering",
          "reserved-unexposed", "blocks-offline", "same-tier", "demotion-off", "demotion-on"}) {
        EXPECT_TRUE(ran(result, id)) << id;
    }
}

TEST(KernelChecks, TellOfAnHmatThatIsDropped) {
    test::tree machine = sound();
    auto bad = test_machine::tables();
    acpi::memory_attributes structure;
    structure.memory_pxm = 9;
    bad.structure(structure);
    bad.write_into(machine);
    for (const char* node : {"node0", "node1", "node2"}) {
        machine.remove(std::string(nodes) + node + "/access0");
        machine.remove(std::string(nodes) + node + "/access1");
    }
    machine.remove("sys/devices/virtual/memory_tiering");
    machine.write("sys/devices/virtual/memory_tiering/memory_tier4/nodelist", "0-2\n");
    const check_result result = look(machine);
    EXPECT_THAT(found(result, "hmat-dropped"), ElementsAre(tells("HMAT, offset 148", "domain 9")));
    EXPECT_THAT(found(result, "kernel-as-predicted"), IsEmpty());
    EXPECT_THAT(found(result, "hmat-misread"), IsEmpty());
}

TEST(KernelChecks, TellOfAnHmatThatWasTakenThoughItShouldNot) {
    test::tree machine = sound();
    auto bad = test_machine::tables();
    acpi::memory_attributes structure;
    structure.memory_pxm = 9;
    bad.structure(structure);
    bad.write_into(machine);
    EXPECT_THAT(found(look(machine), "kernel-as-predicted"),
                testing::Contains(tells("node1", "access0, which it should not have")));
}

TEST(KernelChecks, TellWhatOfAnHmatIsNotRead) {
    test::tree machine = sound();
    auto more = test_machine::tables();
    more.structure(acpi::unknown_structure{9, 0, 12, acpi::hex("00 00 00 00")});
    more.write_into(machine);
    const check_result result = look(machine);
    EXPECT_THAT(found(result, "hmat-misread"), ElementsAre(tells("HMAT, offset 148", "type 9")));
    EXPECT_THAT(found(result, "hmat-dropped"), IsEmpty());
}

TEST(KernelChecks, TellOfASratThatIsDroppedOrHalfRead) {
    test::tree machine = sound();
    acpi::bytes srat = test_machine::tables().srat();
    acpi::put(srat, 48 + 1, 15, 1);
    machine.write(std::string(tables) + "SRAT", srat);
    check_result result = look(machine);
    EXPECT_THAT(found(result, "srat-dropped"),
                testing::Contains(tells("SRAT, offset 48", "15 bytes")));
    // The kernel of this tree has three nodes all the same.
    EXPECT_THAT(found(result, "kernel-as-predicted"), testing::Contains(tells("nodes", "3 nodes")));

    auto more = test_machine::tables();
    more.generic_initiator(7, {0, 0, 3, 0});
    srat = more.srat();
    acpi::put(srat, srat.size() - 8, 0, 4); // its flags
    machine.write(std::string(tables) + "SRAT", srat);
    result = look(machine);
    EXPECT_THAT(found(result, "srat-misread"),
                ElementsAre(tells("SRAT, offset 200", "not enabled")));
    EXPECT_THAT(found(result, "srat-dropped"), IsEmpty());
}

TEST(KernelChecks, TellOfOptionsThatKeepTheKernelFromTheTables) {
    test::tree machine = sound();
    machine.write("proc/cmdline", "quiet numa=nohmat\n");
    const check_result result = look(machine);
    EXPECT_THAT(found(result, "kernel-told-not-to"),
                ElementsAre(tells("command line", "numa=nohmat")));
    EXPECT_FALSE(ran(result, "kernel-as-predicted"));
}

TEST(KernelChecks, TellWhereAFigureIsAnotherThanTheTablesSay) {
    test::tree machine = sound();
    machine.write(std::string(nodes) + "node1/access0/initiators/read_latency", "121\n");
    EXPECT_THAT(found(look(machine), "kernel-as-predicted"),
                ElementsAre(tells("node1", "access0 read latency 121 instead of 120")));
}

TEST(KernelChecks, TellWhereATierIsAnotherThanTheFiguresGive) {
    test::tree machine = sound();
    machine.remove("sys/devices/virtual/memory_tiering/memory_tier1");
    machine.write("sys/devices/virtual/memory_tiering/memory_tier4/nodelist", "0-1\n");
    EXPECT_THAT(found(look(machine), "kernel-as-predicted"),
                ElementsAre(tells("node1", "memory tier 4 instead of 1")));
    // An older kernel makes none.
    machine.write("proc/sys/kernel/osrelease", "6.1.9\n");
    EXPECT_THAT(found(look(machine), "kernel-as-predicted"), IsEmpty());
}

TEST(KernelChecks, TellWhereDistancesAreNotThoseOfTheSlit) {
    test::tree machine = sound();
    machine.write(std::string(nodes) + "node0/distance", "10 15 20\n");
    EXPECT_THAT(found(look(machine), "kernel-as-predicted"),
                ElementsAre(tells("node0 -> node1", "would be 20; it is 15")));
}

TEST(KernelChecks, TellOfFiguresThatWereLost) {
    test::tree machine = sound();
    machine.remove(std::string(nodes) + "node1/access0");
    machine.remove(std::string(nodes) + "node1/access1");
    const check_result result = look(machine);
    EXPECT_THAT(found(result, "figures-lost"), ElementsAre(tells("node1", "domain 1")));
    EXPECT_THAT(found(result, "kernel-as-predicted"), IsEmpty());
}

TEST(KernelChecks, TellOfAKernelThatShowsNoFiguresAtAll) {
    test::tree machine = sound();
    for (const char* node : {"node0", "node1", "node2"}) {
        machine.remove(std::string(nodes) + node + "/access0");
        machine.remove(std::string(nodes) + node + "/access1");
    }
    const check_result result = look(machine);
    EXPECT_THAT(found(result, "kernel-as-predicted"),
                ElementsAre(tells("HMAT", "CONFIG_ACPI_HMAT")));
    EXPECT_THAT(found(result, "figures-lost"), IsEmpty());
}

TEST(KernelChecks, TellOfLinksThatTheTablesContradict) {
    test::tree machine = sound();
    const std::string links = std::string(nodes) + "node1/access0/initiators/";
    machine.remove(links + "node0");
    machine.link(links + "node2", "../../../node2");
    EXPECT_THAT(found(look(machine), "initiator-links"),
                ElementsAre(tells("node1", "links node2 as the best for it. By the tables that is "
                                           "node0")));
}

TEST(KernelChecks, TellWhereNodesAreNumberedOtherwise) {
    test::tree machine =
        test::make_machine({{0, "0-1", 0, 8, ~0U, "10 20"}, {1, "", 8, 4, ~0U, "20 10"}}, 2);
    test::firmware firmware;
    firmware.processor(0, 0).processor(0, 1);
    firmware.memory(0, 0, 8 * test_machine::block)
        .memory(5, 8 * test_machine::block, 4 * test_machine::block);
    firmware.write_into(machine);
    machine.write("proc/sys/kernel/osrelease", "6.12.9\n");
    EXPECT_THAT(found(look(machine), "node-numbering"),
                ElementsAre(tells("nodes", "domain 5 is node 1")));
}

TEST(KernelChecks, TellOfReservedMemoryThatNothingShows) {
    test::tree machine = sound();
    test_machine::reserve(machine, "device_dax");
    machine.write("proc/iomem", "40000000-5fffffff : Soft Reserved\n");
    EXPECT_THAT(found(look(machine), "reserved-unexposed"), IsEmpty());
    machine.remove("sys/bus/dax/devices/dax0.0");
    EXPECT_THAT(found(look(machine), "reserved-unexposed"), ElementsAre(tells("pxm1", "dax_hmem")));
}

TEST(KernelChecks, TellOfDaxDevicesThatNobodyUses) {
    test::tree machine = sound();
    test_machine::reserve(machine, "device_dax");
    machine.write("proc/7/maps", "7f0000000000-7f0000200000 rw-s 00000000 00:06 87 /dev/dax0.0\n");
    EXPECT_THAT(found(look(machine), "dax-unused"), IsEmpty());
    machine.write("proc/7/maps", "");
    EXPECT_THAT(found(look(machine), "dax-unused"),
                ElementsAre(tells("dax0.0", "belongs to device_dax, and no program")));
    // A copy has no programs, and so none that could use it.
    machine.remove("proc/7");
    check_result of_copy = look(machine);
    EXPECT_FALSE(ran(of_copy, "dax-unused"));
    EXPECT_THAT(found(of_copy, "dax-unused"), IsEmpty());
    EXPECT_THAT(of_copy.not_looked_at, Contains(HasSubstr("a copy of a machine has no programs")));
    machine.remove("sys/devices/platform/hmem.0/dax0.0/driver");
    EXPECT_THAT(found(look(machine), "dax-unused"), ElementsAre(tells("dax0.0", "No driver")));
}

TEST(KernelChecks, TellOfBlocksThatAreOffline) {
    test::tree machine = sound();
    test_machine::put_blocks(machine, 14, 2, "offline", "Movable Normal");
    machine.write(std::string(nodes) + "node2/meminfo",
                  "Node 2 MemTotal: 262144 kB\nNode 2 MemFree: 262144 kB\n");
    EXPECT_THAT(found(look(machine), "blocks-offline"),
                ElementsAre(tells("node2", "2 of its 4 memory blocks are offline, and "
                                           "auto_online_blocks is \"offline\"")));
}

TEST(KernelChecks, TellOfKindsThatShareATier) {
    test::tree machine = sound();
    machine.remove("sys/devices/virtual/memory_tiering");
    machine.write("sys/devices/virtual/memory_tiering/memory_tier4/nodelist", "0-2\n");
    check_result result = look(machine);
    ASSERT_THAT(found(result, "same-tier"), ElementsAre(tells("node1", "together with node0")));
    EXPECT_EQ(found(result, "same-tier")[0].level, severity::warning);
    machine.write("proc/sys/kernel/osrelease", "6.1.9\n");
    result = look(machine);
    ASSERT_THAT(found(result, "same-tier"), SizeIs(1));
    EXPECT_EQ(found(result, "same-tier")[0].level, severity::info);
}

TEST(KernelChecks, TellOfDemotionThatIsOffOrDoesNotFit) {
    test::tree machine = sound();
    EXPECT_THAT(found(look(machine), "demotion-off"),
                ElementsAre(tells("demotion_enabled", "3 memory tiers")));
    machine.write("sys/kernel/mm/numa/demotion_enabled", "true\n");
    EXPECT_THAT(found(look(machine), "demotion-off"), IsEmpty());
    EXPECT_THAT(found(look(machine), "demotion-on"), IsEmpty());

    machine.write({{"sys/fs/cgroup/cgroup.controllers", "cpuset\n"},
                   {"sys/fs/cgroup/system.slice/cpuset.mems.effective", "0-1\n"}});
    EXPECT_THAT(found(look(machine), "demotion-on"),
                ElementsAre(tells("demotion_enabled", "keep system.slice from some nodes")));

    machine.remove("sys/devices/virtual/memory_tiering");
    machine.write("sys/devices/virtual/memory_tiering/memory_tier4/nodelist", "0-2\n");
    EXPECT_THAT(found(look(machine), "demotion-on"),
                ElementsAre(tells("demotion_enabled", "one memory tier only")));
}

TEST(KernelChecks, TellOfWeightsThatDoNotFit) {
    test::tree machine = sound();
    const std::string weights = "sys/kernel/mm/mempolicy/weighted_interleave/node";
    // 100, 400 and 20 GB/s
    machine.write({{weights + "0", "1\n"}, {weights + "1", "1\n"}, {weights + "2", "1\n"}});
    check_result result = look(machine);
    // 20 GB/s on each of three: 60 of 520.
    ASSERT_THAT(found(result, "weights-misfit"),
                ElementsAre(tells("weighted_interleave", "at most 12 %")));
    EXPECT_EQ(found(result, "weights-misfit")[0].level, severity::info);
    EXPECT_THAT(found(result, "weights-misfit")[0].remedy, HasSubstr("node0 5, node1 20, node2 1"));

    machine.write(weights + "1", "2\n");
    EXPECT_EQ(found(look(machine), "weights-misfit")[0].level, severity::warning);
    machine.write({{weights + "0", "5\n"}, {weights + "1", "20\n"}});
    result = look(machine);
    EXPECT_TRUE(ran(result, "weights-misfit"));
    EXPECT_THAT(found(result, "weights-misfit"), IsEmpty());
}

TEST(KernelChecks, WithTablesAloneTellWhatTheNewestLinuxWouldDo) {
    test::temporary_directory folder;
    test::tree files;
    auto bad = test_machine::tables();
    acpi::memory_attributes structure;
    structure.memory_pxm = 9;
    bad.structure(structure);
    files.write("HMAT", bad.hmat()).write("SRAT", bad.srat());
    check_result result;
    check_kernel(read_table_subject(files.root()), result);
    EXPECT_THAT(found(result, "hmat-dropped"), SizeIs(1));
    EXPECT_FALSE(ran(result, "kernel-as-predicted"));
}

} // namespace
} // namespace hetmem::detail
