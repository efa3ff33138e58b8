// The MADT, written by hand (ACPI 6.4, 5.2.12).
#include <acpi/madt.hpp>

#include <acpi/test_bytes.hpp>

namespace hetmem::acpi {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

bytes madt_with(std::initializer_list<bytes> structures) {
    return acpi_table("APIC", 5, join({hex("00 00 E0 FE  01 00 00 00"), join(structures)}));
}

TEST(Madt, ReadsEveryKindOfProcessorAndStepsOverTheRest) {
    const auto read = decode_madt(madt_with({
        hex("00 08 00 07 01 00 00 00"),                         // local APIC 7, enabled
        hex("00 08 01 08 02 00 00 00"),                         // 8, online capable
        hex("01 0C 00 00 00 00 C0 FE 00 00 00 00"),             // an I/O APIC
        hex("09 10 00 00 2C 01 00 00 01 00 00 00 05 00 00 00"), // x2APIC 300
        join({hex("0B 50 00 00 01 00 00 00 09 00 00 00 08 00 00 00"), bytes(64)}), // GICC, UID 9
        join({hex("18 24 01 00 01 00 00 00 00 00 00 00 00 00 00 00 0B 00 00 00"), bytes(16)}),
    }));
    ASSERT_TRUE(read.table);
    EXPECT_THAT(read.defects, IsEmpty());
    EXPECT_THAT(read.table->processors, ElementsAre(madt_processor{44, 0, 7, true, false},
                                                    madt_processor{52, 0, 8, false, true},
                                                    madt_processor{72, 9, 300, true, false},
                                                    madt_processor{88, 11, 9, false, true},
                                                    madt_processor{168, 24, 11, true, false}));
}

TEST(Madt, AShortStructureIsADefectAndNoProcessor) {
    const auto read = decode_madt(madt_with({hex("09 08 00 00 2C 01 00 00")}));
    ASSERT_TRUE(read.table);
    EXPECT_THAT(read.table->processors, IsEmpty());
    EXPECT_THAT(read.defects, ElementsAre(defect_at(45, "16 bytes and more", "8", "rest")));
}

TEST(Madt, ACutStructureOrLengthZeroEndsReading) {
    const auto cut = decode_madt(madt_with({hex("00 08 00 07 01 00 00 00"), hex("00 08 00")}));
    ASSERT_TRUE(cut.table);
    EXPECT_EQ(cut.table->processors.size(), 1U);
    EXPECT_THAT(cut.defects, ElementsAre(defect_at(52, "at most 3 bytes", "length 8", "")));

    const auto zero = decode_madt(madt_with({hex("00 00 00 07 01 00 00 00")}));
    ASSERT_TRUE(zero.table);
    EXPECT_THAT(zero.defects, ElementsAre(defect_at(44, "2 bytes and more", "0", "rest")));
}

TEST(Madt, AnotherTableIsNone) {
    EXPECT_FALSE(decode_madt(acpi_table("SRAT", 1, bytes(12))).table);
    EXPECT_FALSE(decode_madt({}).table);
}

} // namespace
} // namespace hetmem::acpi
