#include <acpi/slit.hpp>

#include <acpi/test_bytes.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>

namespace hetmem::acpi {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* whole_table = "ignores the whole SLIT";

bytes slit_table(std::uint64_t localities, const bytes& distances) {
    return acpi_table("SLIT", 1, join({number(localities, 8), distances}));
}

TEST(Slit, IsAMatrixOfDistances) {
    const bytes table = slit_table(3, hex("0A 14 FF  15 0A 1C  FF 1E 0A"));
    const auto read = decode_slit(table);
    ASSERT_TRUE(read.table.has_value());
    EXPECT_EQ(read.table->localities, 3U);
    EXPECT_EQ(read.table->rows(), 3U);
    EXPECT_EQ(read.table->distance(0, 1), 20);
    EXPECT_EQ(read.table->distance(1, 0), 21);
    EXPECT_EQ(read.table->distance(2, 1), 30);
    EXPECT_EQ(read.table->distance(0, 2), slit_unreachable);
    EXPECT_EQ(read.table->distance(1, 1), slit_local);
    EXPECT_EQ(read.table->distance(0, 3), std::nullopt);
    EXPECT_EQ(read.table->distance(3, 0), std::nullopt);
    EXPECT_THAT(read.defects, IsEmpty());
    EXPECT_EQ(encode(*read.table), table);
}

TEST(Slit, MayBeEmpty) {
    const bytes table = slit_table(0, {});
    const auto read = decode_slit(table);
    EXPECT_EQ(read.table->rows(), 0U);
    EXPECT_EQ(read.table->distance(0, 0), std::nullopt);
    EXPECT_THAT(read.defects, IsEmpty());
    EXPECT_EQ(encode(*read.table), table);
}

TEST(Slit, DistancesThatLinuxRejectsAreTold) {
    EXPECT_THAT(
        decode_slit(slit_table(2, hex("0A 0A  09 0B"))).defects,
        ElementsAre(defect_at(45, "more than 10 from domain 0 to domain 1", "10", whole_table),
                    defect_at(46, "more than 10 from domain 1 to domain 0", "9", whole_table),
                    defect_at(47, "10 from domain 1 to itself", "11", whole_table)));
}

TEST(Slit, ACutMatrixKeepsItsCompleteRows) {
    const bytes table = slit_table(3, hex("0A 14 14  14 0A 14  14 14"));
    const auto read = decode_slit(table);
    EXPECT_EQ(read.table->rows(), 2U);
    EXPECT_EQ(read.table->distance(1, 2), 20);
    EXPECT_EQ(read.table->distance(2, 0), std::nullopt);
    EXPECT_EQ(read.table->trailing, hex("14 14"));
    EXPECT_THAT(read.defects,
                ElementsAre(defect_at(36, "3 x 3", "8 bytes", "what lies behind the table")));
    EXPECT_EQ(encode(*read.table), table);
}

TEST(Slit, CountsWhoseSquareOverflowsDoNoHarm) {
    for (const std::uint64_t n : {std::uint64_t{1} << 32, ~std::uint64_t{0}, std::uint64_t{5}}) {
        const bytes table = slit_table(n, hex("0A 14 14 0A"));
        const auto read = decode_slit(table);
        EXPECT_EQ(read.table->rows(), 0U);
        EXPECT_EQ(read.table->distance(0, 0), std::nullopt);
        EXPECT_THAT(read.defects, SizeIs(1));
        EXPECT_EQ(encode(*read.table), table);
    }
}

TEST(Slit, BytesBehindTheMatrixAreKept) {
    const bytes table = slit_table(1, hex("0A 01 02"));
    const auto read = decode_slit(table);
    EXPECT_EQ(read.table->trailing, hex("01 02"));
    EXPECT_THAT(read.defects, ElementsAre(defect_at(45, "1 x 1", "2 more", "")));
    EXPECT_EQ(encode(*read.table), table);
}

TEST(Slit, AThousandDomainsAreOrdinary) {
    constexpr std::size_t n = 1500;
    bytes distances(n * n, std::byte{20});
    for (std::size_t i = 0; i < n; ++i) {
        distances[i * n + i] = std::byte{10};
    }
    const bytes table = slit_table(n, distances);
    const auto read = decode_slit(table);
    EXPECT_EQ(read.table->rows(), n);
    EXPECT_EQ(read.table->distance(n - 1, n - 2), 20);
    EXPECT_THAT(read.defects, IsEmpty());
    EXPECT_EQ(encode(*read.table), table);
}

TEST(Slit, AMatrixOfTensDoesNotMakeEndlessDefects) {
    const auto read = decode_slit(slit_table(100, bytes(10'000, std::byte{10})));
    EXPECT_THAT(read.defects, SizeIs(max_defects + 1));
    EXPECT_THAT(read.defects.back(), defect_at(44 + 102, "no further", "9800 more", ""));
}

TEST(Slit, HeaderFaultsAreTold) {
    bytes table = slit_table(1, hex("0A"));
    table[9] ^= std::byte{0x80};
    EXPECT_THAT(decode_slit(table).defects, ElementsAre(defect_at(9, "checksum", "0x", "initrd")));
    EXPECT_FALSE(decode_slit(acpi_table("SRAT", 1, bytes(8))).table.has_value());
    EXPECT_FALSE(decode_slit(acpi_table("SLIT", 1, bytes(7))).table.has_value());
}

TEST(SlitSeal, MakesATableThatNothingIsWrongWith) {
    slit table;
    table.header = make_header("SLIT", 1);
    table.localities = 2;
    table.entries = {10, 20, 20, 10};
    seal(table);
    const auto read = decode_slit(encode(table));
    EXPECT_THAT(read.defects, IsEmpty());
    EXPECT_EQ(read.table, table);
}

} // namespace
} // namespace hetmem::acpi
