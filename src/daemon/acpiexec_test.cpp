#include "daemon/acpiexec.hpp"

#include "tests/support/aml.hpp"
#include "tests/support/tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include <unistd.h>

namespace hetmem::daemon {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// A program of our own in acpiexec's place. Its place can be reached by nobody.
class made_up_program {
public:
    explicit made_up_program(const std::string& script) {
        files_.write("acpiexec", "#!/bin/sh\n" + script);
        std::filesystem::permissions(path(), std::filesystem::perms{0755});
    }
    std::filesystem::path path() const { return files_.root() / "acpiexec"; }

private:
    test::tree files_;
};

acpiexec_runner::result run(const std::string& script, acpiexec_runner::limits most = {},
                            std::span<const kernel::unique_fd> aml = {}) {
    const made_up_program program(script);
    acpiexec_runner runner(program.path(), most);
    return runner.run("find _HMA", 0xFF, aml);
}

std::vector<kernel::unique_fd> one_file(std::string_view text) {
    std::vector<kernel::unique_fd> files;
    files.push_back(memory_file(std::as_bytes(std::span(text.data(), text.size()))));
    return files;
}

TEST(AcpiexecRunner, HandsOverCommandFillValueAndTables) {
    const auto files = one_file("the table");
    const auto ran = run(R"(echo "$1 $2 $3 $4 $5 $6"; cat "$7")", {}, files);
    EXPECT_EQ(ran.trouble, "");
    EXPECT_EQ(ran.output, "-fv 0xff -b find _HMA -to 2\nthe table");
}

TEST(AcpiexecRunner, TheProgramHasNoPrivilegesAndKnowsNothing) {
    const auto ran = run(R"sh(
        grep -E '^(Uid|Gid|Groups|CapEff|NoNewPrivs):' /proc/self/status
        echo "environment '$(tr '\0' ' ' < /proc/$$/environ)'"
    )sh");
    EXPECT_EQ(ran.trouble, "");
    EXPECT_THAT(ran.output, HasSubstr("CapEff:\t0000000000000000"));
    EXPECT_THAT(ran.output, HasSubstr("NoNewPrivs:\t1"));
    EXPECT_THAT(ran.output, HasSubstr("environment ''\n"));
    if (::geteuid() == 0) {
        EXPECT_THAT(ran.output, HasSubstr("Uid:\t65534\t65534\t65534\t65534"));
        EXPECT_THAT(ran.output, HasSubstr("Gid:\t65534\t65534\t65534\t65534"));
        EXPECT_THAT(ran.output, testing::ContainsRegex("Groups:\t *\n"));
    }
}

TEST(AcpiexecRunner, TheProgramWritesNoFiles) {
    const auto ran = run(R"sh(
        (trap '' XFSZ; echo x > /tmp/hetmem-acpiexec-test-$$) 2>&1 && echo written
        rm -f /tmp/hetmem-acpiexec-test-$$; echo done
    )sh");
    EXPECT_THAT(ran.output, testing::AllOf(Not(HasSubstr("written")), HasSubstr("done")));
}

TEST(AcpiexecRunner, ATableCannotBeChangedByTheProgram) {
    const auto files = one_file("the table");
    const auto ran = run(R"((echo x > "$7") 2>/dev/null; cat "$7")", {}, files);
    EXPECT_EQ(ran.output, "the table");
}

TEST(AcpiexecRunner, ItsExitStatusSaysNothing) {
    const auto ran = run("echo much; exit 3");
    EXPECT_EQ(ran.trouble, "");
    EXPECT_EQ(ran.output, "much\n");
}

TEST(AcpiexecRunner, TimeIsLimitedAlsoForWhatItStarts) {
    acpiexec_runner::limits most;
    most.time = 100ms;
    // Children inherit the pipe: if they lived on, reading would not end.
    const auto ran = run("echo before; sleep 1000 & sleep 1000", most);
    EXPECT_EQ(ran.trouble, "it took more than 100 ms and was ended");
    EXPECT_EQ(ran.output, "before\n");
}

TEST(AcpiexecRunner, WhatClosesItsOutputAndGoesOnIsEndedToo) {
    acpiexec_runner::limits most;
    most.time = 100ms;
    EXPECT_THAT(run("exec >/dev/null; sleep 1000", most).trouble, HasSubstr("more than 100 ms"));
}

TEST(AcpiexecRunner, OutputIsLimited) {
    acpiexec_runner::limits most;
    most.output = 64 << 10;
    const auto ran = run("while echo 0123456789012345678901234567890123456789; do :; done", most);
    EXPECT_EQ(ran.trouble, "it printed more than 64 KiB");
}

TEST(AcpiexecRunner, TellsOfAnEndBySignal) {
    EXPECT_EQ(run("kill -SEGV $$").trouble, "signal 11 ended it");
}

TEST(AcpiexecRunner, AProgramThatIsNotThereIsNamed) {
    acpiexec_runner runner("/nowhere/acpiexec");
    EXPECT_EQ(runner.run("find _HMA", 0, {}).trouble, "/nowhere/acpiexec cannot be run");
}

TEST(AcpiexecRunner, RunsAgainAfterEveryKindOfEnd) {
    const made_up_program program(R"(
        case $4 in hang) sleep 1000;; crash) kill -KILL $$;; flood) while echo xxxxxxxx; do :; done;;
        esac
        echo "did $4")");
    acpiexec_runner::limits most;
    most.time = 200ms;
    most.output = 1 << 10;
    acpiexec_runner runner(program.path(), most);
    for (const char* const trouble : {"hang", "crash", "flood", "hang"}) {
        EXPECT_NE(runner.run(trouble, 0, {}).trouble, "") << trouble;
        EXPECT_EQ(runner.run("work", 0, {}).output, "did work\n") << "after " << trouble;
    }
}

TEST(AcpiexecRunner, MoreTablesThanCanBeHandedOverAreRefused) {
    std::vector<kernel::unique_fd> files;
    const kernel::unique_fd one = memory_file({});
    for (unsigned i = 0; i < 251; ++i) {
        files.emplace_back(::dup(one.get()));
    }
    EXPECT_THAT(run("echo x", {}, files).trouble, HasSubstr("at most 250 tables, not 251"));
    files.pop_back();
    EXPECT_EQ(run("shift 6; for f; do test -r $f && echo readable; done | wc -l", {}, files).output,
              "250\n");
}

TEST(Acpiexec, EvaluatesWhatItIsGiven) {
    namespace aml = test::aml;
    const auto program = find_acpiexec();
    if (program.empty()) {
        GTEST_SKIP() << "acpiexec is not installed (acpica-tools)";
    }
    const std::vector<std::byte> wanted(300, std::byte{0x42});
    std::vector<kernel::unique_fd> files;
    files.push_back(memory_file(aml::table(
        "SSDT", aml::scope("_SB_", aml::method("_HMA", aml::returns(aml::buffer(wanted))) +
                                       aml::device("MEM0", aml::named("_HMA", aml::buffer({})))))));
    acpiexec_runner runner(program);
    EXPECT_THAT(parse_found(runner.run("find _HMA", 0, files).output, 16),
                testing::ElementsAre("\\_SB._HMA", "\\_SB.MEM0._HMA"));
    const auto ran = runner.run("evaluate \\_SB._HMA", 0, files);
    EXPECT_EQ(ran.trouble, "");
    const evaluated got = parse_evaluation(ran.output, "\\_SB._HMA");
    EXPECT_EQ(got.failure, "") << ran.output;
    EXPECT_EQ(got.buffer, wanted);
}

} // namespace
} // namespace hetmem::daemon
