#include "kernel/available.hpp"

#include "tests/support/tree.hpp"

#include <gmock/gmock.h>

#include <string>

namespace hetmem::kernel {
namespace {

constexpr std::uint64_t mib = std::uint64_t{1} << 20U;
constexpr std::uint64_t unlimited = ~std::uint64_t{0};

const std::string unified_mount =
    "22 1 0:21 / /proc rw,nosuid - proc proc rw\n"
    "31 23 0:28 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";

std::string megabytes(std::uint64_t n) {
    return std::to_string(n * mib) + "\n";
}

/// This process is in /a/b of a machine with version 2 only; nothing is limited.
test::tree machine_with_unified() {
    test::tree machine({{"proc/self/mountinfo", unified_mount},
                        {"proc/self/cgroup", "0::/a/b\n"},
                        {"sys/fs/cgroup/cgroup.procs", "1\n"}});
    for (const std::string group : {"a/", "a/b/"}) {
        const std::string directory = "sys/fs/cgroup/" + group;
        machine.write(directory + "memory.max", "max\n")
            .write(directory + "memory.high", "max\n")
            .write(directory + "memory.current", megabytes(100))
            .write(directory + "memory.stat", "anon 4096\nactive_file 0\ninactive_file 0\n");
    }
    return machine;
}

TEST(cgroup_available, without_a_limit_there_is_none) {
    const test::tree machine = machine_with_unified();
    cgroup_reader reader(machine.root());
    EXPECT_EQ(reader.read().available, unlimited);
    EXPECT_EQ(reader.read().path, "");
}

TEST(cgroup_available, the_tightest_limit_of_all_above_counts) {
    test::tree machine = machine_with_unified();
    machine.write("sys/fs/cgroup/a/memory.max", megabytes(150))
        .write("sys/fs/cgroup/a/b/memory.max", megabytes(300));
    cgroup_reader reader(machine.root());
    const cgroup_available found = reader.read();
    EXPECT_EQ(found.available, 50 * mib);
    EXPECT_EQ(found.path, "/sys/fs/cgroup/a");
    EXPECT_EQ(found.limit, "memory.max");
}

TEST(cgroup_available, the_soft_limit_counts_as_well) {
    test::tree machine = machine_with_unified();
    machine.write("sys/fs/cgroup/a/b/memory.max", megabytes(300))
        .write("sys/fs/cgroup/a/b/memory.high", megabytes(120));
    cgroup_reader reader(machine.root());
    EXPECT_EQ(reader.read().available, 20 * mib);
    EXPECT_EQ(reader.read().limit, "memory.high");
    machine.write("sys/fs/cgroup/a/b/memory.current", megabytes(130));
    EXPECT_EQ(reader.read().available, 0U);
}

TEST(cgroup_available, clean_cache_can_be_dropped) {
    test::tree machine = machine_with_unified();
    machine.write("sys/fs/cgroup/a/memory.max", megabytes(100))
        .write("sys/fs/cgroup/a/memory.stat",
               "anon 1\nfile 83886080\nfile_mapped 10485760\nfile_dirty 5242880\n"
               "file_writeback 0\ninactive_file 41943040\nactive_file 31457280\n");
    cgroup_reader reader(machine.root());
    EXPECT_EQ(reader.read().available, 55 * mib);
}

TEST(cgroup_available, a_limit_that_is_set_later_is_seen) {
    test::tree machine = machine_with_unified();
    cgroup_reader reader(machine.root());
    EXPECT_EQ(reader.read().available, unlimited);
    machine.write("sys/fs/cgroup/a/memory.max", megabytes(101));
    EXPECT_EQ(reader.read().available, mib);
    machine.write("sys/fs/cgroup/a/memory.max", "max\n");
    EXPECT_EQ(reader.read().available, unlimited);
}

TEST(cgroup_available, a_move_to_another_cgroup_is_seen) {
    test::tree machine = machine_with_unified();
    machine.write("sys/fs/cgroup/a/b/memory.max", megabytes(110));
    cgroup_reader reader(machine.root());
    EXPECT_EQ(reader.read().available, 10 * mib);
    machine.write("proc/self/cgroup", "0::/a\n");
    EXPECT_EQ(reader.read().available, unlimited);
}

TEST(cgroup_available, in_a_container_its_own_root_is_the_top) {
    const test::tree machine({{"proc/self/mountinfo", unified_mount},
                              {"proc/self/cgroup", "0::/\n"},
                              {"sys/fs/cgroup/memory.max", megabytes(200)},
                              {"sys/fs/cgroup/memory.high", "max\n"},
                              {"sys/fs/cgroup/memory.current", megabytes(50)},
                              {"sys/fs/cgroup/memory.stat", ""}});
    cgroup_reader reader(machine.root());
    EXPECT_EQ(reader.read().available, 150 * mib);
    EXPECT_EQ(reader.read().path, "/sys/fs/cgroup");
}

TEST(cgroup_available, a_container_without_a_namespace_sees_its_part_mounted) {
    const test::tree machine(
        {{"proc/self/mountinfo", "9 8 0:28 /docker/4f5e /sys/fs/cgroup ro - cgroup2 cgroup rw\n"},
         {"proc/self/cgroup", "0::/docker/4f5e/inner\n"},
         {"sys/fs/cgroup/memory.max", megabytes(200)},
         {"sys/fs/cgroup/memory.current", megabytes(50)},
         {"sys/fs/cgroup/inner/memory.max", megabytes(70)},
         {"sys/fs/cgroup/inner/memory.current", megabytes(50)}});
    cgroup_reader reader(machine.root());
    EXPECT_EQ(reader.read().available, 20 * mib);
    EXPECT_EQ(reader.read().path, "/sys/fs/cgroup/inner");
}

TEST(cgroup_available, version_1_beside_an_empty_version_2) {
    test::tree machine(
        {{"proc/self/mountinfo",
          "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
          "37 31 0:34 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
          "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"},
         {"proc/self/cgroup", "8:pids:/\n4:memory:/box/one\n1:cpu,cpuacct:/\n0::/\n"},
         {"sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"},
         {"sys/fs/cgroup/memory/memory.usage_in_bytes", megabytes(1000)},
         {"sys/fs/cgroup/memory/box/memory.limit_in_bytes", megabytes(500)},
         {"sys/fs/cgroup/memory/box/memory.usage_in_bytes", megabytes(450)},
         {"sys/fs/cgroup/memory/box/memory.stat",
          "active_file 1\ninactive_file 1\nmapped_file 1\ntotal_active_file 4194304\n"
          "total_inactive_file 8388608\ntotal_dirty 1048576\ntotal_writeback 0\n"
          "total_mapped_file 1048576\n"},
         {"sys/fs/cgroup/memory/box/one/memory.limit_in_bytes", "9223372036854771712\n"},
         {"sys/fs/cgroup/memory/box/one/memory.usage_in_bytes", megabytes(400)}});
    cgroup_reader reader(machine.root());
    const cgroup_available found = reader.read();
    EXPECT_EQ(found.available, 60 * mib);
    EXPECT_EQ(found.path, "/sys/fs/cgroup/memory/box");
    EXPECT_EQ(found.limit, "memory.limit_in_bytes");
}

TEST(cgroup_available, where_enough_is_left_the_cache_is_not_looked_up) {
    test::tree machine = machine_with_unified();
    machine.write("sys/fs/cgroup/a/memory.max", megabytes(140))
        .write("sys/fs/cgroup/a/memory.stat", "inactive_file 10485760\n");
    cgroup_reader reader(machine.root());
    EXPECT_EQ(reader.read(32 * mib).available, 40 * mib);
    EXPECT_EQ(reader.read(64 * mib).available, 50 * mib);
}

TEST(cgroup_available, a_machine_without_cgroups_has_no_limit) {
    const test::tree machine({{"proc/self/mountinfo", ""}});
    cgroup_reader reader(machine.root());
    EXPECT_EQ(reader.read().available, unlimited);
}

} // namespace
} // namespace hetmem::kernel
