#include "kernel/cpuset_slices.hpp"

#include "tests/support/tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hetmem::kernel {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* top = "sys/fs/cgroup/";

test::tree fenced() {
    const std::string at = top;
    return test::tree({
        {at + "cgroup.controllers", "cpuset cpu memory\n"},
        {at + "cgroup.procs", "2\n3\n"},
        {"proc/2/cmdline", ""},
        {"proc/3/cmdline", ""},
        {at + "init.scope/cpuset.mems.effective", "0\n"},
        {at + "system.slice/cpuset.mems.effective", "0\n"},
        {at + "user.slice/cpuset.mems.effective", "0,2\n"},
    });
}

TEST(CpusetSlices, TellWhoMayUseANode) {
    test::tree machine = fenced();
    const rooted_reader reader(machine.root());
    const cpuset_slices found = read_cpuset_slices(reader);
    EXPECT_TRUE(found.known);
    EXPECT_FALSE(found.programs_outside);
    EXPECT_THAT(found.open_to(1), IsEmpty());
    EXPECT_THAT(found.open_to(2), ElementsAre("user.slice"));
    EXPECT_THAT(found.open_to(0), ElementsAre("init.scope", "system.slice", "user.slice"));
}

TEST(CpusetSlices, AProgramInTheRootIsNotLimited) {
    test::tree machine = fenced();
    machine.write("proc/3/cmdline", "sleep");
    const rooted_reader reader(machine.root());
    EXPECT_THAT(read_cpuset_slices(reader).open_to(1), ElementsAre("the root cgroup"));
}

TEST(CpusetSlices, WithoutTheControllerNobodyIsLimited) {
    test::tree machine = fenced();
    machine.write(std::string(top) + "machine.slice/cgroup.procs", "");
    const rooted_reader reader(machine.root());
    EXPECT_THAT(read_cpuset_slices(reader).open_to(1), ElementsAre("machine.slice"));
}

TEST(CpusetSlices, OneWithoutProcessesDoesNotCount) {
    test::tree machine = fenced();
    machine.write(std::string(top) + "machine.slice/cgroup.events", "populated 0\nfrozen 0\n");
    const rooted_reader reader(machine.root());
    EXPECT_THAT(read_cpuset_slices(reader).open_to(1), IsEmpty());
}

TEST(CpusetSlices, AreUnknownWithoutVersion2) {
    const test::tree machine({{"sys/fs/cgroup/cpuset/tasks", ""}});
    const rooted_reader reader(machine.root());
    EXPECT_FALSE(read_cpuset_slices(reader).known);
}

TEST(CpusetSlices, AreUnknownInAContainer) {
    test::tree machine = fenced();
    machine.write(std::string(top) + "cgroup.events", "populated 1\nfrozen 0\n");
    const rooted_reader reader(machine.root());
    EXPECT_FALSE(read_cpuset_slices(reader).known);
}

} // namespace
} // namespace hetmem::kernel
