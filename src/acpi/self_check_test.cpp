#include <acpi/self_check.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

namespace hetmem::acpi {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

locality matrix(data_type kind, std::uint64_t unit, std::vector<std::uint16_t> entries,
                std::uint8_t flags = 0) {
    locality s;
    s.flags = flags;
    s.kind = kind;
    s.base_unit = unit;
    s.initiators = {0};
    s.targets = {0, 2};
    s.entries = std::move(entries);
    return s;
}

hmat table_of(std::vector<hmat_structure> structures) {
    hmat table;
    table.header = make_header("HMAT", 2);
    table.structures = std::move(structures);
    seal(table);
    return table;
}

TEST(CheckHmatAgainstItself, AgreesWithATableThatSaysEachThingOnce) {
    EXPECT_THAT(check_hmat_against_itself(
                    table_of({matrix(data_type::read_latency, 1000, {100, 200}),
                              matrix(data_type::write_latency, 1000, {110, 210}),
                              matrix(data_type::access_bandwidth, 1000, {90, 30}),
                              matrix(data_type::read_latency, 1000, {10, 20}, 1)})), // a cache's
                IsEmpty());
}

TEST(CheckHmatAgainstItself, TheSameInOtherUnitsIsNoContradiction) {
    EXPECT_THAT(
        check_hmat_against_itself(table_of({matrix(data_type::read_latency, 1000, {100, 200}),
                                            matrix(data_type::read_latency, 100, {1000, 2000})})),
        IsEmpty());
}

TEST(CheckHmatAgainstItself, SilenceContradictsNobody) {
    EXPECT_THAT(
        check_hmat_against_itself(table_of({matrix(data_type::read_latency, 1000, {100, 0}),
                                            matrix(data_type::read_latency, 1000, {0, 200})})),
        IsEmpty());
}

TEST(CheckHmatAgainstItself, TellsThePlaceOfTheSecondValue) {
    const auto defects = check_hmat_against_itself(
        table_of({matrix(data_type::read_latency, 1000, {100, 200}), // 40 to 40 + 32 + 12 + 4 = 88
                  matrix(data_type::read_latency, 1000, {100, 300})}));
    ASSERT_THAT(defects, SizeIs(1));
    EXPECT_EQ(defects[0].offset, 88U + 32 + 12 + 2);
    EXPECT_THAT(defects[0].expected, HasSubstr("read latency of domain 2 from domain 0"));
    EXPECT_THAT(defects[0].expected, HasSubstr("offset 86: 200000 ps"));
    EXPECT_EQ(defects[0].found, "300000 ps");
}

TEST(CheckHmatAgainstItself, AnAccessLatencyIsReadAndWriteLatency) {
    EXPECT_THAT(
        check_hmat_against_itself(table_of({matrix(data_type::access_latency, 1000, {100, 200}),
                                            matrix(data_type::write_latency, 1000, {100, 210})})),
        SizeIs(1));
    // Told once although it is wrong for both ways.
    EXPECT_THAT(
        check_hmat_against_itself(table_of({matrix(data_type::access_latency, 1000, {100, 200}),
                                            matrix(data_type::access_latency, 1000, {100, 210})})),
        SizeIs(1));
}

TEST(CheckHmatAgainstItself, UnreachableIsAWordToo) {
    const auto defects = check_hmat_against_itself(
        table_of({matrix(data_type::read_bandwidth, 1000, {100, 200}),
                  matrix(data_type::read_bandwidth, 1000, {100, entry_unreachable})}));
    ASSERT_THAT(defects, SizeIs(1));
    EXPECT_EQ(defects[0].found, "unreachable");
}

TEST(CheckHmatAgainstItself, OtherPatternsOfAccessHaveFiguresOfTheirOwn) {
    locality small = matrix(data_type::read_bandwidth, 1000, {10, 20}, 0x10);
    small.minimum_transfer_size = 64;
    locality large = matrix(data_type::read_bandwidth, 1000, {90, 80}, 0x10);
    large.minimum_transfer_size = 128;
    EXPECT_THAT(check_hmat_against_itself(
                    table_of({matrix(data_type::read_bandwidth, 1000, {100, 200}), small, large,
                              matrix(data_type::read_bandwidth, 1000, {5, 6}, 0x20)})),
                IsEmpty());
    EXPECT_THAT(check_hmat_against_itself(table_of({small, large, small})), IsEmpty());
    large.minimum_transfer_size = 64;
    EXPECT_THAT(check_hmat_against_itself(table_of({small, large})), SizeIs(2));
}

} // namespace
} // namespace hetmem::acpi
