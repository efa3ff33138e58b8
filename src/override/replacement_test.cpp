#include "override/replacement.hpp"

#include <acpi/header.hpp>

#include <hetmem/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hetmem::detail {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using bytes = std::vector<std::byte>;

bytes table(std::string_view oem_id, std::uint32_t revision, std::string_view signature = "HMAT") {
    acpi::table_header header = acpi::make_header(signature, 2);
    std::copy_n(oem_id.begin(), header.oem_id.size(), header.oem_id.begin());
    header.oem_revision = revision;
    return acpi::with_header(bytes(64, std::byte{3}), header);
}

std::string refusal(const bytes& given, const bytes& in_force, bool keep_oem = false) {
    try {
        prepare_table("HMAT", "new.aml", given, in_force, keep_oem);
        return "";
    } catch (const error& e) {
        EXPECT_EQ(e.code().value(), EINVAL);
        return e.what();
    }
}

TEST(replacement, gets_the_ids_of_the_table_in_force_and_a_higher_revision) {
    const bytes firmwares = table("BOCHS ", 7);
    const prepared_table made = prepare_table("HMAT", "n", table("MYOWN ", 1), firmwares, false);
    const auto header = acpi::read_header(made.bytes);
    ASSERT_TRUE(header);
    EXPECT_EQ(acpi::field_text(header->oem_id), "BOCHS");
    EXPECT_EQ(header->oem_revision, 8U);
    EXPECT_EQ(acpi::byte_sum(made.bytes), 0);
    EXPECT_THAT(made.remarks, ElementsAre(HasSubstr("\"MYOWN\" \"HETMEM\""),
                                          HasSubstr("the table in force has 7, and it gets 8")));
    EXPECT_EQ(made.record, (overridden_table{"HMAT", "BOCHS", "HETMEM", 8, 64, 7}));
}

TEST(replacement, that_fits_stays_as_it_is) {
    const bytes ours = table("BOCHS ", 9);
    const prepared_table made = prepare_table("HMAT", "n", ours, table("BOCHS ", 7), true);
    EXPECT_EQ(made.bytes, ours);
    EXPECT_THAT(made.remarks, IsEmpty());
}

TEST(replacement, of_no_table_is_added_under_any_name) {
    const bytes ours = table("MYOWN ", 1);
    const prepared_table made = prepare_table("HMAT", "n", ours, {}, true);
    EXPECT_EQ(made.bytes, ours);
    EXPECT_THAT(made.remarks, ElementsAre(HasSubstr("has no HMAT")));
    EXPECT_FALSE(made.record.replaces);
}

TEST(replacement, has_its_checksum_put_right) {
    bytes ours = table("BOCHS ", 9);
    ours[50] = std::byte{200};
    const prepared_table made = prepare_table("HMAT", "n", ours, table("BOCHS ", 7), false);
    EXPECT_EQ(acpi::byte_sum(made.bytes), 0);
    EXPECT_EQ(made.bytes[50], std::byte{200});
    EXPECT_THAT(made.remarks, ElementsAre(HasSubstr("checksum")));
    EXPECT_THAT(refusal(ours, table("BOCHS ", 7), true), HasSubstr("checksum"));
}

TEST(replacement, is_refused_with_the_reason) {
    const bytes firmwares = table("BOCHS ", 7);
    EXPECT_THAT(refusal(table("BOCHS ", 8), table("BOCHS ", 0xFFFFFFFF)),
                HasSubstr("highest OEM revision"));
    EXPECT_THAT(refusal(table("MYOWN ", 8), firmwares, true), HasSubstr("further table"));
    EXPECT_THAT(refusal(table("BOCHS ", 7), firmwares, true), HasSubstr("higher"));
    EXPECT_THAT(refusal(table("BOCHS ", 8, "SRAT"), firmwares), HasSubstr("signature HMAT"));
    EXPECT_THAT(refusal(bytes(10), firmwares), HasSubstr("signature HMAT"));
    bytes cut = table("BOCHS ", 8);
    cut.resize(60);
    EXPECT_THAT(refusal(cut, firmwares), HasSubstr("says that it has 64 bytes, and has 60"));
    EXPECT_THAT(refusal(cut, firmwares), HasSubstr("new.aml: "));
}

} // namespace
} // namespace hetmem::detail
