#include "kernel/cpu.hpp"

#include "tests/support/tree.hpp"

#include <gmock/gmock.h>

#include <string>

namespace hetmem::kernel {
namespace {

using test::tree;
using testing::Eq;
using testing::IsEmpty;
using testing::Optional;
using testing::Pair;
using testing::SizeIs;
using testing::UnorderedElementsAre;

std::string topology_file(unsigned cpu, const std::string& file) {
    return "sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/" + file;
}

TEST(cpu, online) {
    tree files({{"sys/devices/system/cpu/online", "0-2,5\n"}});
    EXPECT_EQ(read_online_cpus(rooted_reader(files.root()))->to_string(), "0-2,5");
    files.write("sys/devices/system/cpu/online", "some\n");
    EXPECT_FALSE(read_online_cpus(rooted_reader(files.root())));
    // A copy with nothing but the directories.
    files.make_directory("sys/devices/system/cpu/cpu0")
        .make_directory("sys/devices/system/cpu/cpu7");
    files.make_directory("sys/devices/system/cpu/cpufreq");
    files.make_directory("sys/devices/system/cpu/cpu4294967295");
    EXPECT_EQ(read_online_cpus(rooted_reader(files.root()))->to_string(), "0,7");
}

TEST(cpu, packages_from_one_processor_each) {
    // CPUs 1 and 3 have no files: they must not be asked.
    const tree files({
        {topology_file(0, "physical_package_id"), "0\n"},
        {topology_file(0, "package_cpus_list"), "0-1\n"},
        {topology_file(2, "physical_package_id"), "8\n"},
        {topology_file(2, "core_siblings_list"), "2-3\n"},
    });
    const auto packages = read_packages(rooted_reader(files.root()), id_set::parse("0-3").value());
    ASSERT_THAT(packages, SizeIs(2));
    EXPECT_EQ(packages[0].id, 0);
    EXPECT_EQ(packages[0].cpus.to_string(), "0-1");
    EXPECT_EQ(packages[1].id, 8);
    EXPECT_EQ(packages[1].cpus.to_string(), "2-3");
}

TEST(cpu, packages_where_the_kernel_prints_no_lists) {
    const tree files({
        {topology_file(0, "physical_package_id"), "0\n"},
        {topology_file(0, "core_siblings"), "00000005\n"},
        {topology_file(1, "physical_package_id"), "1\n"},
        {topology_file(3, "physical_package_id"), "1\n"},
        {topology_file(4, "physical_package_id"), "none\n"},
        {topology_file(5, "physical_package_id"), "-1\n"},
    });
    const auto packages = read_packages(rooted_reader(files.root()), id_set::parse("0-6").value());
    ASSERT_THAT(packages, SizeIs(3));
    EXPECT_EQ(packages[0].id, -1);
    EXPECT_EQ(packages[1].cpus.to_string(), "0,2");
    EXPECT_EQ(packages[2].cpus.to_string(), "1,3") << "joined by their number";
    EXPECT_THAT(read_packages(rooted_reader(tree().root()), id_set::parse("0-6").value()),
                IsEmpty());
}

TEST(cpu, model_of_an_x86) {
    const tree files({{"proc/cpuinfo", "processor\t: 0\nvendor_id\t: GenuineIntel\n"
                                       "cpu family\t: 6\nmodel\t\t: 143\n"
                                       "model name\t: Intel(R) Xeon(R) CPU Max 9480\n"
                                       "stepping\t: 8\napicid\t\t: 0\n\n"
                                       "processor\t: 1\nvendor_id\t: Other\nmodel\t\t: 1\n"
                                       "apicid\t\t: 128\n\n"}});
    const rooted_reader reader(files.root());
    const cpu_model model = read_cpu_model(reader);
    EXPECT_EQ(model.name, "Intel(R) Xeon(R) CPU Max 9480");
    EXPECT_EQ(model.vendor, "GenuineIntel");
    EXPECT_THAT(model.family, Optional(6U));
    EXPECT_THAT(model.model, Optional(143U)) << "the first processor's";
    EXPECT_THAT(model.stepping, Optional(8U));
    EXPECT_THAT(model.part, Eq(std::nullopt));
    EXPECT_THAT(read_apic_ids(reader), UnorderedElementsAre(Pair(0, 0), Pair(1, 128)));
}

TEST(cpu, model_of_other_architectures) {
    const tree arm({{"proc/cpuinfo", "processor\t: 0\nCPU implementer\t: 0x41\n"
                                     "CPU part\t: 0xd87\nCPU revision\t: 1\n\n"}});
    const cpu_model one = read_cpu_model(rooted_reader(arm.root()));
    EXPECT_EQ(one.name, "");
    EXPECT_EQ(one.vendor, "0x41");
    EXPECT_THAT(one.part, Optional(0xd87U));
    const tree power({{"proc/cpuinfo", "processor\t: 0\ncpu\t\t: POWER9, altivec supported\n\n"}});
    EXPECT_EQ(read_cpu_model(rooted_reader(power.root())).name, "POWER9, altivec supported");
    EXPECT_THAT(read_apic_ids(rooted_reader(power.root())), IsEmpty());
}

TEST(cpu, garbage_is_skipped) {
    const tree files({{"proc/cpuinfo", std::string("\n\n:\n: \nmodel : x\nprocessor : -1\n"
                                                   "apicid : 5\nprocessor : 9999999999\n"
                                                   "apicid : 6\nprocessor : 4000000000\n"
                                                   "apicid : 7\n\0\n",
                                                   110)}});
    const rooted_reader reader(files.root());
    EXPECT_EQ(read_cpu_model(reader).name, "");
    EXPECT_FALSE(read_cpu_model(reader).model);
    EXPECT_THAT(read_apic_ids(reader), IsEmpty());
    EXPECT_THAT(read_apic_ids(rooted_reader(tree().root())), IsEmpty());
}

TEST(cpu, this_machine) {
    const rooted_reader reader("/");
    const auto online = read_online_cpus(reader);
    ASSERT_TRUE(online);
    EXPECT_FALSE(online->empty());
    id_set all;
    for (const cpu_package& one : read_packages(reader, *online)) {
        EXPECT_FALSE(one.cpus.intersects(all)) << "no CPU is in two packages";
        all.insert(one.cpus);
    }
    EXPECT_TRUE(all.empty() || all == *online);
}

} // namespace
} // namespace hetmem::kernel
