#include "measure/crew.hpp"

#include "kernel/calls.hpp"
#include "tests/support/tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace hetmem::detail {
namespace {

using ::testing::ElementsAre;

/// CPUs 0 to 7, of which 2n and 2n + 1 are one core.
test::tree four_cores() {
    test::tree machine;
    for (unsigned cpu = 0; cpu < 8; ++cpu) {
        const unsigned first = cpu / 2 * 2;
        machine.write("sys/devices/system/cpu/cpu" + std::to_string(cpu) +
                          "/topology/thread_siblings_list",
                      std::to_string(first) + "-" + std::to_string(first + 1) + "\n");
    }
    return machine;
}

TEST(Crew, OneOfEachCoreFirst) {
    const test::tree machine = four_cores();
    const kernel::rooted_reader reader(machine.root());
    const crew all(reader, *id_set::parse("0-7"));
    EXPECT_EQ(all.all(), 8U);
    EXPECT_EQ(all.cpus(1).to_string(), "0");
    EXPECT_EQ(all.cpus(4).to_string(), "0,2,4,6");
    EXPECT_EQ(all.cpus(5).to_string(), "0-2,4,6");
    EXPECT_EQ(all.cpus(8).to_string(), "0-7");
    EXPECT_EQ(all.cpus(99).to_string(), "0-7");
}

TEST(Crew, ACoreOfWhichOneMayBeUsed) {
    const test::tree machine = four_cores();
    const kernel::rooted_reader reader(machine.root());
    const crew some(reader, *id_set::parse("1,4-5,7"));
    EXPECT_EQ(some.cpus(3).to_string(), "1,4,7");
}

TEST(Crew, ByNumberWhereNothingTellsOfCores) {
    const test::tree machine;
    const kernel::rooted_reader reader(machine.root());
    EXPECT_EQ(crew(reader, *id_set::parse("3-6")).cpus(2).to_string(), "3-4");
}

TEST(Crew, CountsGrowToAll) {
    const test::tree machine;
    const kernel::rooted_reader reader(machine.root());
    EXPECT_THAT(crew(reader, *id_set::parse("5")).counts(), ElementsAre(1));
    EXPECT_THAT(crew(reader, *id_set::parse("0-3")).counts(), ElementsAre(1, 2, 4));
    EXPECT_THAT(crew(reader, *id_set::parse("0-6")).counts(), ElementsAre(1, 2, 4, 7));
}

TEST(Crew, ItsThreadsAreKept) {
    const kernel::rooted_reader reader("/");
    crew here(reader, kernel::thread_allowed_cpus());
    team& one = here.of(1);
    EXPECT_EQ(one.size(), 1U);
    EXPECT_EQ(&here.of(1), &one);
    EXPECT_EQ(here.of(here.all()).size(), here.all());
}

} // namespace
} // namespace hetmem::detail
