#include <acpi/hmat.hpp>

#include <acpi/test_bytes.hpp>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <variant>

namespace hetmem::acpi {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* whole_table = "ignores the whole HMAT";

// All structures begin at 40: 36 bytes of header, 4 reserved.
constexpr std::uint64_t first = 40;

bytes hmat_table(std::uint8_t revision, std::initializer_list<bytes> structures) {
    return acpi_table("HMAT", revision, join({hex("00 00 00 00"), join(structures)}));
}

// Type 0: flags 7, processor 1, memory 2, base 0x1_0000_0000, length 0x4000_0000.
bytes range_structure() {
    return hex("00 00  00 00  28 00 00 00"
               "07 00  00 00  01 00 00 00  02 00 00 00  00 00 00 00"
               "00 00 00 00 01 00 00 00  00 00 00 40 00 00 00 00");
}

// Type 0 of revision 2: initiator 1 attached, memory 2.
bytes attributes_structure() {
    return hex("00 00  00 00  28 00 00 00"
               "01 00  00 00  01 00 00 00  02 00 00 00  00 00 00 00"
               "00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00");
}

// Type 1: read latency of memory, base 1000; initiators 0, 1; targets 0, 1, 2.
bytes locality_structure() {
    return hex("01 00  00 00  40 00 00 00"
               "00  01  00  00  02 00 00 00  03 00 00 00  00 00 00 00"
               "E8 03 00 00 00 00 00 00"
               "00 00 00 00  01 00 00 00"
               "00 00 00 00  01 00 00 00  02 00 00 00"
               "50 00  82 00  2C 01"
               "82 00  50 00  FF FF");
}

// Type 2: memory 2, 64 MiB, 1 level, level 1, direct, write-back, 64-byte lines, two handles.
bytes cache_structure() {
    return hex("02 00  00 00  24 00 00 00"
               "02 00 00 00  00 00 00 00  00 00 00 04 00 00 00 00"
               "11 11 40 00  00 00  02 00"
               "34 12  35 12");
}

template <class S> const S& only(const decoded<hmat>& read) {
    EXPECT_TRUE(read.table.has_value());
    EXPECT_THAT(read.table->structures, SizeIs(1));
    return std::get<S>(read.table->structures.at(0));
}

void expect_same_bytes(const bytes& table) {
    const auto read = decode_hmat(table);
    ASSERT_TRUE(read.table.has_value());
    EXPECT_EQ(encode(*read.table), table);
}

TEST(HmatHeader, IsKept) {
    const bytes table = hmat_table(2, {});
    const auto read = decode_hmat(table);
    ASSERT_TRUE(read.table.has_value());
    const table_header& header = read.table->header;
    EXPECT_EQ(field_text(header.signature), "HMAT");
    EXPECT_EQ(header.length, 40U);
    EXPECT_EQ(header.revision, 2);
    EXPECT_EQ(field_text(header.oem_id), "OEM001");
    EXPECT_EQ(field_text(header.oem_table_id), "TABLE 1");
    EXPECT_EQ(header.oem_revision, 7U);
    EXPECT_EQ(field_text(header.creator_id), "CREA");
    EXPECT_EQ(header.creator_revision, 0x20240101U);
    EXPECT_THAT(read.table->structures, IsEmpty());
    EXPECT_THAT(read.defects, IsEmpty());
    expect_same_bytes(table);
}

TEST(HmatMemoryAttributes, RevisionOneHasARangeAndAHint) {
    const bytes table = hmat_table(1, {range_structure()});
    const auto read = decode_hmat(table);
    const auto& s = only<memory_attributes>(read);
    EXPECT_TRUE(s.initiator_valid());
    EXPECT_TRUE(s.memory_valid(1));
    EXPECT_TRUE(s.reservation_hint(1));
    EXPECT_EQ(s.initiator_pxm, 1U);
    EXPECT_EQ(s.memory_pxm, 2U);
    EXPECT_EQ(s.range_base, 0x1'0000'0000U);
    EXPECT_EQ(s.range_length, 0x4000'0000U);
    EXPECT_THAT(read.defects, IsEmpty());
    expect_same_bytes(table);
}

TEST(HmatMemoryAttributes, RevisionTwoHasOneFlag) {
    const bytes table = hmat_table(2, {attributes_structure()});
    const auto read = decode_hmat(table);
    const auto& s = only<memory_attributes>(read);
    EXPECT_TRUE(s.initiator_valid());
    EXPECT_TRUE(s.memory_valid(2)); // always, although the bit is clear
    EXPECT_FALSE(s.memory_valid(1));
    EXPECT_FALSE(s.reservation_hint(2));
    EXPECT_THAT(read.defects, IsEmpty());
    expect_same_bytes(table);
}

TEST(HmatMemoryAttributes, FlagsThatTheRevisionDoesNotHaveAreTold) {
    const auto read = decode_hmat(hmat_table(2, {range_structure()}));
    EXPECT_FALSE(only<memory_attributes>(read).reservation_hint(2));
    EXPECT_THAT(read.defects, ElementsAre(defect_at(first + 8, "0x0001", "0x0007", "ignores")));
}

TEST(HmatMemoryAttributes, ARangeMustNotPassTheEndOfMemory) {
    bytes s = range_structure();
    put(s, 24, ~std::uint64_t{0} - 0xFFF, 8);
    put(s, 32, 0x1000, 8);
    EXPECT_THAT(decode_hmat(hmat_table(1, {s})).defects, IsEmpty()) << "ends exactly there";
    put(s, 32, 0x1001, 8);
    EXPECT_THAT(decode_hmat(hmat_table(1, {s})).defects,
                ElementsAre(defect_at(first + 24, "64 bits", "0x1001", "")));
}

TEST(HmatMemoryAttributes, OnlyOneLengthIsRight) {
    bytes longer = join({range_structure(), hex("AA BB")});
    put(longer, 4, 42, 4);
    const bytes table = hmat_table(1, {longer, cache_structure()});
    const auto read = decode_hmat(table);
    ASSERT_THAT(read.table->structures, SizeIs(2)); // reading went on behind it
    EXPECT_EQ(std::get<memory_attributes>(read.table->structures[0]).trailing, hex("AA BB"));
    EXPECT_THAT(read.defects, ElementsAre(defect_at(first + 4, "40", "42", whole_table)));
    expect_same_bytes(table);

    bytes shorter = range_structure();
    shorter.resize(24);
    put(shorter, 4, 24, 4);
    const bytes short_table = hmat_table(1, {shorter, cache_structure()});
    const auto short_read = decode_hmat(short_table);
    ASSERT_THAT(short_read.table->structures, SizeIs(2));
    EXPECT_TRUE(std::holds_alternative<unknown_structure>(short_read.table->structures[0]));
    EXPECT_TRUE(std::holds_alternative<side_cache>(short_read.table->structures[1]));
    EXPECT_THAT(short_read.defects, ElementsAre(defect_at(first + 4, "40", "24", whole_table)));
    expect_same_bytes(short_table);
}

TEST(HmatLocality, HasAMatrix) {
    const bytes table = hmat_table(2, {locality_structure()});
    const auto read = decode_hmat(table);
    const auto& s = only<locality>(read);
    EXPECT_EQ(s.kind, data_type::read_latency);
    EXPECT_EQ(s.base_unit, 1000U);
    EXPECT_THAT(s.initiators, ElementsAre(0, 1));
    EXPECT_THAT(s.targets, ElementsAre(0, 1, 2));
    EXPECT_EQ(s.entry(0, 2), 300);
    EXPECT_EQ(s.entry(1, 0), 130);
    EXPECT_EQ(s.entry(2, 0), entry_unknown); // outside
    EXPECT_EQ(s.entry(0, 3), entry_unknown); // outside, and not the next row
    EXPECT_THAT(s.row(1), ElementsAre(130, 80, 0xFFFF));
    EXPECT_THAT(s.row(2), IsEmpty());
    const auto to_ps = s.normalizer(2);
    EXPECT_EQ(to_ps(s.entry(0, 0)), (cell{cell_state::known, 80'000}));
    EXPECT_EQ(to_ps(s.entry(1, 2)).state, cell_state::unreachable);
    EXPECT_EQ(s.normalizer(1)(s.entry(0, 0)), (cell{cell_state::known, 8'000'000}));
    EXPECT_THAT(read.defects, IsEmpty());
    expect_same_bytes(table);
}

TEST(HmatLocality, FlagsOfTransfers) {
    bytes s = locality_structure();
    s[8] = std::byte{0x32}; // hierarchy 2, minimum transfer size needed, non-sequential
    s[10] = std::byte{64};
    const auto read = decode_hmat(hmat_table(2, {s}));
    const auto& l = only<locality>(read);
    EXPECT_EQ(l.hierarchy(), 2U);
    EXPECT_TRUE(l.minimum_transfer_size_needed());
    EXPECT_TRUE(l.non_sequential());
    EXPECT_EQ(l.minimum_transfer_size, 64);
    s[8] = std::byte{0};
    const auto plain = decode_hmat(hmat_table(2, {s}));
    EXPECT_FALSE(only<locality>(plain).minimum_transfer_size_needed());
    EXPECT_FALSE(only<locality>(plain).non_sequential());
}

TEST(HmatLocality, EachRevisionCountsCachesItsOwnWay) {
    locality s;
    const auto level = [&](unsigned revision, std::uint8_t nibble) {
        s.flags = nibble;
        return s.cache_level(revision);
    };
    EXPECT_EQ(level(1, 0), 0U);
    EXPECT_EQ(level(1, 1), std::nullopt); // "last level memory"
    EXPECT_EQ(level(1, 2), 1U);
    EXPECT_EQ(level(1, 3), 2U);
    EXPECT_EQ(level(1, 4), 3U);
    EXPECT_EQ(level(1, 5), std::nullopt);
    EXPECT_EQ(level(2, 0), 0U);
    EXPECT_EQ(level(2, 1), 1U);
    EXPECT_EQ(level(2, 3), 3U);
    EXPECT_EQ(level(2, 4), std::nullopt);
    EXPECT_EQ(level(2, 0x30), 0U); // the other flags do not count
}

TEST(HmatLocality, ValuesWithoutMeaningAreTold) {
    bytes s = locality_structure();
    s[8] = std::byte{5};
    s[9] = std::byte{6};
    put(s, 24, 0, 8);
    EXPECT_THAT(decode_hmat(hmat_table(2, {s})).defects,
                ElementsAre(defect_at(first + 8, "0 to 3", "5", "does not use"),
                            defect_at(first + 9, "0 to 5", "6", "does not use"),
                            defect_at(first + 24, "above 0", "0", "unknown")));
    s = locality_structure();
    s[8] = std::byte{4};
    EXPECT_THAT(decode_hmat(hmat_table(1, {s})).defects, IsEmpty());
    expect_same_bytes(hmat_table(1, {s}));
}

TEST(HmatLocality, ADomainTwiceInAListIsTold) {
    bytes s = locality_structure();
    put(s, 32, 1, 4); // initiators 1, 1
    put(s, 48, 0, 4); // targets 0, 1, 0
    EXPECT_THAT(
        decode_hmat(hmat_table(2, {s})).defects,
        ElementsAre(
            defect_at(first + 32, "every initiator domain once", "1 more", "uses the first"),
            defect_at(first + 40, "every target domain once", "0 more", "uses the first")));
}

TEST(HmatLocality, FiguresThatDoNotFitAreToldOnceAStructure) {
    bytes s = locality_structure();
    put(s, 24, std::uint64_t{1} << 58, 8); // 80 x 2^58 > 2^64, and 80 is the smallest entry
    EXPECT_THAT(decode_hmat(hmat_table(2, {s})).defects,
                ElementsAre(defect_at(first + 52, "64 bits", "80 x 288230376151711744, and 4 more",
                                      "unknown")));
    put(s, 24, std::uint64_t{1} << 56, 8); // now only 300 does not fit
    EXPECT_THAT(decode_hmat(hmat_table(2, {s})).defects,
                ElementsAre(defect_at(first + 56, "64 bits", "300 x 72057594037927936", "")));
}

TEST(HmatLocality, RevisionOneHasNoEntriesBelowTen) {
    bytes s = locality_structure();
    put(s, 24, 1, 8);
    put(s, 54, 9, 2);
    put(s, 56, 0, 2); // unknown is allowed
    const auto read = decode_hmat(hmat_table(1, {s}));
    EXPECT_THAT(read.defects, ElementsAre(defect_at(first + 54, "10 and more", "9", "unknown")));
    EXPECT_EQ(read.defects.at(0).found, "9"); // and no other
    EXPECT_THAT(decode_hmat(hmat_table(2, {s})).defects, IsEmpty());
}

TEST(HmatLocality, AMatrixThatDoesNotFitItsLengthIsReadAsFarAsItGoes) {
    bytes s = locality_structure();
    s.resize(61); // the last entry and half of the one before are missing
    put(s, 4, 61, 4);
    const bytes table = hmat_table(2, {s, cache_structure()});
    const auto read = decode_hmat(table);
    ASSERT_THAT(read.table->structures, SizeIs(2));
    const auto& l = std::get<locality>(read.table->structures[0]);
    EXPECT_THAT(l.entries, SizeIs(4));
    EXPECT_THAT(l.row(1), ElementsAre(130));
    EXPECT_EQ(l.entry(1, 1), entry_unknown);
    EXPECT_EQ(l.trailing, hex("50"));
    EXPECT_THAT(read.defects,
                ElementsAre(defect_at(first + 4, "64 bytes for 2 x 3 domains", "61", whole_table)));
    expect_same_bytes(table);
}

TEST(HmatLocality, CountsWhoseProductOverflowsDoNoHarm) {
    for (const std::uint64_t rows : {0xFFFFFFFFU, 0x80000000U, 0x10000U, 0U}) {
        for (const std::uint64_t columns : {0xFFFFFFFFU, 0x80000000U, 0x10000U, 0U}) {
            bytes s = locality_structure();
            put(s, 12, rows, 4);
            put(s, 16, columns, 4);
            const bytes table = hmat_table(2, {s, cache_structure()});
            const auto read = decode_hmat(table);
            ASSERT_TRUE(read.table.has_value());
            EXPECT_THAT(read.table->structures, SizeIs(2));
            EXPECT_THAT(read.defects, SizeIs(1)) << rows << " x " << columns;
            EXPECT_EQ(encode(*read.table), table);
        }
    }
    bytes s = locality_structure();
    put(s, 12, 0xFFFFFFFFU, 4);
    put(s, 16, 0xFFFFFFFFU, 4);
    const auto read = decode_hmat(hmat_table(2, {s}));
    EXPECT_TRUE(std::holds_alternative<unknown_structure>(read.table->structures.at(0)));
    EXPECT_THAT(read.defects,
                ElementsAre(defect_at(first + 4, "more than 46116860", "64", "behind the table")))
        << "in 32 bits, as Linux counts, they are 26 bytes";
}

TEST(HmatLocality, BytesBehindTheEntriesAreKept) {
    bytes s = join({locality_structure(), hex("01 02 03 04")});
    put(s, 4, 68, 4);
    const bytes table = hmat_table(2, {s});
    const auto read = decode_hmat(table);
    EXPECT_EQ(only<locality>(read).trailing, hex("01 02 03 04"));
    EXPECT_THAT(read.defects, ElementsAre(defect_at(first + 4, "64", "68", "ignores the bytes")));
    expect_same_bytes(table);
}

TEST(HmatSideCache, HasItsAttributes) {
    const bytes table = hmat_table(2, {cache_structure()});
    const auto read = decode_hmat(table);
    const auto& s = only<side_cache>(read);
    EXPECT_EQ(s.memory_pxm, 2U);
    EXPECT_EQ(s.cache_size, 64U << 20);
    EXPECT_EQ(s.attributes.total_levels(), 1U);
    EXPECT_EQ(s.attributes.level(), 1U);
    EXPECT_EQ(to_string(s.attributes.associativity()), "direct");
    EXPECT_EQ(to_string(s.attributes.write_policy()), "write-back");
    EXPECT_EQ(s.attributes.line_size(), 64U);
    EXPECT_EQ(s.address_mode_name(), "");
    EXPECT_THAT(s.smbios_handles, ElementsAre(0x1234, 0x1235));
    EXPECT_THAT(read.defects, IsEmpty());
    expect_same_bytes(table);
}

TEST(HmatSideCache, NamesItsOtherValues) {
    bytes s = cache_structure();
    put(s, 24, 0x0080'2223, 4); // 3 levels, level 2, complex, write-through, 128-byte lines
    put(s, 28, 1, 2);
    const auto read = decode_hmat(hmat_table(2, {s}));
    const auto& cache = only<side_cache>(read);
    EXPECT_EQ(cache.attributes.total_levels(), 3U);
    EXPECT_EQ(cache.attributes.level(), 2U);
    EXPECT_EQ(to_string(cache.attributes.associativity()), "complex");
    EXPECT_EQ(to_string(cache.attributes.write_policy()), "write-through");
    EXPECT_EQ(cache.attributes.line_size(), 128U);
    EXPECT_EQ(cache.address_mode_name(), "extended-linear");
    EXPECT_EQ(to_string(cache_associativity::none), "none");
    EXPECT_EQ(to_string(cache_write_policy::none), "none");
    EXPECT_EQ(to_string(static_cast<cache_write_policy>(3)), "");
    EXPECT_EQ(to_string(static_cast<cache_associativity>(3)), "");
}

TEST(HmatSideCache, ValuesWithoutMeaningAreTold) {
    bytes s = cache_structure();
    put(s, 24, 0x0040'3354, 4); // 4 levels, level 5, associativity 3, write policy 3
    EXPECT_THAT(decode_hmat(hmat_table(2, {s})).defects,
                ElementsAre(defect_at(first + 24, "at most 3", "4", ""),
                            defect_at(first + 24, "at most 4", "5", ""),
                            defect_at(first + 24, "associativity", "3", "other"),
                            defect_at(first + 24, "write policy", "3", "other")));
}

TEST(HmatSideCache, HandlesThatDoNotFitAreTold) {
    bytes s = cache_structure();
    put(s, 30, 9, 2);
    const bytes table = hmat_table(2, {s});
    const auto read = decode_hmat(table);
    EXPECT_THAT(only<side_cache>(read).smbios_handles, SizeIs(2));
    EXPECT_THAT(read.defects, ElementsAre(defect_at(first + 4, "50", "36", "takes it")));
    expect_same_bytes(table);

    put(s, 30, 1, 2);
    const bytes surplus = hmat_table(2, {s});
    EXPECT_THAT(decode_hmat(surplus).defects,
                ElementsAre(defect_at(first + 4, "34", "36", "ignores")));
    expect_same_bytes(surplus);
}

TEST(HmatSideCache, TooShortToBeOne) {
    bytes s = cache_structure();
    s.resize(31);
    put(s, 4, 31, 4);
    const bytes table = hmat_table(2, {s});
    const auto read = decode_hmat(table);
    EXPECT_EQ(only<unknown_structure>(read).type, 2);
    EXPECT_THAT(read.defects,
                ElementsAre(defect_at(first + 4, "32 bytes and more", "31", whole_table)));
    expect_same_bytes(table);
}

TEST(HmatStructures, KeepTheirOrderAndPlaces) {
    const bytes table =
        hmat_table(2, {cache_structure(), attributes_structure(), locality_structure()});
    const auto read = decode_hmat(table);
    ASSERT_THAT(read.table->structures, SizeIs(3));
    EXPECT_TRUE(std::holds_alternative<side_cache>(read.table->structures[0]));
    EXPECT_TRUE(std::holds_alternative<locality>(read.table->structures[2]));
    EXPECT_THAT(structure_offsets(*read.table), ElementsAre(40, 76, 116, 180));
    EXPECT_THAT(read.defects, IsEmpty());
}

TEST(HmatStructures, ReservedFieldsAreKept) {
    bytes body =
        join({hex("DE AD BE EF"), attributes_structure(), locality_structure(), cache_structure()});
    for (const std::size_t reserved : std::initializer_list<std::size_t>{
             4 + 2, 4 + 10, 4 + 20, 4 + 24, 44 + 2, 44 + 11, 44 + 20, 108 + 2, 108 + 12}) {
        body.at(reserved) = std::byte{0x5A};
    }
    expect_same_bytes(acpi_table("HMAT", 2, body));
}

TEST(HmatStructures, AnUnknownTypeIsKeptAndReadingGoesOn) {
    const bytes unknown = hex("07 00  BE EF  0B 00 00 00  AA BB CC");
    const bytes table = hmat_table(2, {unknown, cache_structure()});
    const auto read = decode_hmat(table);
    ASSERT_THAT(read.table->structures, SizeIs(2));
    const auto& u = std::get<unknown_structure>(read.table->structures[0]);
    EXPECT_EQ(u.type, 7);
    EXPECT_EQ(u.reserved, 0xEFBE);
    EXPECT_EQ(u.length, 11U);
    EXPECT_EQ(u.body, hex("AA BB CC"));
    EXPECT_TRUE(std::holds_alternative<side_cache>(read.table->structures[1]));
    EXPECT_THAT(read.defects, ElementsAre(defect_at(first, "0, 1 or 2", "type 7", "skips")));
    EXPECT_THAT(read.defects, Each(Field(&defect::table, "HMAT")));
    expect_same_bytes(table);
}

TEST(HmatStructures, ACutLastStructureIsReadAsFarAsItGoes) {
    bytes s = locality_structure();
    s.resize(60); // its length still says 64
    const bytes table = hmat_table(2, {cache_structure(), s});
    const auto read = decode_hmat(table);
    ASSERT_THAT(read.table->structures, SizeIs(2));
    EXPECT_THAT(std::get<locality>(read.table->structures[1]).entries, SizeIs(4));
    EXPECT_THAT(read.defects, ElementsAre(defect_at(76, "at most 60 bytes", "length 64",
                                                    "reads what lies behind the table")));
    expect_same_bytes(table);

    put(s, 4, 80, 4); // more than its counts need, and more than there is
    EXPECT_THAT(decode_hmat(hmat_table(2, {cache_structure(), s})).defects,
                ElementsAre(defect_at(76, "at most 60 bytes", "length 80", "")));

    bytes cut_range = range_structure();
    cut_range.resize(30);
    const bytes cut = hmat_table(1, {cut_range});
    const auto cut_read = decode_hmat(cut);
    EXPECT_EQ(only<unknown_structure>(cut_read).length, 40U);
    EXPECT_THAT(only<unknown_structure>(cut_read).body, SizeIs(22));
    EXPECT_THAT(cut_read.defects, SizeIs(1));
    expect_same_bytes(cut);
}

TEST(HmatStructures, AZeroLengthEndsTheReading) {
    const bytes table =
        hmat_table(2, {cache_structure(), hex("01 00 00 00 00 00 00 00"), cache_structure()});
    const auto read = decode_hmat(table);
    EXPECT_THAT(read.table->structures, SizeIs(1));
    EXPECT_THAT(read.table->trailing, SizeIs(8 + 36));
    EXPECT_THAT(read.defects, ElementsAre(defect_at(76, "8 bytes and more", "0", whole_table)));
    expect_same_bytes(table);
}

TEST(HmatStructures, ALengthWithinItsOwnHeadEndsTheReading) {
    const bytes table = hmat_table(2, {hex("01 00 00 00 07 00 00 00"), cache_structure()});
    const auto read = decode_hmat(table);
    EXPECT_THAT(read.table->structures, IsEmpty());
    EXPECT_THAT(read.defects, ElementsAre(defect_at(40, "8 bytes and more", "7", "")));
    expect_same_bytes(table);
}

TEST(HmatStructures, AFewBytesAtTheEndAreKept) {
    const bytes table = hmat_table(2, {cache_structure(), hex("01 02 03")});
    const auto read = decode_hmat(table);
    EXPECT_THAT(read.table->structures, SizeIs(1));
    EXPECT_EQ(read.table->trailing, hex("01 02 03"));
    EXPECT_THAT(read.defects, ElementsAre(defect_at(76, "end of the table", "3 bytes", "")));
    expect_same_bytes(table);
}

TEST(HmatTable, AWrongChecksumIsToldAndKept) {
    bytes table = hmat_table(2, {cache_structure()});
    const auto right = std::to_integer<unsigned>(table[9]);
    table[9] = static_cast<std::byte>(right + 1);
    const auto read = decode_hmat(table);
    EXPECT_THAT(read.table->structures, SizeIs(1));
    ASSERT_THAT(read.defects, SizeIs(1));
    EXPECT_THAT(read.defects[0],
                defect_at(9, "checksum 0x", "0x", "refuses it as a table from the initrd"));
    EXPECT_EQ(read.defects[0].expected, fmt::format("checksum 0x{:02X}", right));
    expect_same_bytes(table);
}

TEST(HmatTable, ItsLengthCanBeWrongBothWays) {
    bytes table = hmat_table(2, {cache_structure()});
    put(table, 4, 1000, 4);
    const auto too_few = decode_hmat(table);
    EXPECT_THAT(too_few.table->structures, SizeIs(1));
    EXPECT_THAT(too_few.defects, ElementsAre(defect_at(4, "1000 bytes", "76", "")));
    expect_same_bytes(table);

    bytes longer = join({hmat_table(2, {cache_structure()}), cache_structure()});
    const auto too_many = decode_hmat(longer);
    EXPECT_THAT(too_many.table->structures, SizeIs(1)); // what is behind the table is not of it
    EXPECT_THAT(too_many.table->trailing, SizeIs(36));
    EXPECT_THAT(too_many.defects, ElementsAre(defect_at(76, "after 76 bytes", "36 more", "")));
    expect_same_bytes(longer);

    put(table, 4, 12, 4);
    const auto impossible = decode_hmat(table);
    EXPECT_THAT(impossible.table->structures, SizeIs(1));
    EXPECT_THAT(impossible.defects, ElementsAre(defect_at(4, "40 bytes and more", "12", "")));
    expect_same_bytes(table);
}

TEST(HmatTable, AnUnknownRevisionIsToldAndReadAsTheNearest) {
    const auto newer = decode_hmat(hmat_table(3, {attributes_structure()}));
    EXPECT_THAT(newer.defects,
                ElementsAre(defect_at(8, "1 or 2", "3; read as revision 2", whole_table)));
    const auto zero = decode_hmat(hmat_table(0, {range_structure()}));
    EXPECT_TRUE(only<memory_attributes>(zero).reservation_hint(0));
    EXPECT_THAT(zero.defects,
                ElementsAre(defect_at(8, "1 or 2", "0; read as revision 1", whole_table)));
}

TEST(HmatTable, SomethingElseIsNoTable) {
    const auto other = decode_hmat(acpi_table("SRAT", 2, bytes(12)));
    EXPECT_FALSE(other.table.has_value());
    EXPECT_THAT(other.defects, ElementsAre(defect_at(0, "\"HMAT\"", "\"SRAT\"", "")));
    const auto nothing = decode_hmat({});
    EXPECT_FALSE(nothing.table.has_value());
    EXPECT_THAT(nothing.defects, ElementsAre(defect_at(0, "40 bytes and more", "0 bytes", "")));
    bytes cut = hmat_table(2, {});
    cut.pop_back();
    EXPECT_FALSE(decode_hmat(cut).table.has_value());
}

TEST(HmatTable, GarbageDoesNotMakeEndlessDefects) {
    // Structures of unknown type, 8 bytes each: a defect and a structure for every one of them.
    bytes body = hex("00 00 00 00");
    const bytes structure = hex("09 00 00 00 08 00 00 00");
    for (int i = 0; i < 50'000; ++i) {
        body.insert(body.end(), structure.begin(), structure.end());
    }
    const bytes table = acpi_table("HMAT", 2, body);
    const auto read = decode_hmat(table);
    EXPECT_THAT(read.defects, SizeIs(max_defects + 1));
    EXPECT_THAT(read.defects.back().found, HasSubstr("more"));
    EXPECT_THAT(read.table->structures, SizeIs(max_unknown_structures));
    expect_same_bytes(table);
}

TEST(HmatTable, EveryPrefixOfATableKeepsItsBytes) {
    const bytes table =
        hmat_table(2, {cache_structure(), attributes_structure(), locality_structure()});
    for (std::size_t size = 40; size < table.size(); ++size) {
        const bytes prefix(table.begin(), table.begin() + static_cast<std::ptrdiff_t>(size));
        const auto read = decode_hmat(prefix);
        ASSERT_TRUE(read.table.has_value()) << size;
        EXPECT_FALSE(read.defects.empty()) << size;
        EXPECT_EQ(encode(*read.table), prefix) << size;
    }
}

TEST(HmatSeal, MakesATableThatNothingIsWrongWith) {
    hmat table;
    table.header = make_header("HMAT", 2);
    memory_attributes attributes;
    attributes.length = 0;
    attributes.memory_pxm = 1;
    locality matrix;
    matrix.kind = data_type::read_bandwidth;
    matrix.base_unit = 1024;
    matrix.initiators = {0};
    matrix.targets = {0, 1};
    matrix.entries = {100, 400};
    side_cache cache;
    cache.memory_pxm = 1;
    cache.attributes.bits = 0x0040'1111;
    cache.smbios_handles = {1, 2, 3};
    table.structures = {attributes, matrix, cache};
    seal(table);
    EXPECT_EQ(table.header.length, 40U + 40 + 48 + 38);
    const auto read = decode_hmat(encode(table));
    EXPECT_THAT(read.defects, IsEmpty());
    EXPECT_EQ(read.table, table);
}

} // namespace
} // namespace hetmem::acpi
