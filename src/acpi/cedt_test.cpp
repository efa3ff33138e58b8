// The CEDT, written by hand (CXL 3.0, 9.17.1).
#include <acpi/cedt.hpp>

#include <acpi/test_bytes.hpp>

namespace hetmem::acpi {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

bytes host_bridge(std::uint32_t uid) {
    return join({hex("00 00 20 00"), number(uid, 4), number(1, 4), number(0, 4),
                 number(0xB0000000, 8), number(0x10000, 8)});
}

bytes window(std::uint64_t base, std::uint64_t size, std::uint8_t ways, const bytes& targets) {
    return join({hex("01 00"), number(36 + targets.size(), 2), number(0, 4), number(base, 8),
                 number(size, 8), number(ways, 1), number(0, 1), number(0, 2), number(0, 4),
                 number(6, 2), number(3, 2), targets});
}

bytes cedt_with(std::initializer_list<bytes> structures) {
    return acpi_table("CEDT", 1, join(structures));
}

TEST(Cedt, ReadsHostBridgesAndWindowsAndStepsOverTheRest) {
    const auto read = decode_cedt(cedt_with({
        host_bridge(7),
        hex("02 00 08 00 00 00 00 01"), // an XOR interleave structure
        window(0x1000000000, 0x40000000, 8, join({number(7, 4), number(8, 4), number(9, 4)})),
    }));
    ASSERT_TRUE(read.table);
    EXPECT_THAT(read.defects, IsEmpty());
    EXPECT_THAT(read.table->host_bridges,
                ElementsAre(cxl_host_bridge{36, 7, 1, 0xB0000000, 0x10000}));
    EXPECT_THAT(read.table->windows,
                ElementsAre(cxl_window{76, 0x1000000000, 0x40000000, 6, 3, {7, 8, 9}}));
}

TEST(Cedt, AnInterleaveThatDoesNotFitIsTold) {
    const auto few = decode_cedt(cedt_with({window(0, 1, 2, join({number(7, 4)}))}));
    EXPECT_THAT(few.defects, ElementsAre(defect_at(60, "52 bytes for 4", "40", "skips")));
    ASSERT_TRUE(few.table);
    EXPECT_THAT(few.table->windows.at(0).host_bridges, ElementsAre(7U));

    const auto none = decode_cedt(cedt_with({window(0, 1, 77, {})}));
    EXPECT_THAT(none.defects, ElementsAre(defect_at(60, "0 to 4", "77", "skips")));
}

TEST(Cedt, AWindowMustEndWithinTheAddresses) {
    const auto read = decode_cedt(cedt_with({window(0xFFFFFFFFFFFFF000, 0x2000, 0, number(1, 4))}));
    EXPECT_THAT(read.defects, ElementsAre(defect_at(44, "within 64 bits", "0x2000", "skips")));
}

TEST(Cedt, ShortStructuresAreDefects) {
    const auto read = decode_cedt(cedt_with({hex("00 00 08 00 07 00 00 00")}));
    ASSERT_TRUE(read.table);
    EXPECT_THAT(read.table->host_bridges, IsEmpty());
    EXPECT_THAT(read.defects, ElementsAre(defect_at(38, "32 bytes and more", "8", "skips")));
    EXPECT_FALSE(decode_cedt({}).table);
}

} // namespace
} // namespace hetmem::acpi
