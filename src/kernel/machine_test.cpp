#include "kernel/machine.hpp"

#include "tests/support/tree.hpp"

#include <gtest/gtest.h>

#include <sys/utsname.h>

namespace hetmem::kernel {
namespace {

machine machine_of(const test::tree& files) {
    return read_machine(rooted_reader(files.root()));
}

TEST(machine, this_one) {
    utsname names{};
    ASSERT_EQ(::uname(&names), 0);
    const machine here = read_machine(rooted_reader("/"));
    EXPECT_EQ(here.kernel_release, names.release);
    EXPECT_EQ(here.architecture, names.machine);
}

TEST(machine, a_copy_never_claims_to_be_this_one) {
    const machine unknown = machine_of({});
    EXPECT_EQ(unknown.kernel_release, "");
    EXPECT_EQ(unknown.architecture, "");
}

TEST(machine, a_copy_tells_by_the_kernels_files_or_by_notes) {
    const machine told = machine_of({{"proc/sys/kernel/osrelease", "6.12.9\n"},
                                     {"proc/sys/kernel/arch", "aarch64\n"},
                                     {"proc/hwloc-nofile-info", "OSRelease: 1.0\n"}});
    EXPECT_EQ(told.kernel_release, "6.12.9");
    EXPECT_EQ(told.architecture, "aarch64");
    const machine noted = machine_of({{"proc/hwloc-nofile-info", "OSName: Linux\n"
                                                                 "OSRelease: 5.18.0-rc4\n"
                                                                 "HostName: x\n"
                                                                 "Architecture: ppc64le\n"}});
    EXPECT_EQ(noted.kernel_release, "5.18.0-rc4");
    EXPECT_EQ(noted.architecture, "ppc64le");
}

} // namespace
} // namespace hetmem::kernel
