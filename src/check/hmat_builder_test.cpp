#include "check/hmat_builder.hpp"

#include "check/hmat_builder_cells.hpp"
#include "check/hmat_figures.hpp"

#include <acpi/cross_check.hpp>
#include <acpi/self_check.hpp>

#include <hetmem/error.hpp>

#include "tests/support/firmware.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace hetmem::detail {
namespace {

using acpi::data_type;
using acpi::hmat;
using acpi::locality;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::uint64_t gib = std::uint64_t{1} << 30;

/// Two sockets with memory, and far memory in domain 2 with a device in domain 5.
test::firmware machine(std::uint8_t revision = 2) {
    test::firmware tables(revision);
    tables.processor(0, 0).processor(1, 1);
    tables.memory(0, 0, gib).memory(1, gib, gib).memory(2, 2 * gib, gib);
    tables.generic_initiator(5, {0, 0, 3, 0});
    return tables;
}

acpi::srat affinity_of(const test::firmware& tables) {
    return *acpi::decode_srat(tables.srat()).table;
}
hmat hmat_of(const test::firmware& tables) {
    return *acpi::decode_hmat(tables.hmat()).table;
}

wanted_figure want(std::uint32_t from, std::uint32_t to, quantity what, std::uint64_t value) {
    return {from, to, what, value, {}, {}, source::override_};
}
wanted_figure measured(std::uint32_t from, std::uint32_t to, quantity what, std::uint64_t value,
                       std::uint64_t around) {
    return {from, to, what, value, value - around, value + around, source::measured};
}

constexpr auto read_latency = quantity::read_latency;
constexpr auto write_latency = quantity::write_latency;
constexpr auto read_bandwidth = quantity::read_bandwidth;

std::uint64_t figure(const hmat& table, quantity what, std::uint32_t from, std::uint32_t to) {
    return hmat_figures::of(table)->value(what, from, to);
}

/// What the encoder writes must be what the decoder finds nothing wrong with.
void expect_sound(const hmat& table, const acpi::srat& affinity) {
    const auto read = acpi::decode_hmat(acpi::encode(table));
    ASSERT_TRUE(read.table);
    EXPECT_TRUE(read.defects.empty()) << read.defects[0].expected << ", " << read.defects[0].found;
    EXPECT_EQ(*read.table, table);
    EXPECT_THAT(acpi::check_hmat_against_itself(table), IsEmpty());
    EXPECT_THAT(acpi::check_hmat_against_srat(table, affinity), IsEmpty());
}

TEST(HmatBuilder, ChangesTheCellAndNothingElse) {
    auto tables = machine();
    acpi::memory_attributes attributes;
    attributes.flags = 1;
    attributes.memory_pxm = 2;
    acpi::side_cache cache;
    cache.memory_pxm = 2;
    cache.cache_size = gib;
    tables.structure(attributes).structure(cache);
    tables.matrix(data_type::read_latency, 1000, {0, 1, 5}, {0, 1, 2},
                  {100, 200, 300, 200, 100, 0xFFFF, 400, 0, 50});
    const hmat before = hmat_of(tables);
    const auto built = build_hmat(before, affinity_of(tables), {want(0, 2, read_latency, 250'000)});
    EXPECT_THAT(built.changes, ElementsAre("read latency from domain 0 to domain 2: 300 ns becomes "
                                           "250 ns (override)"));
    hmat expected = before;
    std::get<locality>(expected.structures[2]).entries[2] = 250;
    expected.header.oem_revision += 1;
    acpi::seal(expected);
    EXPECT_EQ(built.table, expected);
    expect_sound(built.table, affinity_of(tables));
}

TEST(HmatBuilder, WhatIsSoAlreadyChangesNothing) {
    auto tables = machine();
    tables.matrix(data_type::access_latency, 1000, {0}, {0, 2}, {100, 300});
    const auto built =
        build_hmat(hmat_of(tables), affinity_of(tables), {want(0, 2, read_latency, 300'200)});
    EXPECT_THAT(built.changes, IsEmpty());
    EXPECT_EQ(built.table.structures, hmat_of(tables).structures);
}

TEST(HmatBuilder, ABaseUnitTooCoarseBecomesOneThatKeepsTheOthers) {
    auto tables = machine();
    tables.matrix(data_type::read_latency, 50'000, {0, 1}, {0, 2}, {2, 6, 4, 0});
    const auto built =
        build_hmat(hmat_of(tables), affinity_of(tables), {want(0, 2, read_latency, 231'000)});
    EXPECT_EQ(built.changes.size(), 1U);
    EXPECT_EQ(figure(built.table, read_latency, 0, 0), 100'000U);
    EXPECT_EQ(figure(built.table, read_latency, 1, 0), 200'000U);
    EXPECT_EQ(figure(built.table, read_latency, 0, 2), 231'000U);
    EXPECT_EQ(figure(built.table, read_latency, 1, 2), hmat_figures::unknown);
}

TEST(HmatBuilder, CellsThatMustMoveAreTold) {
    auto tables = machine();
    // Two primes: no base unit but 1000 tells both exactly, and 1000 cannot tell what is wanted.
    tables.matrix(data_type::read_latency, 1000, {0}, {0, 1, 2}, {65521, 20011, 0});
    const auto built =
        build_hmat(hmat_of(tables), affinity_of(tables), {want(0, 2, read_latency, 100'000'000)});
    EXPECT_THAT(built.changes,
                ElementsAre(AllOf(HasSubstr("from domain 0 to domain 0: 65521 ns becomes 65520 ns"),
                                  HasSubstr("since the base unit had to change")),
                            HasSubstr("from domain 0 to domain 1: 20011 ns becomes 20010 ns"),
                            HasSubstr("from domain 0 to domain 2: unknown becomes 100000 ns")));
}

TEST(HmatBuilder, WhatNoBaseUnitTellsIsRefused) {
    auto tables = machine();
    tables.matrix(data_type::read_latency, 1, {0}, {0}, {50});
    try {
        build_hmat(hmat_of(tables), affinity_of(tables), {want(0, 2, read_latency, 4'000'000'000)});
        FAIL() << "accepted";
    } catch (const error& e) {
        EXPECT_EQ(e.code().value(), EINVAL);
    }
}

TEST(HmatBuilder, ReadingAndWritingAreParted) {
    auto tables = machine();
    tables.matrix(data_type::access_latency, 1000, {0, 1}, {0, 1}, {100, 200, 200, 100});
    const auto built =
        build_hmat(hmat_of(tables), affinity_of(tables), {want(0, 1, read_latency, 180'000)});
    ASSERT_EQ(built.table.structures.size(), 2U);
    EXPECT_EQ(figure(built.table, read_latency, 0, 1), 180'000U);
    EXPECT_EQ(figure(built.table, write_latency, 0, 1), 200'000U);
    EXPECT_EQ(figure(built.table, read_latency, 1, 0), 200'000U);
    EXPECT_THAT(built.remarks, Contains(HasSubstr("access latency becomes two")));
    expect_sound(built.table, affinity_of(tables));

    // The same for both stays one.
    const auto both =
        build_hmat(hmat_of(tables), affinity_of(tables),
                   {want(0, 1, read_latency, 180'000), want(0, 1, write_latency, 180'000)});
    EXPECT_EQ(both.table.structures.size(), 1U);
    EXPECT_EQ(figure(both.table, write_latency, 0, 1), 180'000U);
    EXPECT_EQ(both.changes.size(), 2U);
}

TEST(HmatBuilder, TheStructureThatLinuxReadsHasAllOfIt) {
    auto tables = machine();
    tables.matrix(data_type::read_latency, 1000, {0}, {0, 2}, {100, 300});
    tables.matrix(data_type::read_latency, 1000, {1}, {1}, {110});
    const auto built =
        build_hmat(hmat_of(tables), affinity_of(tables), {want(0, 2, read_latency, 250'000)});
    const auto& first = std::get<locality>(built.table.structures[0]);
    const auto& last = std::get<locality>(built.table.structures[1]);
    EXPECT_EQ(value_in(first, 2, 0, 2).value, 250'000U);
    EXPECT_EQ(value_in(last, 2, 0, 2).value, 250'000U);
    EXPECT_EQ(value_in(last, 2, 1, 1).value, 110'000U);
    EXPECT_EQ(value_in(last, 2, 0, 1).state, acpi::cell_state::unknown);
    EXPECT_THAT(built.changes, ElementsAre(HasSubstr("300 ns becomes 250 ns")));
    expect_sound(built.table, affinity_of(tables));
}

TEST(HmatBuilder, OtherPatternsOfAccessAndCacheLevelsStay) {
    auto tables = machine();
    tables.matrix(data_type::read_latency, 1000, {0}, {2}, {30}, 1);    // of a side cache
    tables.matrix(data_type::read_latency, 1000, {0}, {2}, {90}, 0x20); // not sequential
    const hmat before = hmat_of(tables);
    const auto built = build_hmat(before, affinity_of(tables), {want(0, 2, read_latency, 250'000)});
    ASSERT_EQ(built.table.structures.size(), 3U);
    EXPECT_EQ(built.table.structures[0], before.structures[0]);
    EXPECT_EQ(built.table.structures[1], before.structures[1]);
    EXPECT_EQ(value_in(std::get<locality>(built.table.structures[2]), 2, 0, 2).value, 250'000U);
}

TEST(HmatBuilder, AStructureOfAnotherPatternDoesNotHideWhatIsWanted) {
    auto tables = machine();
    tables.matrix(data_type::read_latency, 1000, {0}, {0, 2}, {100, 120});
    tables.matrix(data_type::read_latency, 1000, {0}, {2}, {90}, 0x10); // of a minimum transfer
    tables.matrix(data_type::write_latency, 1000, {0}, {2}, {130});
    const hmat before = hmat_of(tables);
    const auto built = build_hmat(before, affinity_of(tables), {want(0, 2, read_latency, 900'000)});
    ASSERT_EQ(built.table.structures.size(), 3U);
    EXPECT_EQ(built.table.structures[0], before.structures[1]);
    EXPECT_EQ(value_in(std::get<locality>(built.table.structures[1]), 2, 0, 2).value, 900'000U);
    EXPECT_EQ(built.table.structures[2], before.structures[2]);
    EXPECT_THAT(built.changes, ElementsAre(HasSubstr("120 ns becomes 900 ns")));
    EXPECT_THAT(built.remarks, Contains(HasSubstr("hides the plain one from Linux")));

    // What is in front of it is read, and stays where it is.
    const auto writing =
        build_hmat(before, affinity_of(tables), {want(0, 2, write_latency, 900'000)});
    EXPECT_EQ(writing.table.structures[0], before.structures[0]);
    EXPECT_THAT(writing.remarks, Not(Contains(HasSubstr("hides"))));
}

TEST(HmatBuilder, OfAHiddenAccessStructureOnlyWhatIsWantedMoves) {
    auto tables = machine();
    tables.matrix(data_type::access_latency, 1000, {0}, {0, 2}, {100, 120});
    tables.matrix(data_type::write_latency, 1000, {0}, {2}, {130});
    tables.matrix(data_type::read_latency, 1000, {0}, {2}, {90}, 0x20);
    const hmat before = hmat_of(tables);
    const auto built = build_hmat(before, affinity_of(tables), {want(0, 2, read_latency, 900'000)});
    ASSERT_EQ(built.table.structures.size(), 5U); // the first became two
    EXPECT_EQ(built.table.structures[2], before.structures[1]) << "still the last of writing";
    EXPECT_EQ(built.table.structures[3], before.structures[2]);
    const auto& last = std::get<locality>(built.table.structures.back());
    EXPECT_EQ(last.kind, data_type::read_latency);
    EXPECT_EQ(last.flags, 0);
    EXPECT_EQ(value_in(last, 2, 0, 2).value, 900'000U);
}

TEST(HmatBuilder, KeepsWhatLinuxTakesOrPassesOver) {
    auto tables = machine(1);
    acpi::memory_attributes nothing; // of no memory: Linux does not look at the initiator
    nothing.flags = 1;
    nothing.initiator_pxm = 77;
    acpi::side_cache longer;
    longer.memory_pxm = 2;
    longer.cache_size = gib;
    longer.length += 4;
    longer.trailing = std::vector<std::byte>(4, std::byte{7});
    tables.structure(nothing).structure(longer);
    tables.matrix(data_type::read_latency, 10, {0}, {0, 2}, {100, 300});
    const hmat before = hmat_of(tables);
    const auto built = build_hmat(before, affinity_of(tables), {want(0, 2, read_latency, 250'000)});
    ASSERT_EQ(built.table.structures.size(), 3U);
    EXPECT_EQ(built.table.structures[0], before.structures[0]);
    EXPECT_EQ(built.table.structures[1], before.structures[1]);
    EXPECT_THAT(built.remarks, Not(Contains(HasSubstr("structure at offset"))));
}

TEST(HmatBuilder, RevisionOneKeepsItsHints) {
    auto tables = machine(1);
    acpi::memory_attributes range;
    range.flags = 7;
    range.memory_pxm = 2;
    range.range_base = 2 * gib;
    range.range_length = gib;
    tables.structure(range);
    tables.matrix(data_type::read_latency, 10, {0}, {0, 2}, {100, 300});
    const auto built =
        build_hmat(hmat_of(tables), affinity_of(tables), {want(0, 2, read_latency, 250'000)});
    EXPECT_EQ(built.table.header.revision, 1);
    EXPECT_TRUE(std::get<acpi::memory_attributes>(built.table.structures[0]).reservation_hint(1));
    EXPECT_EQ(figure(built.table, read_latency, 0, 2), 250'000U);
    expect_sound(built.table, affinity_of(tables));
}

TEST(HmatBuilder, WithoutAnHmatOnlyWhatIsKnownIsSaid) {
    const auto tables = machine();
    const auto built =
        build_hmat(std::nullopt, affinity_of(tables),
                   {want(0, 0, read_latency, 100'000), want(1, 0, read_latency, 180'000),
                    want(0, 1, read_latency, 180'000), want(1, 1, read_latency, 100'000),
                    want(0, 2, read_latency, 250'000), want(0, 2, read_bandwidth, 61'400'000'000)});
    EXPECT_EQ(built.table.header.revision, 2);
    EXPECT_EQ(built.table.header.oem_id, affinity_of(tables).header.oem_id);
    std::vector<acpi::memory_attributes> attributes;
    std::vector<locality> matrices;
    for (const auto& structure : built.table.structures) {
        if (const auto* a = std::get_if<acpi::memory_attributes>(&structure)) {
            attributes.push_back(*a);
        } else {
            matrices.push_back(std::get<locality>(structure));
        }
    }
    ASSERT_EQ(attributes.size(), 3U);
    EXPECT_TRUE(attributes[0].initiator_valid());
    EXPECT_EQ(attributes[0].initiator_pxm, 0U);
    EXPECT_EQ(attributes[1].initiator_pxm, 1U);
    EXPECT_FALSE(attributes[2].initiator_valid()); // nobody knows how far domain 1 is from it
    ASSERT_EQ(matrices.size(), 2U);
    EXPECT_EQ(matrices[0].kind, data_type::read_latency);
    EXPECT_EQ(matrices[0].base_unit, 1000U);
    EXPECT_THAT(matrices[0].entries, ElementsAre(100, 180, 250, 180, 100, 0));
    EXPECT_THAT(matrices[1].entries, ElementsAre(0, 0, 614, 0, 0, 0));
    EXPECT_THAT(built.remarks, Contains(HasSubstr("write latency: nobody knows it")));
    EXPECT_THAT(built.remarks,
                Contains(HasSubstr("read bandwidth: unknown for the memory of domains 0 and 1")));
    expect_sound(built.table, affinity_of(tables));
}

TEST(HmatBuilder, CellsThatAreNotReliablyDifferentBecomeOne) {
    const auto tables = machine();
    const auto built = build_hmat(
        std::nullopt, affinity_of(tables),
        {measured(0, 0, read_latency, 100'000, 2'000), measured(1, 1, read_latency, 101'000, 2'000),
         measured(0, 1, read_latency, 180'000, 1'000), measured(1, 0, read_latency, 181'500, 1'000),
         measured(0, 2, read_latency, 300'000, 1'000)});
    EXPECT_EQ(figure(built.table, read_latency, 0, 0), 100'500U);
    EXPECT_EQ(figure(built.table, read_latency, 1, 1), 100'500U);
    EXPECT_EQ(figure(built.table, read_latency, 0, 1), figure(built.table, read_latency, 1, 0));
    EXPECT_EQ(figure(built.table, read_latency, 0, 2), 300'000U);
    EXPECT_THAT(built.remarks,
                Contains("read latency of the domains 0 -> 0, 1 -> 1: not reliably different "
                         "(100 ns to 101 ns), so all get 100.5 ns"));
}

TEST(HmatBuilder, AChainOfOverlapsDoesNotMergeItsEnds) {
    const auto tables = machine();
    const auto built = build_hmat(std::nullopt, affinity_of(tables),
                                  {measured(0, 0, read_latency, 100'000, 6'000),
                                   measured(0, 1, read_latency, 110'000, 6'000),
                                   measured(0, 2, read_latency, 120'000, 6'000)});
    EXPECT_LT(figure(built.table, read_latency, 0, 0), figure(built.table, read_latency, 0, 2));
    EXPECT_EQ(figure(built.table, read_latency, 0, 0), figure(built.table, read_latency, 0, 1));
    EXPECT_EQ(figure(built.table, read_latency, 0, 2), 120'000U);
}

TEST(HmatBuilder, WhatIsGivenGoesBeforeWhatIsMeasured) {
    const auto tables = machine();
    const auto built = build_hmat(
        std::nullopt, affinity_of(tables),
        {measured(0, 0, read_latency, 100'000, 2'000), want(0, 0, read_latency, 90'000)});
    EXPECT_EQ(figure(built.table, read_latency, 0, 0), 90'000U);
}

TEST(HmatBuilder, WhatWasMeasuredWhileDisturbedIsTold) {
    auto doubtful = measured(0, 0, read_latency, 100'000, 2'000);
    doubtful.verdict = interference::disturbed;
    const auto tables = machine();
    const auto built = build_hmat(std::nullopt, affinity_of(tables),
                                  {doubtful, measured(0, 1, read_latency, 150'000, 2'000)});
    EXPECT_THAT(built.remarks, Contains(HasSubstr("read latency from domain 0 to domain 0: 100 ns "
                                                  "was measured while disturbed")));
    EXPECT_THAT(built.remarks, Not(Contains(HasSubstr("150 ns was measured"))));
    const auto given =
        build_hmat(std::nullopt, affinity_of(tables), {doubtful, want(0, 0, read_latency, 90'000)});
    EXPECT_THAT(given.remarks, Not(Contains(HasSubstr("disturbed"))));
}

TEST(HmatBuilder, WhatLinuxWouldDropTheTableForIsMended) {
    auto tables = machine();
    acpi::memory_attributes nowhere;
    nowhere.memory_pxm = 77;
    tables.structure(nowhere).structure(
        acpi::unknown_structure{1, 0, 12, std::vector<std::byte>(4)});
    tables.structure(acpi::unknown_structure{9, 0, 10, std::vector<std::byte>(2)});
    tables.matrix(data_type::read_latency, 1000, {0}, {0, 2}, {100});
    hmat before = hmat_of(tables);
    before.trailing = std::vector<std::byte>(3);
    const auto built = build_hmat(before, affinity_of(tables), {want(0, 2, read_latency, 250'000)});
    ASSERT_EQ(built.table.structures.size(), 2U); // type 9 is what Linux steps over
    EXPECT_EQ(figure(built.table, read_latency, 0, 0), 100'000U);
    EXPECT_EQ(figure(built.table, read_latency, 0, 2), 250'000U);
    EXPECT_THAT(built.remarks, Contains(HasSubstr("no memory in domain 77")));
    EXPECT_THAT(built.remarks, Contains(HasSubstr("too short for its type 1")));
    EXPECT_THAT(built.remarks, Contains(HasSubstr("3 bytes at the end")));
}

TEST(HmatBuilder, ImpossibleWishesAreRefused) {
    auto tables = machine();
    tables.matrix(data_type::read_latency, 1000, {0}, {0}, {100});
    const auto refusal = [&](std::optional<hmat> in_force, std::vector<wanted_figure> wanted) {
        try {
            build_hmat(in_force, affinity_of(tables), std::move(wanted));
        } catch (const error& e) {
            return std::string(e.what());
        }
        return std::string("accepted");
    };
    EXPECT_THAT(refusal(hmat_of(tables), {}), HasSubstr("nothing to build from"));
    hmat broken = hmat_of(tables);
    broken.trailing.resize(3);
    EXPECT_EQ(refusal(broken, {}), "accepted");
    EXPECT_THAT(refusal(hmat_of(tables), {want(2, 0, read_latency, 1000)}),
                HasSubstr("an initiator in domain 2"));
    EXPECT_THAT(refusal(hmat_of(tables), {want(0, 5, read_latency, 1000)}),
                HasSubstr("memory in domain 5"));
    EXPECT_THAT(refusal(hmat_of(tables), {want(0, 0, read_latency, 0)}),
                HasSubstr("0 is no figure"));
    hmat last = hmat_of(tables);
    last.header.oem_revision = std::numeric_limits<std::uint32_t>::max();
    EXPECT_THAT(refusal(last, {want(0, 0, read_latency, 1000)}), HasSubstr("0xFFFFFFFF"));
}

} // namespace
} // namespace hetmem::detail
