#include "daemon/evaluator.hpp"

#include "daemon/acpiexec.hpp"
#include "tests/support/aml.hpp"
#include "tests/support/tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace hetmem::daemon {
namespace {

namespace aml = test::aml;
using test::tree;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using effort = evaluator::effort;

constexpr const char* place = "sys/firmware/acpi/tables/SSDT1";

std::vector<std::byte> filled(std::size_t size, unsigned value) {
    return std::vector<std::byte>(size, static_cast<std::byte>(value));
}

aml::code hma(const aml::code& value) {
    return aml::method("_HMA", aml::returns(value));
}

/// A machine whose SSDT has this below \_SB.
tree firmware_with(const aml::code& body) {
    tree machine;
    machine.write(place, aml::table("SSDT", aml::scope("_SB_", body)));
    return machine;
}

evaluation by_acpiexec(const tree& machine) {
    const kernel::rooted_reader reader(machine.root());
    evaluator hma_of(reader, {{}, find_acpiexec()});
    return hma_of.evaluate(reader, effort::if_changed);
}

/// What the kernel would answer for each path; "not found" for all others.
evaluation by_kernel(tree& machine, const std::map<std::string, called>& answers,
                     const std::filesystem::path& acpiexec = {}) {
    unsigned number = 0;
    for (const auto& [path, answer] : answers) {
        machine.write("sys/bus/acpi/devices/PNP0C80:0" + std::to_string(number++) + "/path",
                      path.substr(0, path.rfind('.')) + "\n");
    }
    const kernel::rooted_reader reader(machine.root());
    evaluator hma_of(reader, {[&](std::string_view path) {
                                  const auto known = answers.find(std::string(path));
                                  called none;
                                  none.no_such_method = true;
                                  none.failure = "it fails with AE_NOT_FOUND";
                                  return known == answers.end() ? none : known->second;
                              },
                              acpiexec});
    return hma_of.evaluate(reader, effort::if_changed);
}

called returned(std::vector<std::byte> buffer) {
    called out;
    out.buffer = std::move(buffer);
    return out;
}
called failed(std::string why) {
    called out;
    out.failure = std::move(why);
    return out;
}

class EvaluatorByAcpiexec : public testing::Test {
protected:
    void SetUp() override {
        if (find_acpiexec().empty()) {
            GTEST_SKIP() << "acpiexec is not installed (acpica-tools)";
        }
    }
};

TEST(Evaluator, RunsNothingWhereThereIsNoMethod) {
    tree machine = firmware_with(aml::method("_HMX", aml::returns("\x01")));
    const kernel::rooted_reader reader(machine.root());
    evaluator none(reader, {[](std::string_view) -> called { throw std::runtime_error("asked"); },
                            "/nowhere/acpiexec"});
    const evaluation result = none.evaluate(reader, effort::again);
    EXPECT_FALSE(result.has_method);
    EXPECT_FALSE(result.table);
    EXPECT_THAT(result.refused, IsEmpty());
}

TEST(Evaluator, SaysWhatToInstallWhenNothingEvaluates) {
    tree machine = firmware_with(hma(aml::buffer(filled(4, 1))));
    const kernel::rooted_reader reader(machine.root());
    evaluator nothing(reader, evaluation_ways{});
    const evaluation result = nothing.evaluate(reader, effort::if_changed);
    EXPECT_TRUE(result.has_method);
    EXPECT_FALSE(result.table);
    EXPECT_THAT(result.refused, ElementsAre(testing::AllOf(HasSubstr("acpica-tools"),
                                                           HasSubstr("hetmem adopt FILE"))));
}

TEST(Evaluator, AMethodThatCameLaterNeedsARestart) {
    tree machine = firmware_with(aml::code());
    const kernel::rooted_reader reader(machine.root());
    evaluator early(reader, {{}, "/usr/bin/acpiexec"});
    EXPECT_FALSE(early.evaluate(reader, effort::if_changed).has_method);
    machine.write("sys/firmware/acpi/tables/dynamic/SSDT9",
                  aml::table("SSDT", aml::scope("_SB_", hma(aml::buffer(filled(4, 1))))));
    const evaluation result = early.evaluate(reader, effort::if_changed);
    EXPECT_TRUE(result.has_method);
    EXPECT_THAT(result.refused, ElementsAre(HasSubstr("restart hetmemd")));
}

TEST_F(EvaluatorByAcpiexec, ReturnsTheTableAndWhatItIsWorth) {
    const evaluation result = by_acpiexec(firmware_with(hma(aml::buffer(filled(5000, 0x5A)))));
    EXPECT_TRUE(result.has_method);
    EXPECT_THAT(result.refused, IsEmpty());
    EXPECT_THAT(result.remarks, IsEmpty());
    EXPECT_EQ(result.table, filled(5000, 0x5A));
    EXPECT_THAT(result.from, HasSubstr("\\_SB._HMA, evaluated by acpiexec outside of the kernel"));
    EXPECT_THAT(result.from, HasSubstr("do not depend on hardware"));
}

TEST_F(EvaluatorByAcpiexec, AMethodThatReadsHardwareIsRefused) {
    const evaluation result = by_acpiexec(firmware_with(aml::memory_field("DATA", 0xF0000000U, 64) +
                                                        aml::method("_HMA", aml::returns("DATA"))));
    EXPECT_FALSE(result.table);
    EXPECT_THAT(result.refused, ElementsAre("\\_SB._HMA: it reads hardware, which acpiexec only "
                                            "imitates"));
}

TEST_F(EvaluatorByAcpiexec, ATableThatIsTooLargeIsRefusedByName) {
    const evaluation result = by_acpiexec(firmware_with(hma(aml::buffer(filled(17000, 1)))));
    EXPECT_FALSE(result.table);
    EXPECT_THAT(result.refused,
                ElementsAre("\\_SB._HMA: it is larger than the 16 KiB that acpiexec can return"));
}

TEST_F(EvaluatorByAcpiexec, TheMethodOfTheSystemGoesBeforeThoseOfDevices) {
    const evaluation result = by_acpiexec(firmware_with(
        aml::device("MEM0", hma(aml::buffer(filled(8, 2)))) +
        aml::device("MEM1", hma(aml::buffer(filled(8, 1)))) + hma(aml::buffer(filled(8, 1)))));
    EXPECT_EQ(result.table, filled(8, 1));
    EXPECT_THAT(result.refused, IsEmpty());
    EXPECT_THAT(result.remarks, ElementsAre(HasSubstr("\\_SB.MEM0._HMA returns another table")));
}

TEST_F(EvaluatorByAcpiexec, DevicesThatAgreeNeedNoMethodOfTheSystem) {
    const evaluation result =
        by_acpiexec(firmware_with(aml::device("MEM0", hma(aml::buffer(filled(8, 2)))) +
                                  aml::device("MEM1", hma(aml::buffer(filled(8, 2))))));
    EXPECT_EQ(result.table, filled(8, 2));
    EXPECT_THAT(result.from, HasSubstr("\\_SB.MEM0._HMA"));
}

TEST_F(EvaluatorByAcpiexec, DevicesThatContradictEachOtherAreRefused) {
    const evaluation result =
        by_acpiexec(firmware_with(aml::device("MEM0", hma(aml::buffer(filled(8, 2)))) +
                                  aml::device("MEM1", hma(aml::buffer(filled(8, 3))))));
    EXPECT_FALSE(result.table);
    EXPECT_THAT(result.refused,
                ElementsAre(HasSubstr("\\_SB.MEM0._HMA and \\_SB.MEM1._HMA return different "
                                      "tables")));
}

TEST_F(EvaluatorByAcpiexec, AFailureOfTheSystemsMethodIsNotPaperedOver) {
    const evaluation result = by_acpiexec(firmware_with(
        aml::device("MEM0", hma(aml::buffer(filled(8, 2)))) + aml::method("_HMA", aml::code())));
    EXPECT_FALSE(result.table);
    EXPECT_THAT(result.refused, ElementsAre("\\_SB._HMA: it returns nothing"));
}

TEST_F(EvaluatorByAcpiexec, AMethodThatNeverEndsIsEnded) {
    const evaluation result = by_acpiexec(firmware_with(aml::method("_HMA", aml::endless_loop())));
    EXPECT_FALSE(result.table);
    EXPECT_THAT(result.refused, ElementsAre("\\_SB._HMA: it fails with AE_AML_LOOP_TIMEOUT"));
}

TEST(Evaluator, RunsAcpiexecOnceForTheSameAmlUnlessAsked) {
    // Counts its runs by what it returns; it may not write files, so the test's own does.
    tree machine = firmware_with(hma(aml::buffer(filled(1, 1))));
    tree program({{"acpiexec", R"sh(#!/bin/sh
case "$4" in
*find*) echo ' \_SB._HMA Method';;
esac
case "$4" in
*evaluate*) printf '\nEvaluation of \\_SB._HMA returned object 0x1, external\n  [Buffer] Length 01 =     0000: ';
   printf '%s // .\n' "$(cat "${0%/*}/value")";;
esac
)sh"},
                  {"value", "11"}});
    std::filesystem::permissions(program.root() / "acpiexec", std::filesystem::perms{0755});
    const kernel::rooted_reader reader(machine.root());
    evaluator hma_of(reader, {{}, program.root() / "acpiexec"});
    EXPECT_EQ(hma_of.evaluate(reader, effort::if_changed).table, filled(1, 0x11));

    program.write("value", "22");
    EXPECT_EQ(hma_of.evaluate(reader, effort::if_changed).table, filled(1, 0x11)) << "kept";
    EXPECT_EQ(hma_of.evaluate(reader, effort::again).table, filled(1, 0x22));

    program.write("value", "33");
    machine.write(place, aml::table("SSDT", aml::scope("_SB_", hma(aml::buffer(filled(2, 1))))));
    EXPECT_EQ(hma_of.evaluate(reader, effort::if_changed).table, filled(1, 0x33)) << "other AML";
}

/// In place of acpiexec. Finds two methods, which fail with zeros and work with ones.
constexpr const char* program_that_fails_first = R"sh(#!/bin/sh
case "$4" in
*find*) printf ' \\_SB._HMA Method\n \\_SB.MEM0._HMA Method\n';;
esac
test "$2" = 0xff || exit 0
printf '\nEvaluation of \\_SB._HMA returned object 0x1, external\n  [Buffer] Length 01 =     0000: 11 // .\n'
)sh";

class EvaluatorWithAProgram : public testing::Test {
protected:
    void SetUp() override {
        std::filesystem::permissions(program_.root() / "acpiexec", std::filesystem::perms{0755});
    }
    evaluation evaluate(std::chrono::milliseconds time) {
        const kernel::rooted_reader reader(machine_.root());
        evaluator hma_of(reader, {{}, program_.root() / "acpiexec", time});
        return hma_of.evaluate(reader, effort::if_changed);
    }

    tree machine_ = firmware_with(hma(aml::buffer(filled(1, 1))));
    tree program_{{{"acpiexec", program_that_fails_first}}};
};

TEST_F(EvaluatorWithAProgram, AFailureIsToldForWhatItIs) {
    EXPECT_THAT(evaluate(std::chrono::seconds(20)).refused,
                ElementsAre(testing::AllOf(HasSubstr("\\_SB._HMA: "),
                                           testing::Not(HasSubstr("it reads hardware")))));
}

TEST_F(EvaluatorWithAProgram, MethodsForWhichNoTimeIsLeftAreNamed) {
    const evaluation result = evaluate(std::chrono::seconds(0));
    EXPECT_FALSE(result.table);
    EXPECT_THAT(result.refused, ElementsAre(HasSubstr("\\_SB._HMA: not evaluated: the 0 ms")));
    EXPECT_THAT(result.remarks, ElementsAre(HasSubstr("\\_SB.MEM0._HMA: not evaluated")));
}

TEST(EvaluatorByKernel, IsAskedFirstAndForDevicesToo) {
    tree machine = firmware_with(hma(aml::buffer(filled(4, 1))));
    const evaluation result = by_kernel(machine, {{"\\_SB._HMA", returned(filled(4, 7))},
                                                  {"\\_SB.PCI0.M_1._HMA", returned(filled(4, 8))}});
    EXPECT_EQ(result.table, filled(4, 7));
    EXPECT_EQ(result.from, "\\_SB._HMA, executed by the kernel (acpi_call)");
    EXPECT_THAT(result.remarks, ElementsAre(HasSubstr("\\_SB.PCI0.M_1._HMA returns another")));
}

TEST(EvaluatorByKernel, FindsNoMethodWhereOnlyTheNameIs) {
    tree machine = firmware_with(hma(aml::buffer(filled(4, 1))));
    const evaluation result = by_kernel(machine, {});
    EXPECT_FALSE(result.table);
    EXPECT_THAT(result.refused, ElementsAre(HasSubstr("acpi_call finds no _HMA")));
}

TEST_F(EvaluatorByAcpiexec, HelpsOutWhereTheModulesAnswerIsCut) {
    tree machine = firmware_with(hma(aml::buffer(filled(900, 1))));
    const evaluation result =
        by_kernel(machine, {{"\\_SB._HMA", failed("it is larger than what acpi_call can return")}},
                  find_acpiexec());
    EXPECT_EQ(result.table, filled(900, 1));
    EXPECT_THAT(result.from, HasSubstr("acpiexec"));
    EXPECT_THAT(result.remarks, ElementsAre(HasSubstr("by acpi_call: \\_SB._HMA: it is larger")));
}

} // namespace
} // namespace hetmem::daemon
