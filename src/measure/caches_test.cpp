#include "measure/caches.hpp"

#include "tests/support/tree.hpp"

#include <gtest/gtest.h>

#include <string>

namespace hetmem::detail {
namespace {

constexpr const char* cpu_directory = "sys/devices/system/cpu/";

void add_cache(test::tree& machine, unsigned cpu, unsigned index, unsigned level,
               const std::string& type, const std::string& size, const std::string& cpus) {
    const std::string at = cpu_directory + ("cpu" + std::to_string(cpu)) + "/cache/index" +
                           std::to_string(index) + "/";
    machine.write(at + "level", std::to_string(level) + "\n");
    machine.write(at + "type", type + "\n");
    machine.write(at + "size", size + "\n");
    machine.write(at + "shared_cpu_list", cpus + "\n");
}

id_set cpus(const char* list) {
    return id_set::parse(list).value();
}

/// Four CPUs; two of them share a last-level cache.
test::tree two_clusters(const std::string& second_size = "16384K") {
    test::tree machine;
    machine.write(std::string(cpu_directory) + "online", "0-3\n");
    for (unsigned cpu = 0; cpu < 4; ++cpu) {
        const std::string only = std::to_string(cpu);
        add_cache(machine, cpu, 0, 1, "Data", "48K", only);
        add_cache(machine, cpu, 1, 1, "Instruction", "999999K", only);
        add_cache(machine, cpu, 2, 2, "Unified", "1024K", only);
        add_cache(machine, cpu, 3, 3, "Unified", cpu < 2 ? "32768K" : second_size,
                  cpu < 2 ? "0-1" : "2-3");
    }
    return machine;
}

TEST(LastLevel, IsThatOfTheCpusAskedFor) {
    const test::tree machine = two_clusters();
    const kernel::rooted_reader reader(machine.root());
    EXPECT_EQ(read_last_level(reader, cpus("0")),
              (last_level{byte_size::from_mib(32), byte_size::from_mib(32), true}));
    EXPECT_EQ(read_last_level(reader, cpus("2-3")),
              (last_level{byte_size::from_mib(16), byte_size::from_mib(16), true}));
}

TEST(LastLevel, CountsEachOfSeveralOnce) {
    const test::tree machine = two_clusters();
    EXPECT_EQ(read_last_level(kernel::rooted_reader(machine.root()), cpus("0-3")),
              (last_level{byte_size::from_mib(32), byte_size::from_mib(48), true}));
}

TEST(LastLevel, IsAssumedWhereNothingTells) {
    test::tree machine;
    machine.write(std::string(cpu_directory) + "online", "0\n");
    EXPECT_EQ(read_last_level(kernel::rooted_reader(machine.root()), cpus("0")),
              (last_level{assumed_last_level, assumed_last_level, false}));
}

/// A virtual machine that hides the third level.
TEST(LastLevel, IsNotBelievedToBeTheSecondLevel) {
    test::tree machine;
    machine.write(std::string(cpu_directory) + "online", "0\n");
    add_cache(machine, 0, 2, 2, "Unified", "2048K", "0");
    EXPECT_EQ(read_last_level(kernel::rooted_reader(machine.root()), cpus("0")).largest,
              assumed_last_level);
    // And where that is larger than what is assumed, it counts.
    add_cache(machine, 0, 2, 2, "Unified", "131072K", "0");
    EXPECT_EQ(read_last_level(kernel::rooted_reader(machine.root()), cpus("0")).largest,
              byte_size::from_mib(128));
}

TEST(LastLevel, IgnoresACacheWithoutASize) {
    const test::tree machine = two_clusters("0K");
    EXPECT_EQ(read_last_level(kernel::rooted_reader(machine.root()), cpus("2")).largest,
              assumed_last_level);
}

TEST(LastLevel, IsNeverNothingHere) {
    EXPECT_GT(read_last_level(kernel::rooted_reader("/"), cpus("0")).largest, byte_size{});
}

} // namespace
} // namespace hetmem::detail
