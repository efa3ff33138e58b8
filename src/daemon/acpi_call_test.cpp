#include "daemon/acpi_call.hpp"

#include "tests/support/tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace hetmem::daemon {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

using namespace std::string_view_literals;

TEST(AcpiCallAnswer, IsABuffer) {
    const called got = parse_answer("{0x48, 0x4d, 0xFf}\0"sv);
    EXPECT_EQ(got.failure, "");
    EXPECT_EQ(got.buffer,
              (std::vector<std::byte>{std::byte{0x48}, std::byte{0x4d}, std::byte{0xff}}));
    EXPECT_THAT(parse_answer("{}").buffer, IsEmpty());
    EXPECT_EQ(parse_answer("{}").failure, "");
}

TEST(AcpiCallAnswer, ThatWasCutIsRefused) {
    for (const std::string_view cut : {"{0x48, 0x4d,"sv, "{0x48, 0x4d"sv, "{0x48, 0x4"sv, "{"sv}) {
        const called got = parse_answer(cut);
        EXPECT_THAT(got.failure, HasSubstr("larger than what acpi_call can return")) << cut;
        EXPECT_THAT(got.buffer, IsEmpty());
    }
    EXPECT_THAT(parse_answer("{0x48, 0x4d,").failure, HasSubstr("after 2 bytes"));
}

TEST(AcpiCallAnswer, TellsWhetherThereIsSuchAMethod) {
    EXPECT_TRUE(parse_answer("Error: AE_NOT_FOUND").no_such_method);
    const called failed = parse_answer("Error: AE_AML_LOOP_TIMEOUT");
    EXPECT_FALSE(failed.no_such_method);
    EXPECT_EQ(failed.failure, "it fails with AE_AML_LOOP_TIMEOUT");
}

TEST(AcpiCallAnswer, OtherThingsAreNoBuffer) {
    for (const std::string_view answer : {""sv, "not called"sv, "0x1234"sv, "\"HMAT\""sv,
                                          "[{0x48}, 0x1]"sv, "Object type 0x6\n"sv}) {
        EXPECT_EQ(parse_answer(answer).failure, "it returns no buffer") << answer;
    }
    EXPECT_NE(parse_answer("{0x48; 0x4d}").failure, "");
    EXPECT_NE(parse_answer("{72, 77}").failure, "");
}

TEST(AcpiCall, AModuleThatIsNotThereIsNamed) {
    const test::tree nothing;
    EXPECT_THAT(call_method(nothing.root() / "call", "\\_SB._HMA").failure, HasSubstr("/call: "));
}

} // namespace
} // namespace hetmem::daemon
