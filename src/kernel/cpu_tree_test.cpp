#include "kernel/cpu_tree.hpp"

#include "tests/support/saved_machines.hpp"
#include "tests/support/tree.hpp"

#include <gmock/gmock.h>

#include <string>
#include <utility>
#include <vector>

namespace hetmem::kernel {
namespace {

using test::tree;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

std::string cpu_file(unsigned cpu, const std::string& file) {
    return "sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/" + file;
}

using id_and_cpus = std::pair<int, std::string>;

std::vector<id_and_cpus> shown(const std::vector<cpu_group>& groups) {
    std::vector<id_and_cpus> out;
    for (const cpu_group& group : groups) {
        out.emplace_back(group.id ? static_cast<int>(*group.id) : -1, group.cpus.to_string());
    }
    return out;
}

cpu_tree read(const tree& files) {
    return read_cpu_tree(rooted_reader(files.root()));
}

void add_cache(tree& files, unsigned cpu, unsigned index, const std::string& type, unsigned level,
               const std::string& shared) {
    const std::string at = "cache/index" + std::to_string(index) + "/";
    files.write({{cpu_file(cpu, at + "type"), type + "\n"},
                 {cpu_file(cpu, at + "level"), std::to_string(level) + "\n"},
                 {cpu_file(cpu, at + "id"), std::to_string(cpu / 2) + "\n"},
                 {cpu_file(cpu, at + "size"), "48K\n"},
                 {cpu_file(cpu, at + "coherency_line_size"), "64\n"},
                 {cpu_file(cpu, at + "number_of_sets"), "64\n"},
                 {cpu_file(cpu, at + "physical_line_partition"), "1\n"},
                 {cpu_file(cpu, at + "shared_cpu_list"), shared + "\n"}});
}

TEST(cpu_tree, hardware_threads_share_cores_and_caches) {
    tree files({{"sys/devices/system/cpu/online", "0-3\n"}});
    for (unsigned cpu = 0; cpu < 4; ++cpu) {
        const unsigned core = cpu % 2;
        const std::string threads = core == 0 ? "0,2" : "1,3";
        files.write({{cpu_file(cpu, "topology/physical_package_id"), "7\n"},
                     {cpu_file(cpu, "topology/package_cpus_list"), "0-3\n"},
                     {cpu_file(cpu, "topology/die_cpus_list"), "0-3\n"},
                     {cpu_file(cpu, "topology/core_id"), std::to_string(core * 4) + "\n"},
                     {cpu_file(cpu, "topology/core_cpus_list"), threads + "\n"}});
        add_cache(files, cpu, 0, "Data", 1, threads);
        add_cache(files, cpu, 1, "Instruction", 1, threads);
        add_cache(files, cpu, 3, "Unified", 3, "0-3");
    }
    const cpu_tree found = read(files);
    EXPECT_EQ(found.online.to_string(), "0-3");
    EXPECT_THAT(shown(found.packages), ElementsAre(Pair(7, "0-3")));
    EXPECT_THAT(found.dies, IsEmpty()) << "a die that is the package tells nothing";
    EXPECT_THAT(shown(found.cores), ElementsAre(Pair(0, "0,2"), Pair(4, "1,3")));
    ASSERT_EQ(found.caches.size(), 5U);
    const cpu_cache& first = found.caches[0];
    EXPECT_EQ(first.cpus.to_string(), "0,2");
    EXPECT_EQ(first.level, 1U);
    EXPECT_EQ(first.type, 'D');
    EXPECT_EQ(first.id, 0U);
    EXPECT_EQ(first.size_bytes, 48U << 10);
    EXPECT_EQ(first.line_bytes, 64U);
    EXPECT_EQ(first.ways, 12U);
    EXPECT_EQ(found.caches[1].type, 'I');
    EXPECT_EQ(found.caches[2].type, 'U');
    EXPECT_EQ(found.caches[2].cpus.to_string(), "0-3");
    EXPECT_EQ(found.caches[4].cpus.to_string(), "1,3");
}

TEST(cpu_tree, two_dies_in_a_package) {
    tree files({{"sys/devices/system/cpu/online", "0-3\n"}});
    for (unsigned cpu = 0; cpu < 4; ++cpu) {
        files.write({{cpu_file(cpu, "topology/physical_package_id"), "0\n"},
                     {cpu_file(cpu, "topology/package_cpus_list"), "0-3\n"},
                     {cpu_file(cpu, "topology/die_id"), std::to_string(cpu / 2) + "\n"},
                     {cpu_file(cpu, "topology/die_cpus_list"), cpu < 2 ? "0-1\n" : "2-3\n"}});
    }
    EXPECT_THAT(shown(read(files).dies), ElementsAre(Pair(0, "0-1"), Pair(1, "2-3")));
}

TEST(cpu_tree, old_kernels_have_masks_and_other_names) {
    tree files({{"sys/devices/system/cpu/online", "0-1\n"}});
    for (unsigned cpu = 0; cpu < 2; ++cpu) {
        files.write({{cpu_file(cpu, "topology/physical_package_id"), "-1\n"},
                     {cpu_file(cpu, "topology/core_siblings"), "00000003\n"},
                     {cpu_file(cpu, "topology/thread_siblings"), "00000003\n"},
                     {cpu_file(cpu, "cache/index0/level"), "2\n"},
                     {cpu_file(cpu, "cache/index0/shared_cpu_map"), "00000003\n"}});
    }
    const cpu_tree found = read(files);
    EXPECT_THAT(shown(found.packages), ElementsAre(Pair(-1, "0-1")));
    EXPECT_THAT(shown(found.cores), ElementsAre(Pair(-1, "0-1")));
    ASSERT_EQ(found.caches.size(), 1U);
    EXPECT_EQ(found.caches[0].size_bytes, 0U);
    EXPECT_EQ(found.caches[0].ways, 0U);
}

TEST(cpu_tree, siblings_of_different_cores_are_cores) {
    tree files({{"sys/devices/system/cpu/online", "0-1\n"}});
    for (unsigned cpu = 0; cpu < 2; ++cpu) {
        files.write({{cpu_file(cpu, "topology/core_id"), std::to_string(cpu) + "\n"},
                     {cpu_file(cpu, "topology/core_cpus_list"), "0-1\n"}});
    }
    EXPECT_THAT(shown(read(files).cores), ElementsAre(Pair(0, "0"), Pair(1, "1")));
}

TEST(cpu_tree, what_is_offline_or_unknown) {
    tree files({{"sys/devices/system/cpu/online", "0,5-1000000\n"},
                {cpu_file(0, "topology/physical_package_id"), "0\n"},
                {cpu_file(0, "topology/package_cpus_list"), "0-3\n"},
                {cpu_file(0, "topology/core_id"), "0\n"},
                {cpu_file(0, "topology/core_cpus_list"), "0-1\n"},
                {cpu_file(0, "cache/index0/type"), "Data\n"}});
    files.make_directory("sys/devices/system/cpu/cpu5");
    const cpu_tree found = read(files);
    EXPECT_EQ(found.online.to_string(), "0,5") << "those that are there";
    EXPECT_THAT(shown(found.packages), ElementsAre(Pair(0, "0"), Pair(-1, "5")));
    EXPECT_THAT(shown(found.cores), ElementsAre(Pair(0, "0"), Pair(-1, "5")));
    EXPECT_THAT(found.caches, IsEmpty()) << "a cache of unknown level";
    EXPECT_TRUE(read(tree()).online.empty());
}

TEST(cpu_tree, this_machine) {
    const rooted_reader here("/");
    const cpu_tree found = read_cpu_tree(here);
    EXPECT_FALSE(found.online.empty());
    for (const auto* groups : {&found.packages, &found.cores}) {
        id_set all;
        for (const cpu_group& group : *groups) {
            EXPECT_FALSE(all.intersects(group.cpus));
            all.insert(group.cpus);
        }
        EXPECT_EQ(all, found.online);
    }
}

TEST(cpu_tree, knights_landing) {
    const test::saved_machine saved("64intel64-fakeKNL-SNC4-hybrid");
    if (!saved) {
        GTEST_SKIP() << saved.why_not();
    }
    const cpu_tree found = read_cpu_tree(rooted_reader(saved.root()));
    EXPECT_EQ(found.packages.size(), 1U);
    EXPECT_EQ(found.cores.size() * 4, found.online.size()) << "four threads a core";
}

} // namespace
} // namespace hetmem::kernel
