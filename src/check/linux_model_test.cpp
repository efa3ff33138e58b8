#include "check/linux_model.hpp"

#include "tests/support/firmware.hpp"

#include <acpi/test_bytes.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace hetmem::detail {
namespace {

using acpi::data_type;
using test::firmware;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr linux_version v6_1{6, 1};
constexpr linux_version v6_12{6, 12};
constexpr std::uint64_t MiB = std::uint64_t{1} << 20;
constexpr std::uint64_t GiB = std::uint64_t{1} << 30;
constexpr std::size_t first_structure = 40; // of an HMAT

/// Domain 0 has processors and memory, 1 and 2 memory only.
firmware three_memories(std::uint8_t revision = 2) {
    firmware made(revision);
    made.processor(0, 0).memory(0, 0, GiB).memory(1, GiB, GiB).memory(2, 2 * GiB, GiB);
    return made;
}

acpi::memory_attributes attached(std::uint32_t memory, std::uint32_t initiator) {
    acpi::memory_attributes made;
    made.flags = 1;
    made.initiator_pxm = initiator;
    made.memory_pxm = memory;
    return made;
}

prediction predict(const acpi::bytes& hmat, const acpi::bytes& srat,
                   const linux_version& version = v6_12) {
    return predict_linux({.hmat = hmat, .srat = srat, .slit = {}, .ram = {}}, version);
}
prediction predict(const firmware& tables, const linux_version& version = v6_12) {
    return predict(tables.hmat(), tables.srat(), version);
}

const predicted_target& of_domain(const prediction& made, std::uint32_t pxm) {
    for (const predicted_target& target : made.targets) {
        if (target.pxm == pxm) {
            return target;
        }
    }
    throw std::out_of_range("no such domain");
}

/// Initiators and the four figures.
predicted_access shown(std::vector<std::uint32_t> initiators, std::uint64_t read_latency,
                       std::uint64_t write_latency, std::uint64_t read_bandwidth,
                       std::uint64_t write_bandwidth) {
    return {std::move(initiators), read_latency, write_latency, read_bandwidth, write_bandwidth};
}

TEST(LinuxVersion, IsTheFirstTwoNumbersOfARelease) {
    EXPECT_EQ(parse_linux_version("6.1.0-32-cloud-amd64"), v6_1);
    EXPECT_EQ(parse_linux_version("6.12.117+deb12-cloud-amd64"), v6_12);
    EXPECT_EQ(parse_linux_version("7.0-rc1"), (linux_version{7, 0}));
    EXPECT_EQ(parse_linux_version(""), std::nullopt);
    EXPECT_EQ(parse_linux_version("6"), std::nullopt);
    EXPECT_EQ(parse_linux_version("six.one"), std::nullopt);
}

// These figures and tiers were seen on 6.12.117: 576 * 400 / 200 * 200000 / 100000 = 2304, / 128.
TEST(LinuxModel, ShowsWhatAnAttachedInitiatorReaches) {
    const auto tables =
        three_memories()
            .structure(attached(0, 0))
            .structure(attached(1, 0))
            .structure(attached(2, 0))
            .matrix(data_type::access_latency, 1000, {0}, {0, 1, 2}, {100, 200, 300})
            .matrix(data_type::access_bandwidth, 1000, {0}, {0, 1, 2}, {100, 50, 20});
    const prediction made = predict(tables);
    EXPECT_TRUE(made.srat_used);
    EXPECT_TRUE(made.hmat_used);
    EXPECT_TRUE(made.tiers_from_hmat) << made.tiers_reason;
    EXPECT_THAT(made.reasons, IsEmpty());
    ASSERT_EQ(made.targets.size(), 3U);
    EXPECT_EQ(made.targets[1].access0, shown({0}, 200, 200, 50000, 50000));
    EXPECT_EQ(made.targets[1].access1, made.targets[1].access0);
    EXPECT_EQ(made.targets[0].tier, 4);
    EXPECT_EQ(made.targets[1].tier, 18);
    EXPECT_EQ(made.targets[2].tier, 67);
    EXPECT_TRUE(made.targets[0].has_cpus);
    EXPECT_FALSE(made.targets[1].has_cpus);

    const prediction old = predict(tables, v6_1);
    EXPECT_EQ(old.targets[1].access0, made.targets[1].access0);
    EXPECT_EQ(old.targets[1].tier, std::nullopt);
    EXPECT_FALSE(old.tiers_from_hmat);
    EXPECT_THAT(old.tiers_reason, HasSubstr("6.1 makes no tiers"));
}

TEST(LinuxModel, LinksTheBestInitiatorsAndKeepsTies) {
    firmware tables;
    tables.processor(0, 0).processor(1, 1).processor(2, 2);
    tables.memory(0, 0, GiB).memory(1, GiB, GiB).memory(5, 2 * GiB, GiB);
    // 0 and 1 write domain 5 equally fast, and read it equally fast; 1 has more bandwidth at last.
    tables.matrix(data_type::write_latency, 1000, {0, 1, 2}, {0, 1, 5},
                  {100, 200, 300, 200, 100, 300, 300, 300, 400});
    tables.matrix(data_type::read_latency, 1000, {0, 1, 2}, {0, 1, 5},
                  {90, 190, 290, 190, 90, 290, 100, 100, 10});
    prediction made = predict(tables);
    EXPECT_EQ(of_domain(made, 5).access0, shown({0, 1}, 290, 300, 0, 0));
    EXPECT_THAT(of_domain(made, 5).reasons, Contains(HasSubstr("0, 1 equally good")));
    EXPECT_EQ(of_domain(made, 0).access0, shown({0}, 90, 100, 0, 0));

    tables.matrix(data_type::write_bandwidth, 1, {0, 1, 2}, {0, 1, 5},
                  {10, 10, 10, 10, 10, 20, 10, 10, 40});
    made = predict(tables);
    EXPECT_EQ(of_domain(made, 5).access0, shown({1}, 290, 300, 0, 20));
}

TEST(LinuxModel, WithAnAttachedInitiatorLooksAtNoOther) {
    firmware tables;
    tables.processor(0, 0).processor(1, 1).memory(0, 0, GiB).memory(1, GiB, GiB);
    tables.structure(attached(1, 0));
    tables.matrix(data_type::access_latency, 1000, {0, 1}, {0, 1}, {100, 300, 300, 100});
    const prediction made = predict(tables);
    EXPECT_EQ(of_domain(made, 1).access0, shown({0}, 300, 300, 0, 0));
    EXPECT_THAT(of_domain(made, 1).reasons, Contains(HasSubstr("attaches it to domain 0")));
    EXPECT_EQ(of_domain(made, 0).access0, shown({0}, 100, 100, 0, 0));
}

TEST(LinuxModel, KeepsGenericInitiatorsOutOfTheSecondClass) {
    firmware tables;
    tables.processor(0, 0).generic_initiator(5, {0, 0, 3, 0}).memory(0, 0, GiB).memory(2, GiB, GiB);
    tables.matrix(data_type::access_latency, 1000, {0, 5}, {0, 2}, {100, 250, 300, 80});
    const prediction made = predict(tables);
    EXPECT_EQ(of_domain(made, 2).access0, shown({5}, 80, 80, 0, 0));
    EXPECT_EQ(of_domain(made, 2).access1, shown({0}, 250, 250, 0, 0));
    // The order of the nodes: processors and Generic Initiators before memory.
    EXPECT_EQ(of_domain(made, 0).node, 0);
    EXPECT_EQ(of_domain(made, 2).node, 2);
}

TEST(LinuxModel, AttachedToAGenericInitiatorHasTheBestProcessorsBeside) {
    firmware tables;
    tables.processor(0, 0).generic_initiator(5, {0, 0, 3, 0}).memory(0, 0, GiB).memory(2, GiB, GiB);
    tables.structure(attached(2, 5));
    tables.matrix(data_type::access_latency, 1000, {0, 5}, {0, 2}, {100, 250, 300, 400});
    const prediction made = predict(tables);
    EXPECT_EQ(of_domain(made, 2).access0, shown({5}, 400, 400, 0, 0));
    EXPECT_EQ(of_domain(made, 2).access1, shown({0}, 250, 250, 0, 0));
}

TEST(LinuxModel, RoundsUpInBothRevisions) {
    auto second = three_memories();
    second.matrix(data_type::access_latency, 1, {0}, {0, 1, 2}, {1, 1001, 1000});
    const prediction two = predict(second);
    EXPECT_EQ(of_domain(two, 0).access0->read_latency, 1U);
    EXPECT_EQ(of_domain(two, 1).access0->read_latency, 2U);
    EXPECT_EQ(of_domain(two, 2).access0->read_latency, 1U);

    auto first = three_memories(1);
    first.matrix(data_type::access_latency, 1, {0}, {0, 1, 2}, {9, 10, 11});
    first.matrix(data_type::access_bandwidth, 1, {0}, {0, 1, 2}, {1000, 1001, 9});
    const prediction one = predict(first);
    EXPECT_EQ(of_domain(one, 0).access0, shown({0}, 0, 0, 100, 100));
    EXPECT_EQ(of_domain(one, 1).access0, shown({0}, 1, 1, 101, 101));
    EXPECT_EQ(of_domain(one, 2).access0, shown({0}, 2, 2, 0, 0));
    EXPECT_THAT(one.reasons, Contains(HasSubstr("below the smallest unit")));
}

TEST(LinuxModel, TakesUnreachableUnknownAndTooLargeAsNothing) {
    auto tables = three_memories();
    tables.matrix(data_type::access_latency, 1000, {0}, {0, 1, 2}, {100, 0xFFFF, 0});
    tables.matrix(data_type::access_bandwidth, 0x1'0000'0000, {0}, {0, 1, 2}, {1, 1, 0});
    const prediction made = predict(tables);
    EXPECT_EQ(of_domain(made, 0).access0, shown({0}, 100, 100, 0, 0));
    EXPECT_EQ(of_domain(made, 1).access0, shown({0}, 0, 0, 0, 0)); // all initiators tie at nothing
    EXPECT_THAT(made.reasons, Contains(HasSubstr("1 entry says \"unreachable\"")));
    EXPECT_THAT(made.reasons, Contains(HasSubstr("2 figures do not fit into 32 bits")));
    // 4294967295 fits, one more does not.
    auto edge = three_memories();
    edge.matrix(data_type::access_bandwidth, 65537, {0}, {0, 1, 2}, {65534, 1, 1});
    EXPECT_EQ(of_domain(predict(edge), 0).access0->read_bandwidth, 4294901758U);
}

TEST(LinuxModel, ReadsOnlyWhatIsOfTheMemoryItself) {
    auto tables = three_memories();
    tables.matrix(data_type::access_latency, 1000, {0}, {0, 1, 2}, {100, 200, 300});
    tables.matrix(data_type::access_latency, 1000, {0}, {0, 1, 2}, {1, 2, 3}, 1); // a cache
    const prediction made = predict(tables);
    EXPECT_EQ(of_domain(made, 1).access0->read_latency, 200U);
    EXPECT_THAT(made.reasons, Contains(HasSubstr("figures of a cache")));
}

TEST(LinuxModel, ALaterMatrixReplacesAnEarlierOne) {
    auto tables = three_memories();
    tables.matrix(data_type::read_latency, 1000, {0}, {0, 1, 2}, {100, 200, 300});
    tables.matrix(data_type::read_latency, 1000, {0}, {1}, {222});
    prediction made = predict(tables);
    EXPECT_EQ(of_domain(made, 1).access0->read_latency, 222U);
    EXPECT_EQ(of_domain(made, 2).access0->read_latency, 0U);
    EXPECT_THAT(made.reasons, Contains(HasSubstr("replaces this one")));
    // With attached initiators each adds what it has.
    tables.structure(attached(1, 0)).structure(attached(2, 0));
    made = predict(tables);
    EXPECT_EQ(of_domain(made, 1).access0->read_latency, 222U);
    EXPECT_EQ(of_domain(made, 2).access0->read_latency, 300U);
}

TEST(LinuxModel, AFigureOfAccessSetsReadAndWriteWheneverItIsLookedAt) {
    // The matrix of writing is looked at first, and that of access once more for reading: it wins.
    auto tables = three_memories();
    tables.matrix(data_type::access_latency, 1000, {0}, {0, 1, 2}, {100, 200, 300});
    tables.matrix(data_type::write_latency, 1000, {0}, {0, 1, 2}, {110, 210, 310});
    EXPECT_EQ(of_domain(predict(tables), 1).access0, shown({0}, 200, 200, 0, 0));
}

TEST(LinuxModel, AnEmptyTableIsTakenAndShowsNothing) {
    const auto tables = three_memories();
    const prediction made = predict(tables);
    EXPECT_TRUE(made.hmat_used);
    EXPECT_EQ(of_domain(made, 1).access0, shown({}, 0, 0, 0, 0));
    EXPECT_FALSE(made.tiers_from_hmat);
    EXPECT_EQ(of_domain(made, 1).tier, 4);
}

TEST(LinuxModel, SkipsStructuresOfUnknownType) {
    auto tables = three_memories();
    tables.structure(acpi::unknown_structure{9, 0, 12, acpi::hex("01 02 03 04")});
    tables.matrix(data_type::access_latency, 1000, {0}, {0, 1, 2}, {100, 200, 300});
    const prediction made = predict(tables);
    EXPECT_TRUE(made.hmat_used);
    EXPECT_EQ(of_domain(made, 1).access0->read_latency, 200U);
    EXPECT_THAT(made.reasons,
                ElementsAre("HMAT, offset 40: a structure of type 9: Linux skips it"));
}

void expect_dropped(const prediction& made, const std::string& why) {
    EXPECT_FALSE(made.hmat_used) << why;
    EXPECT_THAT(made.reasons, Contains(HasSubstr(why)));
    for (const predicted_target& target : made.targets) {
        EXPECT_EQ(target.access0, std::nullopt);
        EXPECT_EQ(target.tier, 4);
    }
}

TEST(LinuxModel, OneBadStructureDropsTheTable) {
    auto tables = three_memories();
    tables.structure(attached(1, 0));
    tables.matrix(data_type::access_latency, 1000, {0}, {0, 1, 2}, {100, 200, 300});
    const acpi::bytes sound = tables.hmat();
    ASSERT_TRUE(predict(sound, tables.srat()).hmat_used);

    acpi::bytes bad = sound;
    acpi::put(bad, first_structure + 4, 39, 4);
    expect_dropped(predict(bad, tables.srat()), "offset 40: a length of 39 bytes, not 40");
    bad = sound;
    acpi::put(bad, first_structure + 16, 7, 4);
    expect_dropped(predict(bad, tables.srat()), "memory domain 7 has no memory in the SRAT");
    bad = sound;
    acpi::put(bad, first_structure + 12, 7, 4);
    expect_dropped(predict(bad, tables.srat()), "initiator domain 7 is not in the SRAT");
    bad = sound;
    acpi::put(bad, first_structure + 4, 0, 4);
    expect_dropped(predict(bad, tables.srat()), "length");
    constexpr std::size_t matrix = first_structure + 40;
    bad = sound;
    acpi::put(bad, matrix + 4, 53, 4); // 32 + 4 + 12 + 6 are needed
    expect_dropped(predict(bad, tables.srat()), "offset 80: a length of 53 bytes where 54");
    bad = sound;
    acpi::put(bad, matrix + 4, 0, 4);
    expect_dropped(predict(bad, tables.srat()), "offset 80: a structure of length 0");
    bad = sound;
    acpi::put(bad, 8, 3, 1);
    expect_dropped(predict(bad, tables.srat()), "revision 3");
}

TEST(LinuxModel, Revision1NamesAMemoryOnlyWithItsFlag) {
    auto tables = three_memories(1);
    tables.structure(attached(7, 0)); // memory domain not valid
    tables.matrix(data_type::access_latency, 10, {0}, {0, 1, 2}, {100, 200, 300});
    const acpi::bytes without = tables.hmat();
    EXPECT_TRUE(predict(without, tables.srat()).hmat_used);
    EXPECT_EQ(of_domain(predict(without, tables.srat()), 1).access0->read_latency, 200U);
    acpi::bytes with = without;
    acpi::put(with, first_structure + 8, 3, 2);
    expect_dropped(predict(with, tables.srat()), "memory domain 7");
}

TEST(LinuxModel, TakesALastStructureThatIsCut) {
    auto tables = three_memories();
    tables.matrix(data_type::access_latency, 1000, {0}, {0, 1, 2}, {100, 200, 300});
    acpi::bytes cut = tables.hmat();
    cut.resize(cut.size() - 2);
    acpi::put(cut, 4, cut.size(), 4);
    const prediction made = predict(cut, tables.srat());
    EXPECT_TRUE(made.hmat_used);
    EXPECT_EQ(of_domain(made, 1).access0->read_latency, 200U);
    EXPECT_THAT(made.reasons, Contains(HasSubstr("ends behind the table")));
}

TEST(LinuxModel, SurvivesCountsThatWrapIn32Bits) {
    auto tables = three_memories();
    tables.matrix(data_type::access_latency, 1000, {0}, {0, 1, 2}, {100, 200, 300});
    acpi::bytes bad = tables.hmat();
    acpi::put(bad, first_structure + 12, 0x8000'0000, 4); // 2 * 2^31 * 2 and 4 * 2^31 are 0
    acpi::put(bad, first_structure + 16, 2, 4);
    const prediction made = predict(bad, tables.srat());
    EXPECT_TRUE(made.hmat_used);
    EXPECT_THAT(made.reasons, Contains(HasSubstr("cannot be told")));
}

TEST(LinuxModel, TakesCachesOfMemoriesThatItKnows) {
    auto tables = three_memories();
    acpi::side_cache cache;
    cache.memory_pxm = 1;
    cache.cache_size = 64 * MiB;
    cache.attributes.bits = 1U | 1U << 4 | 1U << 8 | 2U << 12 | 64U << 16;
    tables.structure(cache).structure(cache);
    cache.memory_pxm = 9;
    tables.structure(cache);
    const prediction made = predict(tables);
    EXPECT_TRUE(made.hmat_used);
    EXPECT_THAT(of_domain(made, 1).caches, ElementsAre(predicted_cache{1, 64 * MiB, 64, 0, 1}));
    EXPECT_THAT(made.reasons, Contains(HasSubstr("second cache of level 1 of domain 1")));
    EXPECT_THAT(made.reasons, Contains(HasSubstr("a cache of domain 9")));
}

TEST(LinuxModel, GivesTiersUpWhenDramNodesDiffer) {
    const auto two_sockets = [](std::uint16_t second) {
        firmware tables;
        tables.processor(0, 0).processor(1, 1);
        tables.memory(0, 0, GiB).memory(1, GiB, GiB).memory(2, 2 * GiB, GiB);
        tables.matrix(data_type::access_latency, 1000, {0, 1}, {0, 1, 2},
                      {100, 200, 300, 200, second, 300});
        tables.matrix(data_type::access_bandwidth, 1000, {0, 1}, {0, 1, 2},
                      {100, 50, 50, 50, 100, 50});
        return tables;
    };
    const prediction within = predict(two_sockets(110));
    EXPECT_TRUE(within.tiers_from_hmat);
    EXPECT_EQ(of_domain(within, 1).adistance, 633);
    EXPECT_EQ(of_domain(within, 1).tier, 4);
    EXPECT_EQ(of_domain(within, 2).tier, 27); // 576 * 600 / 200 * 200000 / 100000 = 3456

    const prediction beyond = predict(two_sockets(111));
    EXPECT_FALSE(beyond.tiers_from_hmat);
    EXPECT_TRUE(beyond.hmat_used);
    EXPECT_THAT(beyond.tiers_reason, HasSubstr("domains 0 and 1"));
    EXPECT_EQ(of_domain(beyond, 2).tier, 4);
}

TEST(LinuxModel, ANodeWithoutBandwidthIsTakenForDram) {
    auto tables = three_memories();
    tables.matrix(data_type::access_latency, 1000, {0}, {0, 1, 2}, {100, 200, 300});
    tables.matrix(data_type::access_bandwidth, 1000, {0}, {0, 1}, {100, 50});
    const prediction made = predict(tables);
    EXPECT_TRUE(made.tiers_from_hmat);
    EXPECT_EQ(of_domain(made, 1).tier, 18);
    EXPECT_EQ(of_domain(made, 2).tier, 4);
    // And of DRAM itself: no tiers at all.
    auto half = three_memories();
    half.matrix(data_type::access_latency, 1000, {0}, {0, 1, 2}, {100, 200, 300});
    EXPECT_THAT(predict(half).tiers_reason, HasSubstr("domain 0"));
}

// As seen on both kernels: the other nodes are gone, and so is the HMAT when it names a domain
// whose range is missing.
TEST(LinuxModel, ASratThatLacksMemoryLeavesOneNode) {
    const std::vector<address_range> ram{{0, 0xA0000}, {MiB, 3 * GiB - MiB}};
    auto tables = three_memories();
    tables.structure(attached(1, 0));
    tables.matrix(data_type::access_latency, 1000, {0}, {0, 1, 2}, {100, 200, 300});
    const acpi::bytes hmat = tables.hmat();
    const acpi::bytes srat = tables.srat();
    EXPECT_TRUE(predict_linux({hmat, srat, {}, ram}, v6_12).srat_used);

    firmware lacking;
    lacking.processor(0, 0).memory(0, 0, GiB).memory(2, 2 * GiB, GiB);
    const acpi::bytes lacks = lacking.srat();
    const prediction made = predict_linux({hmat, lacks, {}, ram}, v6_12);
    EXPECT_FALSE(made.srat_used);
    EXPECT_THAT(made.reasons, Contains(HasSubstr("1024 MiB of the memory map are in no range")));
    expect_dropped(made, "memory domain 1");

    // Where the HMAT is sound all the same, its first domain's figures are those of all memory.
    auto other = three_memories();
    other.matrix(data_type::access_latency, 1000, {0}, {0, 1, 2}, {100, 200, 300});
    const acpi::bytes taken = other.hmat();
    const prediction one = predict_linux({taken, lacks, {}, ram}, v6_12);
    ASSERT_EQ(one.targets.size(), 1U);
    EXPECT_EQ(one.targets[0].access0, shown({0}, 100, 100, 0, 0));
}

TEST(LinuxModel, ASratWithABadStructureTurnsEverythingOff) {
    auto tables = three_memories();
    tables.matrix(data_type::access_latency, 1000, {0}, {0, 1, 2}, {100, 200, 300});
    const acpi::bytes hmat = tables.hmat();
    constexpr std::size_t processor = 48;
    constexpr std::size_t memory = processor + 16;
    const auto with = [&](std::size_t offset, std::uint64_t value, std::size_t width) {
        acpi::bytes srat = tables.srat();
        acpi::put(srat, offset, value, width);
        return predict(hmat, srat);
    };
    for (const prediction& made :
         {with(processor + 1, 15, 1), with(memory + 1, 39, 1), with(memory + 1, 0, 1),
          with(memory + 2, 1024, 4), predict(hmat, {})}) {
        EXPECT_FALSE(made.srat_used);
        EXPECT_FALSE(made.hmat_used);
        EXPECT_THAT(made.reasons, Contains(HasSubstr("SRAT")));
    }
}

TEST(LinuxModel, RangesOfTwoDomainsMustNotOverlap) {
    auto tables = three_memories();
    tables.memory(2, GiB, MiB);
    const prediction made = predict(tables);
    EXPECT_FALSE(made.srat_used);
    EXPECT_THAT(made.reasons, Contains(HasSubstr("overlaps one of domain")));
    auto same = three_memories();
    same.memory(1, GiB, MiB);
    EXPECT_TRUE(predict(same).srat_used);
}

TEST(LinuxModel, ADisabledGenericInitiatorHidesTheProcessorsBehindIt) {
    firmware tables;
    tables.processor(0, 0).generic_initiator(5, {0, 0, 3, 0}).processor(1, 1);
    tables.memory(0, 0, GiB).memory(1, GiB, GiB);
    acpi::bytes srat = tables.srat();
    EXPECT_TRUE(of_domain(predict(tables.hmat(), srat), 1).has_cpus);
    acpi::put(srat, 48 + 16 + 24, 0, 4);
    const prediction made = predict(tables.hmat(), srat);
    EXPECT_FALSE(of_domain(made, 1).has_cpus);
    EXPECT_THAT(made.reasons, Contains(HasSubstr("Generic Initiator that is not enabled")));
    EXPECT_EQ(of_domain(made, 1).node, 1);
}

TEST(LinuxModel, GenericPortsAreMemoriesToTheHmatSince68) {
    firmware tables = three_memories();
    tables.structure(attached(8, 0));
    tables.matrix(data_type::access_latency, 1000, {0}, {0, 1, 2}, {100, 200, 300});
    acpi::srat affinity = *acpi::decode_srat(tables.srat()).table;
    acpi::generic_affinity port;
    port.type = acpi::generic_affinity::port;
    port.proximity_domain = 8;
    port.set_device(acpi::acpi_device{"ACPI0016", 4});
    port.flags = 1;
    affinity.structures.emplace_back(port);
    acpi::seal(affinity);
    const acpi::bytes srat = acpi::encode(affinity);
    EXPECT_TRUE(predict(tables.hmat(), srat, v6_12).hmat_used);
    EXPECT_FALSE(predict(tables.hmat(), srat, v6_1).hmat_used);
}

TEST(LinuxModel, UsesASlitOnlyWhenEveryDistanceIsInOrder) {
    const auto tables = three_memories();
    const acpi::bytes srat = tables.srat();
    const auto used = [&](const std::string& distances, std::uint64_t count = 2) {
        const acpi::bytes slit =
            acpi::acpi_table("SLIT", 1, acpi::join({acpi::number(count, 8), acpi::hex(distances)}));
        return predict_linux({.hmat = {}, .srat = srat, .slit = slit, .ram = {}}, v6_12);
    };
    EXPECT_TRUE(used("0A 14 15 0A").slit_used);
    EXPECT_FALSE(used("0B 14 15 0A").slit_used);
    EXPECT_THAT(used("0A 0A 15 0A").reasons,
                Contains(HasSubstr("SLIT, offset 45: 10 from domain 0 to domain 1")));
    EXPECT_FALSE(used("0A 14 15 0A", 3).slit_used);
    EXPECT_TRUE(used("0A FF FF 0A").slit_used);
}

} // namespace
} // namespace hetmem::detail
