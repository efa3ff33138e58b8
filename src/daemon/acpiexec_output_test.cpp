#include "daemon/acpiexec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hetmem::daemon {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// As acpiexec 20200925 prints it.
constexpr std::string_view found = R"(
Initializing Device/Processor/Thermal objects and executing _INI/_STA methods:
    Executed 0 _INI methods requiring 0 _STA executions (examined 3 objects)

                       \_SB._HMA Method       0x5639d24468c0 002 Args 0 Len 0005 Aml 0x5639d2446133
                  \_SB.MEM0._HMA Buffer       0x5639d2446b20 002 Len 03 = 01 02 03
ACPI: No outstanding allocations
)";

std::string returned(std::string_view rest) {
    return "\nEvaluating \\_SB._HMA\nEvaluation of \\_SB._HMA returned object 0x562f8f1d1d60, "
           "external buffer length 40\n" +
           std::string(rest) + "\n\nACPI: No outstanding allocations\n";
}

std::vector<std::byte> bytes(std::initializer_list<int> values) {
    std::vector<std::byte> out;
    for (const int value : values) {
        out.push_back(static_cast<std::byte>(value));
    }
    return out;
}

TEST(ParseFound, ListsMethodsAndNamesByTheirPaths) {
    EXPECT_THAT(parse_found(found, 16), ElementsAre("\\_SB._HMA", "\\_SB.MEM0._HMA"));
    EXPECT_THAT(parse_found(found, 1), ElementsAre("\\_SB._HMA"));
}

TEST(ParseFound, TakesNothingThatIsNoPath) {
    EXPECT_THAT(parse_found("", 16), IsEmpty());
    EXPECT_THAT(parse_found("\\_SB.XHMA Method\n_SB._HMA Method\n\\_SB;quit._HMA\n\\_SB..._HMA x\n"
                            "\\_SB.TOOLONG._HMA x\n\\_SB.low._HMA x\nACPI: \\_SB._HMA\n",
                            16),
                IsEmpty());
    EXPECT_THAT(parse_found("\\_HMA Method\n", 16), ElementsAre("\\_HMA"));
}

TEST(ParseEvaluation, TakesAShortBuffer) {
    const evaluated got = parse_evaluation(
        returned("  [Buffer] Length 03 =     0000: 01 fF 03                   // ..."),
        "\\_SB._HMA");
    EXPECT_EQ(got.failure, "");
    EXPECT_EQ(got.buffer, bytes({1, 0xFF, 3}));
}

TEST(ParseEvaluation, TakesALongBuffer) {
    const evaluated got = parse_evaluation(
        returned("  [Buffer] Length 12 = \n"
                 "    0000: 48 4D 41 54 01 02 03 00 00 00 00 00 00 00 00 00  // HMAT............\n"
                 "    0010: 2F 2F                                            // //"),
        "\\_SB._HMA");
    EXPECT_EQ(got.failure, "");
    ASSERT_EQ(got.buffer.size(), 18U);
    EXPECT_EQ(got.buffer[0], std::byte{'H'});
    EXPECT_EQ(got.buffer[17], std::byte{'/'});
}

TEST(ParseEvaluation, AnEmptyBufferIsOne) {
    const evaluated got = parse_evaluation(returned("  [Buffer] Length 00 = "), "\\_SB._HMA");
    EXPECT_EQ(got.failure, "");
    EXPECT_THAT(got.buffer, IsEmpty());
}

TEST(ParseEvaluation, ABufferThatIsTooLargeIsRefusedByName) {
    const evaluated got = parse_evaluation(
        "\nEvaluating \\_SB._HMA\n"
        "ACPI Error: Possible buffer overflow within AML Debugger buffer (size 0x4000 needed "
        "0x4298) (20200925/dbexec-231)\n"
        "Evaluation of \\_SB._HMA failed with status AE_BUFFER_OVERFLOW\n",
        "\\_SB._HMA");
    EXPECT_EQ(got.failure, "it is larger than the 16 KiB that acpiexec can return");
}

TEST(ParseEvaluation, TellsWhyThereIsNoBuffer) {
    const auto why = [](std::string_view output) {
        return parse_evaluation(output, "\\_SB._HMA").failure;
    };
    EXPECT_EQ(why("\nEvaluation of \\_SB._HMA failed with status AE_AML_LOOP_TIMEOUT\n"),
              "it fails with AE_AML_LOOP_TIMEOUT");
    EXPECT_EQ(why("\nNo object was returned from evaluation of \\_SB._HMA\n"),
              "it returns nothing");
    EXPECT_EQ(why(returned("  [Integer] = 0000000000001234")),
              "it returns no buffer but [Integer]");
    EXPECT_EQ(why(""), "acpiexec printed no result");
    EXPECT_EQ(why("\nEvaluation of \\_SB.MEM0._HMA failed with status AE_NOT_FOUND\n"),
              "acpiexec printed no result");
}

TEST(ParseEvaluation, WhatTheMethodPrintsIsNotItsResult) {
    const evaluated got = parse_evaluation(
        "\nEvaluating \\_SB._HMA\nACPI Debug:  \"x\nEvaluation of \\_SB._HMA returned object 0x1\n"
        "  [Buffer] Length 01 =     0000: 00 // .\"\n" +
            returned("  [Buffer] Length 01 =     0000: 55                 // U"),
        "\\_SB._HMA");
    EXPECT_EQ(got.buffer, bytes({0x55}));
}

TEST(ParseEvaluation, ADamagedDumpIsNoBuffer) {
    for (const std::string_view dump :
         {"  [Buffer] Length 03 =     0000: 01 02          // ..",
          "  [Buffer] Length 02 =     0000: 01 02 03       // ...",
          "  [Buffer] Length 02 =     0001: 01 02          // ..",
          "  [Buffer] Length 02 =     0000: 01 2           // ..",
          "  [Buffer] Length 02 =     0000: 01 0G          // ..",
          "  [Buffer] Length FFFFFFFFFFFFFFFF =     0000: 01 02          // ..",
          "  [Buffer] Length 100000000 = ", "  [Buffer] Length", "  [Buffer] Size 02 = 01 02",
          "  [Buffer] Length 12 = \n    0000: 48 4D 41 54 01 02 03 00 00 00 00 00 00 00 00 00 "
          "//"}) {
        const evaluated got = parse_evaluation(returned(dump), "\\_SB._HMA");
        EXPECT_THAT(got.failure, HasSubstr("no buffer")) << dump;
        EXPECT_THAT(got.buffer, IsEmpty()) << dump;
    }
}

} // namespace
} // namespace hetmem::daemon
