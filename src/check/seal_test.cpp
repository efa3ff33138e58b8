#include "check/parts.hpp"
#include "check/seal.hpp"
#include "check/test_machine.hpp"

#include <hetmem/discover.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace hetmem::detail {
namespace {

using test_machine::found;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using state = seal_verdict::state;

constexpr const char* demotion = "sys/kernel/mm/numa/demotion_enabled";

check_result look(const test::tree& machine) {
    const kernel::rooted_reader reader(machine.root());
    check_result result;
    check_seals(read_check_subject(reader), result);
    return result;
}

/// Node 1, the fast one, with all blocks in one state.
test::tree online_in(const std::string& zone) {
    test::tree machine = test_machine::machine();
    test_machine::put_blocks(machine, 8, 4, "online", zone);
    return machine;
}

/// As systemd has it: all programs in three slices.
void fence(test::tree& machine, const std::string& mems) {
    const std::string top = "sys/fs/cgroup/";
    machine.write({{top + "cgroup.controllers", "cpuset memory\n"}, {top + "cgroup.procs", ""}});
    for (const char* slice : {"init.scope", "system.slice", "user.slice"}) {
        machine.write(top + slice + "/cpuset.mems.effective", mems + "\n");
    }
}

/// The verdict on the one scarce memory.
seal_verdict verdict(const test::tree& machine) {
    const check_result result = look(machine);
    EXPECT_THAT(result.seals, SizeIs(1));
    return result.seals.empty() ? seal_verdict{} : result.seals[0];
}

std::string why(const seal_verdict& of) {
    std::string all;
    for (const std::string& sentence : of.why) {
        all += sentence + " ";
    }
    return all;
}

TEST(Seal, ADaxDeviceIsSealed) {
    test::tree machine = test_machine::machine();
    test_machine::reserve(machine, "device_dax");
    const check_result result = look(machine);
    ASSERT_THAT(result.seals, SizeIs(1));
    EXPECT_EQ(result.seals[0].target, "dax0.0");
    EXPECT_EQ(result.seals[0].is, state::sealed);
    EXPECT_THAT(why(result.seals[0]), HasSubstr("dax0.0 belongs to device_dax"));
    EXPECT_THAT(result.findings, IsEmpty());
}

TEST(Seal, ADaxDeviceWithoutADriverIsOneStepFromBeingEverybodys) {
    test::tree machine = test_machine::machine();
    test_machine::reserve(machine, "");
    machine.write("sys/devices/system/memory/auto_online_blocks", "online\n");
    check_result result = look(machine);
    EXPECT_EQ(result.seals[0].is, state::sealed);
    EXPECT_THAT(found(result, "seal-at-risk"),
                ElementsAre(Field("what", &finding::what, HasSubstr("Loading the module kmem"))));
    // Debian's 6.1: the device stays where it is, and blocks come offline.
    machine.write({{"sys/devices/system/memory/auto_online_blocks", "offline\n"},
                   {"proc/sys/kernel/osrelease", "6.1.9\n"}});
    result = look(machine);
    EXPECT_EQ(result.seals[0].is, state::sealed);
    EXPECT_THAT(found(result, "seal-at-risk"), IsEmpty());
}

TEST(Seal, KmemWithBlocksOfflineIsSealed) {
    test::tree machine = test_machine::machine();
    test_machine::reserve(machine, "kmem");
    const seal_verdict found = verdict(machine);
    EXPECT_EQ(found.is, state::sealed);
    EXPECT_THAT(why(found), HasSubstr("all of its memory blocks are offline"));
}

TEST(Seal, MovableMemoryLeaksToPrograms) {
    const check_result result = look(online_in("Movable"));
    ASSERT_THAT(result.seals, SizeIs(1));
    EXPECT_EQ(result.seals[0].target, "node1");
    EXPECT_EQ(result.seals[0].is, state::leaky);
    EXPECT_THAT(why(result.seals[0]), HasSubstr("programs and the page cache"));
    EXPECT_THAT(found(result, "seal-open"), SizeIs(1));
    EXPECT_THAT(found(result, "seal-kernel"), IsEmpty());
}

TEST(Seal, MemoryOfAnotherZoneLeaksToTheKernelToo) {
    const check_result result = look(online_in("Normal"));
    EXPECT_EQ(result.seals[0].is, state::leaky);
    EXPECT_THAT(why(result.seals[0]), HasSubstr("programs and the kernel itself"));
    EXPECT_THAT(found(result, "seal-kernel"), SizeIs(1));
}

TEST(Seal, CpusetsOfAllSlicesAreAFence) {
    test::tree machine = online_in("Movable");
    fence(machine, "0,2");
    EXPECT_EQ(verdict(machine).is, state::sealed);
    EXPECT_THAT(look(machine).findings, IsEmpty());

    machine.write("sys/fs/cgroup/user.slice/cpuset.mems.effective", "0-2\n");
    const seal_verdict open = verdict(machine);
    EXPECT_EQ(open.is, state::leaky);
    EXPECT_THAT(why(open), HasSubstr("No cpuset keeps these from it: user.slice."));
}

TEST(Seal, AProgramOutsideOfAllSlicesIsAHoleInTheFence) {
    test::tree machine = online_in("Movable");
    fence(machine, "0,2");
    machine.write({{"sys/fs/cgroup/cgroup.procs", "7\n"}, {"proc/7/cmdline", "sh"}});
    EXPECT_EQ(verdict(machine).is, state::leaky);
}

TEST(Seal, AFenceDoesNotHoldTheKernel) {
    test::tree machine = online_in("Normal");
    fence(machine, "0,2");
    EXPECT_EQ(verdict(machine).is, state::leaky);
    EXPECT_THAT(found(look(machine), "seal-kernel"), SizeIs(1));
}

TEST(Seal, DemotionGoesThroughAFence) {
    // The scarce memory is the slow one here: CXL, below the others.
    test::tree machine = test_machine::machine();
    test_machine::put_blocks(machine, 8, 4, "online", "Movable");
    fence(machine, "0,2");
    machine.write(demotion, "true\n");
    // Node 1 is the fastest: nothing is demoted into it.
    EXPECT_EQ(verdict(machine).is, state::sealed);
    // With another tier above it there is.
    machine.write("sys/devices/virtual/memory_tiering/memory_tier0/nodelist", "0\n");
    machine.remove("sys/devices/virtual/memory_tiering/memory_tier4");
    EXPECT_EQ(verdict(machine).is, state::leaky);
    EXPECT_THAT(found(look(machine), "seal-demotion"), SizeIs(1));
    machine.write(demotion, "false\n");
    EXPECT_EQ(verdict(machine).is, state::sealed);
}

TEST(Seal, PoolsOfHugePagesAreNotWhatLeaks) {
    test::tree machine = online_in("Movable");
    const std::string pool = "sys/devices/system/node/node1/hugepages/hugepages-2048kB/";
    machine.write({{pool + "nr_hugepages", "100\n"}, {pool + "free_hugepages", "100\n"}});
    const seal_verdict found = verdict(machine);
    EXPECT_EQ(found.is, state::leaky);
    EXPECT_THAT(why(found), HasSubstr("200 MiB of it are in a pool of huge pages"));
}

TEST(Seal, WithoutStatesNothingCanBeSaid) {
    test::tree machine = test_machine::machine();
    for (unsigned b = 8; b < 12; ++b) {
        machine.remove("sys/devices/system/memory/memory" + std::to_string(b) + "/state");
    }
    EXPECT_EQ(verdict(machine).is, state::unknown);
    EXPECT_THAT(found(look(machine), "seal-unknown"), SizeIs(1));
}

TEST(Seal, OrdinaryMachinesHaveNothingToSeal) {
    const test::tree machine =
        test::make_machine({{0, "0-1", 0, 8, ~0U, "10 20"}, {1, "2-3", 8, 8, ~0U, "20 10"}}, 4);
    EXPECT_THAT(look(machine).seals, IsEmpty());
}

} // namespace
} // namespace hetmem::detail
