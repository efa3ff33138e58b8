#include <acpi/srat.hpp>

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

constexpr const char* whole_table = "ignores the whole SRAT";

// Structures begin at 48: 36 bytes of header, 4 of table revision, 8 reserved.
constexpr std::uint64_t first = 48;

bytes srat_table(std::uint8_t revision, std::initializer_list<bytes> structures) {
    return acpi_table("SRAT", revision,
                      join({hex("01 00 00 00  00 00 00 00 00 00 00 00"), join(structures)}));
}

bytes apic() {
    return hex("00 10  05  07  01 00 00 00  09  01 02 03  0B 00 00 00");
}

bytes memory(std::uint32_t pxm, std::uint64_t base, std::uint64_t length, std::uint32_t flags) {
    return join({hex("01 28"), number(pxm, 4), hex("00 00"), number(base, 8), number(length, 8),
                 hex("00 00 00 00"), number(flags, 4), hex("00 00 00 00 00 00 00 00")});
}

bytes x2apic() {
    return hex("02 18  00 00  05 00 01 00  2A 00 00 00  01 00 00 00  03 00 00 00  00 00 00 00");
}

bytes gicc() {
    return hex("03 12  05 00 00 00  2A 00 00 00  01 00 00 00  03 00 00 00");
}

bytes its() {
    return hex("04 0C  05 00 00 00  00 00  2A 00 00 00");
}

// PCI segment 1, bus 0x5d, device 3, function 1.
bytes pci_initiator() {
    return hex("05 20  00  01  05 00 00 00"
               "01 00  19 5D  00 00 00 00 00 00 00 00 00 00 00 00"
               "03 00 00 00  00 00 00 00");
}

// ACPI0016 with _UID 4.
bytes acpi_port() {
    return hex("06 20  00  00  06 00 00 00"
               "41 43 50 49 30 30 31 36  04 00 00 00  00 00 00 00"
               "01 00 00 00  00 00 00 00");
}

bytes rintc() {
    return hex("07 14  00 00  05 00 00 00  2A 00 00 00  01 00 00 00  03 00 00 00");
}

template <class S> S only(const bytes& table) {
    const auto read = decode_srat(table);
    EXPECT_TRUE(read.table.has_value());
    EXPECT_THAT(read.table->structures, SizeIs(1));
    EXPECT_THAT(read.defects, IsEmpty());
    EXPECT_EQ(encode(*read.table), table);
    return std::get<S>(read.table->structures.at(0));
}

TEST(SratApic, HighBytesOfTheDomainNeedRevisionTwo) {
    const auto s = only<apic_affinity>(srat_table(2, {apic()}));
    EXPECT_TRUE(s.enabled());
    EXPECT_EQ(s.apic_id, 7);
    EXPECT_EQ(s.sapic_eid, 9);
    EXPECT_EQ(s.clock_domain, 11U);
    EXPECT_EQ(s.pxm(1), 5U);
    EXPECT_EQ(s.pxm(2), 0x0302'0105U);
    EXPECT_EQ(s.pxm(3), 0x0302'0105U);
}

TEST(SratMemory, HasRangeAndFlags) {
    const auto s =
        only<memory_affinity>(srat_table(2, {memory(0x102, 0x1'0000'0000, 0x4000'0000, 7)}));
    EXPECT_TRUE(s.enabled());
    EXPECT_TRUE(s.hot_pluggable());
    EXPECT_TRUE(s.non_volatile());
    EXPECT_EQ(s.base, 0x1'0000'0000U);
    EXPECT_EQ(s.range_length, 0x4000'0000U);
    EXPECT_EQ(s.pxm(1), 2U);
    EXPECT_EQ(s.pxm(2), 0x102U);

    const auto off = only<memory_affinity>(srat_table(2, {memory(1, 0, 0, 0)}));
    EXPECT_FALSE(off.enabled());
    EXPECT_FALSE(off.hot_pluggable());
    EXPECT_FALSE(off.non_volatile());
}

TEST(SratProcessors, OfEveryArchitecture) {
    const auto x = only<x2apic_affinity>(srat_table(3, {x2apic()}));
    EXPECT_EQ(x.proximity_domain, 0x10005U);
    EXPECT_EQ(x.x2apic_id, 42U);
    EXPECT_TRUE(x.enabled());
    EXPECT_EQ(x.clock_domain, 3U);

    const auto g = only<gicc_affinity>(srat_table(3, {gicc()}));
    EXPECT_EQ(g.proximity_domain, 5U);
    EXPECT_EQ(g.processor_uid, 42U);
    EXPECT_TRUE(g.enabled());
    EXPECT_EQ(g.clock_domain, 3U);

    const auto r = only<rintc_affinity>(srat_table(3, {rintc()}));
    EXPECT_EQ(r.proximity_domain, 5U);
    EXPECT_EQ(r.processor_uid, 42U);
    EXPECT_TRUE(r.enabled());
    EXPECT_EQ(r.clock_domain, 3U);

    const auto i = only<its_affinity>(srat_table(3, {its()}));
    EXPECT_EQ(i.proximity_domain, 5U);
    EXPECT_EQ(i.its_id, 42U);
}

TEST(SratProcessors, AreDisabledWithoutTheirFlag) {
    bytes a = apic();
    a[4] = std::byte{0xFE};
    EXPECT_FALSE(only<apic_affinity>(srat_table(2, {a})).enabled());
    bytes x = x2apic();
    x[12] = std::byte{0};
    EXPECT_FALSE(only<x2apic_affinity>(srat_table(2, {x})).enabled());
    bytes g = gicc();
    g[10] = std::byte{0};
    EXPECT_FALSE(only<gicc_affinity>(srat_table(2, {g})).enabled());
    bytes r = rintc();
    r[12] = std::byte{0};
    EXPECT_FALSE(only<rintc_affinity>(srat_table(2, {r})).enabled());
}

TEST(SratGeneric, NamesAPciDeviceAsLinuxDoes) {
    const auto s = only<generic_affinity>(srat_table(3, {pci_initiator()}));
    EXPECT_FALSE(s.is_port());
    EXPECT_TRUE(s.enabled());
    EXPECT_TRUE(s.architectural_transactions());
    EXPECT_EQ(s.proximity_domain, 5U);
    EXPECT_EQ(s.device(), device_handle(pci_device{1, 0x5D, 3, 1}));
    EXPECT_EQ(to_string(s.device()), "pci 0001:5d:03.1");
}

TEST(SratGeneric, NamesAnAcpiDevice) {
    const auto s = only<generic_affinity>(srat_table(3, {acpi_port()}));
    EXPECT_TRUE(s.is_port());
    EXPECT_FALSE(s.architectural_transactions());
    EXPECT_EQ(s.device(), device_handle(acpi_device{"ACPI0016", 4}));
    EXPECT_EQ(to_string(s.device()), "acpi ACPI0016:4");
}

TEST(SratGeneric, SetDeviceWritesWhatDeviceReads) {
    generic_affinity s;
    s.set_device(pci_device{0x1234, 0xFF, 0x1F, 7});
    EXPECT_EQ(to_string(s.device()), "pci 1234:ff:1f.7");
    s.set_device(acpi_device{"ACPI0016", 0xFFFFFFFF});
    EXPECT_EQ(to_string(s.device()), "acpi ACPI0016:4294967295");
    s.set_device(acpi_device{"AB", 1});
    EXPECT_EQ(s.device(), device_handle(acpi_device{"AB", 1}));
}

TEST(SratGeneric, AnUnknownKindOfHandleIsTold) {
    bytes s = pci_initiator();
    s[3] = std::byte{2};
    const auto read = decode_srat(srat_table(3, {s}));
    EXPECT_EQ(to_string(std::get<generic_affinity>(read.table->structures.at(0)).device()), "");
    EXPECT_THAT(read.defects, ElementsAre(defect_at(first + 3, "0 (ACPI) or 1 (PCI)", "2", "")));
}

TEST(SratStructures, KeepTheirOrderAndPlaces) {
    const bytes table = srat_table(
        3, {apic(), memory(0, 0, 0x1000, 1), its(), gicc(), pci_initiator(), acpi_port()});
    const auto read = decode_srat(table);
    EXPECT_THAT(read.table->structures, SizeIs(6));
    EXPECT_THAT(structure_offsets(*read.table), ElementsAre(48, 64, 104, 116, 134, 166, 198));
    EXPECT_THAT(read.defects, IsEmpty());
    EXPECT_EQ(encode(*read.table), table);
}

TEST(SratStructures, ReservedFieldsAreKept) {
    bytes table = srat_table(
        3, {memory(0, 0, 0x1000, 1), x2apic(), its(), pci_initiator(), acpi_port(), rintc()});
    for (std::size_t i = 36; i < 48; ++i) {
        table[i] = std::byte{0x5A};
    }
    // Reserved bytes of each structure in turn.
    for (const std::size_t reserved : std::initializer_list<std::size_t>{
             48 + 6, 48 + 24, 48 + 39, 88 + 2, 88 + 20, 112 + 6, 124 + 2, 124 + 12, 124 + 28,
             156 + 2, 156 + 20, 188 + 2}) {
        table.at(reserved) = std::byte{0xA5};
    }
    mend_checksum(table, 9);
    const auto read = decode_srat(table);
    EXPECT_THAT(read.defects, IsEmpty());
    EXPECT_EQ(encode(*read.table), table);
}

TEST(SratStructures, WrongLengthsAreToldAndReadingGoesOn) {
    struct wrong_length {
        bytes structure;
        const char* size;
        const char* linux_does;
    };
    const wrong_length cases[] = {
        {apic(), "16", whole_table},   {memory(1, 0, 1, 1), "40", whole_table},
        {x2apic(), "24", whole_table}, {gicc(), "18", whole_table},
        {its(), "12", "skips"},        {pci_initiator(), "32", whole_table},
        {acpi_port(), "32", ""},       {rintc(), "20", whole_table},
    };
    for (const wrong_length& c : cases) {
        bytes shorter = c.structure;
        shorter.pop_back();
        put(shorter, 1, shorter.size(), 1);
        const bytes table = srat_table(3, {shorter, its()});
        const auto read = decode_srat(table);
        ASSERT_THAT(read.table->structures, SizeIs(2));
        EXPECT_TRUE(std::holds_alternative<unknown_structure>(read.table->structures[0]));
        EXPECT_TRUE(std::holds_alternative<its_affinity>(read.table->structures[1]));
        EXPECT_THAT(read.defects,
                    ElementsAre(defect_at(first + 1, c.size, std::to_string(shorter.size()),
                                          c.linux_does)));
        EXPECT_EQ(encode(*read.table), table);

        bytes longer = join({c.structure, hex("EE")});
        put(longer, 1, longer.size(), 1);
        const bytes long_table = srat_table(3, {longer, its()});
        const auto long_read = decode_srat(long_table);
        ASSERT_THAT(long_read.table->structures, SizeIs(2));
        EXPECT_FALSE(std::holds_alternative<unknown_structure>(long_read.table->structures[0]));
        EXPECT_THAT(long_read.defects,
                    ElementsAre(defect_at(first + 1, c.size, std::to_string(longer.size()),
                                          "without the bytes at its end")));
        EXPECT_EQ(encode(*long_read.table), long_table);
    }
}

TEST(SratStructures, AnUnknownTypeIsKept) {
    const bytes table = srat_table(3, {hex("08 05 AA BB CC"), its()});
    const auto read = decode_srat(table);
    EXPECT_EQ(std::get<unknown_structure>(read.table->structures.at(0)).body, hex("AA BB CC"));
    EXPECT_THAT(read.table->structures, SizeIs(2));
    EXPECT_THAT(read.defects, ElementsAre(defect_at(first, "type 0 to 7", "type 8", "skips")));
    EXPECT_EQ(encode(*read.table), table);
}

TEST(SratStructures, ZeroLengthsAndCutStructuresDoNoHarm) {
    const bytes zero = srat_table(3, {its(), hex("01 00 FF FF"), its()});
    const auto zero_read = decode_srat(zero);
    EXPECT_THAT(zero_read.table->structures, SizeIs(1));
    EXPECT_THAT(zero_read.defects,
                ElementsAre(defect_at(60, "2 bytes and more", "0", whole_table)));
    EXPECT_EQ(encode(*zero_read.table), zero);

    bytes cut = memory(0, 0, 0x1000, 1);
    cut.resize(20);
    const bytes table = srat_table(3, {its(), cut});
    const auto read = decode_srat(table);
    EXPECT_TRUE(std::holds_alternative<unknown_structure>(read.table->structures.at(1)));
    EXPECT_THAT(read.defects,
                ElementsAre(defect_at(60, "at most 20", "40", "what lies behind the table")));
    EXPECT_EQ(encode(*read.table), table);

    const bytes odd = srat_table(3, {its(), hex("01")});
    const auto odd_read = decode_srat(odd);
    EXPECT_EQ(odd_read.table->trailing, hex("01"));
    EXPECT_EQ(encode(*odd_read.table), odd);
}

TEST(SratRanges, MayNotPassTheEndOfMemory) {
    const std::uint64_t high = ~std::uint64_t{0} - 0xFFF;
    EXPECT_THAT(decode_srat(srat_table(3, {memory(0, high, 0x1000, 1)})).defects, IsEmpty());
    EXPECT_THAT(decode_srat(srat_table(3, {memory(0, high, 0x1001, 1)})).defects,
                ElementsAre(defect_at(first + 8, "64 bits", "0x1001", "ignores the range")));
    EXPECT_THAT(decode_srat(srat_table(3, {memory(0, high, 0x1001, 0)})).defects, IsEmpty())
        << "what is not enabled does not count";
}

TEST(SratRanges, OfDifferentDomainsMayNotOverlap) {
    // Neighbours; the same domain twice; a disabled one on top of all.
    EXPECT_THAT(decode_srat(srat_table(3, {memory(0, 0, 0x1000, 1), memory(1, 0x1000, 0x1000, 1),
                                           memory(1, 0x1800, 0x800, 1), memory(2, 0, 0x2000, 0)}))
                    .defects,
                IsEmpty());
    EXPECT_THAT(
        decode_srat(srat_table(3, {memory(1, 0xFFF, 0x1000, 1), memory(0, 0, 0x1000, 1)})).defects,
        ElementsAre(defect_at(first + 8, "domain 0 at offset 88: 0x0-0xfff",
                              "0xfff-0x1ffe of domain 1", whole_table)));
    // A long range of domain 0, a longer one of domain 1, then one of domain 1 that only meets the
    // first of them.
    EXPECT_THAT(
        decode_srat(srat_table(3, {memory(0, 0x1000, 0x3000, 1), memory(1, 0x3000, 0x9000, 1),
                                   memory(1, 0x3800, 0x100, 1)}))
            .defects,
        SizeIs(2));
}

TEST(SratTable, HeaderFaultsAreTold) {
    bytes table = srat_table(3, {its()});
    table[9] ^= std::byte{1};
    EXPECT_THAT(decode_srat(table).defects,
                ElementsAre(defect_at(9, "checksum", "0x", "from the initrd")));
    EXPECT_FALSE(decode_srat(acpi_table("HMAT", 2, bytes(12))).table.has_value());
    EXPECT_FALSE(decode_srat(acpi_table("SRAT", 2, bytes(11))).table.has_value());
    EXPECT_TRUE(decode_srat(acpi_table("SRAT", 2, bytes(12))).table.has_value());
}

TEST(SratTable, GarbageDoesNotMakeEndlessDefects) {
    bytes body(12, std::byte{0});
    for (int i = 0; i < 100'000; ++i) {
        body.push_back(std::byte{0x77});
        body.push_back(std::byte{2});
    }
    const bytes table = acpi_table("SRAT", 3, body);
    const auto read = decode_srat(table);
    EXPECT_THAT(read.defects, SizeIs(max_defects + 1));
    EXPECT_THAT(read.table->structures, SizeIs(max_unknown_structures));
    EXPECT_EQ(encode(*read.table), table);
}

TEST(SratSeal, MakesATableThatNothingIsWrongWith) {
    srat table;
    table.header = make_header("SRAT", 3);
    generic_affinity port;
    port.type = generic_affinity::port;
    port.flags = 1;
    port.length = 0;
    port.set_device(acpi_device{"ACPI0016", 1});
    memory_affinity range;
    range.base = 0x1000;
    range.range_length = 0x1000;
    range.flags = 1;
    table.structures = {range,           port,           apic_affinity{}, x2apic_affinity{},
                        gicc_affinity{}, its_affinity{}, rintc_affinity{}};
    seal(table);
    const auto read = decode_srat(encode(table));
    EXPECT_THAT(read.defects, IsEmpty());
    EXPECT_EQ(read.table, table);
}

} // namespace
} // namespace hetmem::acpi
