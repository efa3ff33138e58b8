#include <acpi/table_values.hpp>

#include <acpi/test_bytes.hpp>

#include <limits>

namespace hetmem::acpi {
namespace {

std::string figure_text(data_type kind, std::uint64_t value) {
    std::string text;
    append_figure(text, kind, value);
    return text;
}

TEST(TableValues, FiguresAreExactDecimals) {
    EXPECT_EQ(figure_text(data_type::read_latency, 250'500), "250.5");
    EXPECT_EQ(figure_text(data_type::read_latency, 1), "0.001");
    EXPECT_EQ(figure_text(data_type::access_bandwidth, 61'400'000'000), "61400");
    EXPECT_EQ(figure_text(data_type::access_bandwidth, 100'000), "0.1");
    for (const std::uint64_t value :
         {std::uint64_t{1}, std::uint64_t{999}, std::uint64_t{1'000'001},
          std::numeric_limits<std::uint64_t>::max()}) {
        for (const data_type kind : {data_type::read_latency, data_type::read_bandwidth}) {
            EXPECT_EQ(figure_from(figure_text(kind, value), kind), value);
        }
    }
}

TEST(TableValues, WhatIsNoFigureIsRefused) {
    for (const char* const text : {"", ".", "1.", "-1", "1e3", "1.0005", "1 ", "x",
                                   "18446744073709552", "99999999999999999999"}) {
        EXPECT_EQ(figure_from(text, data_type::read_latency), std::nullopt) << text;
    }
    EXPECT_EQ(figure_from("1.500000", data_type::read_latency), 1500U);
}

TEST(TableValues, CharactersKeepEveryByte) {
    for (const bytes& field : {hex("42 4F 43 48 53 20"), hex("41 00 42 00 00 00"),
                               hex("FF 80 7F C2 00 00"), hex("00 00 00 00 00 00")}) {
        EXPECT_EQ(field_from(characters_of(field), field.size()), field);
    }
    EXPECT_EQ(characters_of(hex("51 45 4D 55 00 00")), "QEMU");
    EXPECT_EQ(field_from("seven77", 6), std::nullopt);
    EXPECT_EQ(field_from("\xE2\x82\xAC", 6), std::nullopt); // a euro sign is no byte
}

TEST(TableValues, HandlesAreWordsOnlyWhereWordsKeepEveryBit) {
    const bytes pci = join({hex("01 00 18 5D"), bytes(12)});
    EXPECT_EQ(handle_text(1, pci), "pci 0001:5d:03.0");
    const bytes named = join({hex("41 43 50 49 30 30 31 36"), number(4, 4), bytes(4)});
    EXPECT_EQ(handle_text(0, named), "acpi ACPI0016:4");
    bytes strange = pci;
    put(strange, 15, 1, 1);
    EXPECT_EQ(handle_text(1, strange), to_hex(strange));
    EXPECT_EQ(handle_text(7, pci), to_hex(pci));
    for (const auto& [type, handle] : {std::pair{1, pci}, {0, named}, {1, strange}, {7, pci}}) {
        const auto again = handle_from(handle_text(static_cast<std::uint8_t>(type), handle));
        ASSERT_TRUE(again);
        EXPECT_TRUE(std::ranges::equal(std::as_bytes(std::span(*again)), handle));
    }
    EXPECT_EQ(handle_from("pci 0000:00:20.0"), std::nullopt);
    EXPECT_EQ(handle_from("acpi TOOLONGNAME:1"), std::nullopt);
    EXPECT_EQ(handle_from("00 01"), std::nullopt);
}

} // namespace
} // namespace hetmem::acpi
