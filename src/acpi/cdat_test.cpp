#include <acpi/cdat.hpp>

#include <acpi/test_bytes.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <variant>

namespace hetmem::acpi {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* whole_table = "ignores the whole CDAT";
constexpr std::uint64_t first = 16;

bytes cdat_table(std::initializer_list<bytes> structures) {
    const bytes body = join(structures);
    bytes table = join(
        {number(16 + body.size(), 4), hex("01 00"), hex("00 00 00 00 00 00"), number(9, 4), body});
    mend_checksum(table, 5);
    return table;
}

// Handle 0, non-volatile, 256 MiB from 0x1000_0000.
bytes dsmas_structure() {
    return hex("00 00 18 00  00 04 00 00  00 00 00 10 00 00 00 00  00 00 00 10 00 00 00 00");
}

// Handle 0, memory, read latency, base 10000, entry 15: 150 ns.
bytes dslbis_structure() {
    return hex("01 00 18 00  00 00 01 00  10 27 00 00 00 00 00 00  0F 00 01 00 02 00  00 00");
}

bytes dsmscis_structure() {
    return hex("02 00 14 00  00 00 00 00  00 00 00 04 00 00 00 00  11 11 40 00");
}

bytes dsis_structure() {
    return hex("03 00 08 00  01 02 00 00");
}

bytes dsemts_structure() {
    return hex("04 00 18 00  00 01 00 00  00 10 00 00 00 00 00 00  00 20 00 00 00 00 00 00");
}

// Read bandwidth, base 1000: upstream to port 3: 16; any to any: unreachable.
bytes sslbis_structure() {
    return hex("05 00 20 00  04 00 00 00  E8 03 00 00 00 00 00 00"
               "00 01 03 00 10 00 00 00"
               "FF FF FF FF FF FF 00 00");
}

decoded<cdat> read_kept(const bytes& table) {
    auto read = decode_cdat(table);
    EXPECT_TRUE(read.table.has_value());
    EXPECT_EQ(encode(*read.table), table);
    return read;
}

TEST(Cdat, HasAllSixStructures) {
    const auto read =
        read_kept(cdat_table({dsmas_structure(), dslbis_structure(), dsmscis_structure(),
                              dsis_structure(), dsemts_structure(), sslbis_structure()}));
    EXPECT_THAT(read.defects, IsEmpty());
    EXPECT_EQ(read.table->header.sequence, 9U);
    EXPECT_EQ(read.table->header.revision, 1);
    ASSERT_THAT(read.table->structures, SizeIs(6));
    EXPECT_THAT(structure_offsets(*read.table), ElementsAre(16, 40, 64, 84, 92, 116, 148));

    const auto& range = std::get<dsmas>(read.table->structures[0]);
    EXPECT_EQ(range.handle, 0);
    EXPECT_TRUE(range.non_volatile());
    EXPECT_EQ(range.dpa_base, 0x1000'0000U);
    EXPECT_EQ(range.dpa_length, 256U << 20);

    const auto& figures = std::get<dslbis>(read.table->structures[1]);
    EXPECT_EQ(figures.kind, data_type::read_latency);
    EXPECT_EQ(figures.hierarchy(), 0U);
    EXPECT_EQ(figures.value(), (cell{cell_state::known, 150'000}));
    EXPECT_EQ(figures.value(2), (cell{cell_state::known, 20'000}));
    EXPECT_EQ(figures.value(3).state, cell_state::unknown);

    const auto& cache = std::get<dsmscis>(read.table->structures[2]);
    EXPECT_EQ(cache.cache_size, 64U << 20);
    EXPECT_EQ(cache.attributes.line_size(), 64U);

    const auto& initiator = std::get<dsis>(read.table->structures[3]);
    EXPECT_TRUE(initiator.memory_attached());
    EXPECT_EQ(initiator.handle, 2);

    const auto& efi = std::get<dsemts>(read.table->structures[4]);
    EXPECT_EQ(efi.memory_type, 1);
    EXPECT_EQ(efi.dpa_offset, 0x1000U);
    EXPECT_EQ(efi.dpa_length, 0x2000U);

    const auto& ports = std::get<sslbis>(read.table->structures[5]);
    EXPECT_THAT(ports.entries, ElementsAre(sslbis_entry{sslbis_entry::upstream_port, 3, 16, 0},
                                           sslbis_entry{sslbis_entry::any_port,
                                                        sslbis_entry::any_port, 0xFFFF, 0}));
    EXPECT_EQ(ports.value(0), (cell{cell_state::known, 16'000'000'000}));
    EXPECT_EQ(ports.value(1).state, cell_state::unreachable);
    EXPECT_EQ(ports.value(2).state, cell_state::unknown);
}

TEST(Cdat, PaddingBehindTheTableIsKeptAndNoFault) {
    const bytes padded = join({cdat_table({dsmas_structure()}), bytes(8)});
    const auto read = read_kept(padded);
    EXPECT_THAT(read.defects, IsEmpty());
    EXPECT_THAT(read.table->structures, SizeIs(1));
    EXPECT_EQ(read.table->trailing, bytes(8));

    const bytes followed = join({cdat_table({dsmas_structure()}), hex("00 01")});
    EXPECT_THAT(read_kept(followed).defects, ElementsAre(defect_at(40, "40 bytes", "else", "")));
}

TEST(Cdat, ReservedFieldsAreKept) {
    bytes table = cdat_table({dsmas_structure(), dslbis_structure(), dsmscis_structure(),
                              dsis_structure(), dsemts_structure(), sslbis_structure()});
    for (const std::size_t reserved : std::initializer_list<std::size_t>{
             6, 11, 16 + 1, 16 + 6, 40 + 1, 40 + 7, 40 + 22, 64 + 1, 64 + 5, 64 + 7, 84 + 1, 84 + 6,
             92 + 1, 92 + 6, 116 + 1, 116 + 5, 116 + 7, 116 + 22}) {
        table.at(reserved) = std::byte{0x77};
    }
    mend_checksum(table, 5);
    EXPECT_THAT(read_kept(table).defects, IsEmpty());
}

TEST(Cdat, WrongLengthsAreToldAndReadingGoesOn) {
    struct wrong_length {
        bytes structure;
        const char* size;
        const char* linux_does;
    };
    const wrong_length cases[] = {
        {dsmas_structure(), "24", whole_table}, {dslbis_structure(), "24", whole_table},
        {dsmscis_structure(), "20", ""},        {dsis_structure(), "8", ""},
        {dsemts_structure(), "24", ""},
    };
    for (const wrong_length& c : cases) {
        bytes shorter = c.structure;
        shorter.pop_back();
        put(shorter, 2, shorter.size(), 2);
        const auto read = read_kept(cdat_table({shorter, dsis_structure()}));
        ASSERT_THAT(read.table->structures, SizeIs(2));
        EXPECT_TRUE(std::holds_alternative<unknown_structure>(read.table->structures[0]));
        EXPECT_THAT(read.defects,
                    ElementsAre(defect_at(first + 2, c.size, std::to_string(shorter.size()),
                                          c.linux_does)));
    }
    bytes longer = join({dsmas_structure(), hex("EE")});
    put(longer, 2, 25, 2);
    const auto read = read_kept(cdat_table({longer, dslbis_structure()}));
    EXPECT_EQ(std::get<dsmas>(read.table->structures.at(0)).trailing, hex("EE"));
    EXPECT_THAT(read.defects, ElementsAre(defect_at(first + 2, "24", "25", whole_table)));
}

TEST(Cdat, SwitchEntriesMustBeWhole) {
    bytes odd = sslbis_structure();
    odd.resize(29);
    put(odd, 2, 29, 2);
    const auto read = read_kept(cdat_table({odd, dsis_structure()}));
    ASSERT_THAT(read.table->structures, SizeIs(2));
    EXPECT_THAT(std::get<sslbis>(read.table->structures[0]).entries, SizeIs(1));
    EXPECT_THAT(std::get<sslbis>(read.table->structures[0]).trailing, SizeIs(5));
    EXPECT_THAT(read.defects, ElementsAre(defect_at(first + 2, "16 bytes and 8", "29", "switch")));

    bytes none = sslbis_structure();
    none.resize(16);
    put(none, 2, 16, 2);
    EXPECT_THAT(read_kept(cdat_table({none})).defects,
                ElementsAre(defect_at(first + 2, "one or more entries", "16", "switch")));
}

TEST(Cdat, FiguresOfNoKnownRangeAreTold) {
    bytes stray = dslbis_structure();
    stray[4] = std::byte{5};
    EXPECT_THAT(read_kept(cdat_table({stray, dsmas_structure()})).defects,
                ElementsAre(defect_at(first + 4, "handle of a DSMAS", "5", "ignores")));
    // The range may stand behind its figures.
    EXPECT_THAT(read_kept(cdat_table({dslbis_structure(), dsmas_structure()})).defects, IsEmpty());
}

TEST(Cdat, OneHandleForTwoRangesIsTold) {
    EXPECT_THAT(read_kept(cdat_table({dsmas_structure(), dsmas_structure()})).defects,
                ElementsAre(defect_at(40 + 4, "no DSMAS before", "0", whole_table)));
}

TEST(Cdat, ValuesWithoutMeaningAreTold) {
    bytes kind = dslbis_structure();
    kind[6] = std::byte{6};
    EXPECT_THAT(read_kept(cdat_table({dsmas_structure(), kind})).defects,
                ElementsAre(defect_at(40 + 6, "0 to 5", "6", "skips")));
    bytes unit = sslbis_structure();
    put(unit, 8, 0, 8);
    EXPECT_THAT(read_kept(cdat_table({unit})).defects,
                ElementsAre(defect_at(first + 8, "above 0", "0", "unknown")));
    bytes huge = dslbis_structure();
    put(huge, 8, ~std::uint64_t{0}, 8);
    EXPECT_THAT(read_kept(cdat_table({dsmas_structure(), huge})).defects,
                ElementsAre(defect_at(40 + 16, "64 bits", "15 x 18446744073709551615", "")));
    bytes huge_switch = sslbis_structure();
    put(huge_switch, 8, ~std::uint64_t{0}, 8);
    EXPECT_THAT(read_kept(cdat_table({huge_switch})).defects,
                ElementsAre(defect_at(first + 20, "64 bits", "16 x", "")));
    bytes beyond = dsmas_structure();
    put(beyond, 8, ~std::uint64_t{0}, 8);
    EXPECT_THAT(read_kept(cdat_table({beyond})).defects,
                ElementsAre(defect_at(first + 8, "64 bits", "0xffffffffffffffff", "")));
}

TEST(Cdat, UnknownTypesZeroLengthsAndCutsDoNoHarm) {
    const auto unknown = read_kept(cdat_table({hex("09 EE 05 00 AA"), dsis_structure()}));
    EXPECT_THAT(unknown.table->structures, SizeIs(2));
    EXPECT_EQ(std::get<unknown_structure>(unknown.table->structures[0]).reserved, 0xEE);
    EXPECT_THAT(unknown.defects, ElementsAre(defect_at(first, "0 to 5", "type 9", "skips")));

    const auto zero = read_kept(cdat_table({hex("00 00 00 00"), dsis_structure()}));
    EXPECT_THAT(zero.table->structures, IsEmpty());
    EXPECT_THAT(zero.defects, ElementsAre(defect_at(first, "4 bytes and more", "0", whole_table)));

    bytes cut = dsmas_structure();
    cut.resize(20);
    const auto short_one = read_kept(cdat_table({cut}));
    EXPECT_THAT(short_one.defects, ElementsAre(defect_at(first, "at most 20", "24", whole_table)));
}

TEST(Cdat, HeaderFaultsAreTold) {
    bytes table = cdat_table({dsis_structure()});
    table[5] ^= std::byte{1};
    EXPECT_THAT(read_kept(table).defects, ElementsAre(defect_at(5, "checksum", "0x", "refuse")));
    table = cdat_table({dsis_structure()});
    put(table, 0, 100, 4);
    EXPECT_THAT(read_kept(table).defects, ElementsAre(defect_at(0, "100 bytes", "24", "")));
    put(table, 0, 3, 4);
    EXPECT_THAT(read_kept(table).defects, ElementsAre(defect_at(0, "16 bytes and more", "3", "")));
    EXPECT_FALSE(decode_cdat(bytes(15)).table.has_value());
}

TEST(CdatSeal, MakesATableThatNothingIsWrongWith) {
    cdat table;
    dslbis figures;
    figures.base_unit = 1000;
    figures.entries = {10, 0, 0};
    sslbis ports;
    ports.base_unit = 1;
    ports.entries = {{sslbis_entry::upstream_port, 0, 5, 0}};
    table.structures = {dsmas{}, figures, dsmscis{}, dsis{}, dsemts{}, ports};
    seal(table);
    const auto read = decode_cdat(encode(table));
    EXPECT_THAT(read.defects, IsEmpty());
    EXPECT_EQ(read.table, table);
}

} // namespace
} // namespace hetmem::acpi
