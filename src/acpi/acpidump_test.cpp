#include <acpi/acpidump.hpp>

#include <hetmem/error.hpp>

#include <gmock/gmock.h>

#include <cstddef>

namespace hetmem::acpi {
namespace {

using ::testing::HasSubstr;

/// As acpidump(8) prints it, the characters at the end on purpose looking like bytes.
constexpr std::string_view two_tables =
    "HMAT @ 0x0000000000000000\n"
    "    0000: 48 4D 41 54 28 00 00 00 02 00 41 41 41 41 41 41  41 42 43 44 45 46\n"
    "    0010: 42 42 42 42                                      BB 42\n"
    "\n"
    "SLIT @ 0x000000007FFE1AB0\n"
    "    0000: 53 4C\n";

std::string refusal(std::string_view text) {
    try {
        parse_acpidump(text, "dump.txt");
    } catch (const malformed_file& e) {
        return e.what();
    }
    return "accepted";
}

std::byte operator""_b(unsigned long long value) {
    return static_cast<std::byte>(value);
}

TEST(Acpidump, GivesEveryTableWithItsLine) {
    const auto tables = parse_acpidump(two_tables, "dump.txt");
    ASSERT_EQ(tables.size(), 2U);
    EXPECT_EQ(tables[0].signature, "HMAT");
    EXPECT_EQ(tables[0].line, 1U);
    ASSERT_EQ(tables[0].bytes.size(), 20U);
    EXPECT_EQ(tables[0].bytes[8], 2_b);
    EXPECT_EQ(tables[0].bytes[19], 0x42_b);
    EXPECT_EQ(tables[1].signature, "SLIT");
    EXPECT_EQ(tables[1].line, 5U);
    EXPECT_EQ(tables[1].bytes.size(), 2U);
}

TEST(Acpidump, TakesLineEndsOfOtherSystems) {
    std::string text;
    for (const char c : two_tables) {
        text += c == '\n' ? "\r\n" : std::string(1, c);
    }
    const auto tables = parse_acpidump(text, "dump.txt");
    ASSERT_EQ(tables.size(), 2U);
    EXPECT_EQ(tables[0].bytes, parse_acpidump(two_tables, "dump.txt")[0].bytes);
}

TEST(Acpidump, TellsTheLineOfWhatIsDamaged) {
    EXPECT_THAT(refusal(""), HasSubstr("dump.txt:1: no table"));
    EXPECT_THAT(refusal("\n\nhello\n"), HasSubstr("dump.txt:3: expected a heading"));
    EXPECT_THAT(refusal("HMAT @ 0x0\n\n"),
                HasSubstr("dump.txt:1: there are no bytes of this HMAT"));
    EXPECT_THAT(refusal("HMAT @ 0x0\n    0000: 48 4D\n    0010: 48\n"),
                HasSubstr("dump.txt:3: expected offset 0002, found 0010"));
    EXPECT_THAT(refusal("HMAT @ 0x0\n    0000: 48 4X\n"), HasSubstr("dump.txt:2: \"4X\""));
    EXPECT_THAT(refusal("HMAT @ 0x0\n    0000: 48 4D4D\n"), HasSubstr("dump.txt:2: \"4D4D\""));
    EXPECT_THAT(refusal("HMAT @ 0x0\n    48 4D\n"), HasSubstr("dump.txt:2: expected an offset"));
    EXPECT_THAT(refusal("HMAT @ 0x0\n    0000:\n"), HasSubstr("dump.txt:2: there are no bytes"));
}

} // namespace
} // namespace hetmem::acpi
