#include <acpi/header.hpp>

#include <acpi/test_bytes.hpp>

#include <gtest/gtest.h>

#include <string>

namespace hetmem::acpi {
namespace {

TEST(ByteSum, AddsEveryByteModulo256) {
    EXPECT_EQ(byte_sum({}), 0);
    EXPECT_EQ(byte_sum(hex("01 02 03")), 6);
    EXPECT_EQ(byte_sum(hex("FF 02")), 1);
    // Long enough that a sum by machine words must empty its lanes, and not a whole number of
    // words.
    for (const std::size_t size : {7U, 8U, 1023U, 1024U, 1025U, 100'003U}) {
        const bytes all_ones(size, std::byte{0xFF});
        EXPECT_EQ(byte_sum(all_ones), static_cast<std::uint8_t>(0U - size)) << size;
    }
}

TEST(FieldText, ShowsWhatCanBePrinted) {
    EXPECT_EQ(field_text(std::string("ACPI0016")), "ACPI0016");
    EXPECT_EQ(field_text(std::string("AB  \0ZZ", 7)), "AB");
    EXPECT_EQ(field_text(std::string("\x1b[0m\xff", 5)), "?[0m?");
    EXPECT_EQ(field_text({}), "");
}

TEST(SignatureOf, NeedsFourBytes) {
    EXPECT_EQ(signature_of(hex("48 4D 41 54 00")), "HMAT");
    EXPECT_EQ(signature_of(hex("48 4D 41")), "");
}

TEST(MakeHeader, FillsUpWithSpaces) {
    const table_header header = make_header("SRAT", 3);
    EXPECT_EQ(std::string(header.signature.begin(), header.signature.end()), "SRAT");
    EXPECT_EQ(header.revision, 3);
    EXPECT_EQ(field_text(header.oem_table_id), "HETMEM");
}

TEST(ReadHeader, GivesBackWhatWithHeaderWrote) {
    bytes table(50, std::byte{7});
    table_header header = make_header("HMAT", 2);
    header.oem_revision = 5;
    const bytes changed = with_header(table, header);
    ASSERT_EQ(changed.size(), 50U);
    EXPECT_EQ(byte_sum(changed), 0);
    EXPECT_EQ(changed[49], std::byte{7});
    const auto read = read_header(changed);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->length, 50U);
    EXPECT_EQ(read->oem_revision, 5U);
    EXPECT_EQ(read->oem_id, header.oem_id);
    EXPECT_FALSE(read_header(std::span(table).first(35)));
    EXPECT_EQ(with_header(std::span(table).first(35), header).size(), 35U);
}

} // namespace
} // namespace hetmem::acpi
