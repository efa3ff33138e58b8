#include "measure/disturbance.hpp"

#include "kernel/calls.hpp"
#include "tests/support/tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <ctime>
#include <stdexcept>
#include <string>
#include <vector>

#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hetmem::detail {
namespace {

using ::testing::HasSubstr;

struct cpu_ticks {
    unsigned user = 0;
    unsigned idle = 0;
    unsigned steal = 0;
};

/// /proc/stat of a machine whose CPUs 0, 1, ... did this since its start.
std::string stat(const std::vector<cpu_ticks>& cpus) {
    std::string text = "cpu  1 2 3 4 5 6 7 8 9 10\n";
    for (std::size_t cpu = 0; cpu < cpus.size(); ++cpu) {
        const cpu_ticks& t = cpus[cpu];
        text += "cpu" + std::to_string(cpu) + " " + std::to_string(t.user) + " 0 0 " +
                std::to_string(t.idle) + " 0 0 0 " + std::to_string(t.steal) + " 0 0\n";
    }
    return text + "intr 12345 0 0\nctxt 99\n";
}

std::string psi(unsigned microseconds) {
    return "some avg10=0.00 avg60=0.00 avg300=0.00 total=" + std::to_string(microseconds) +
           "\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=777777777\n";
}

/// A machine of two CPUs, of which CPU 1 measures; a second passes.
class Disturbance : public ::testing::Test {
protected:
    Disturbance() {
        machine_.write("proc/stat", stat({{1000, 5000, 10}, {2000, 4000, 20}}));
        machine_.write("proc/pressure/cpu", psi(1'000'000));
        machine_.write("proc/pressure/memory", psi(2'000'000));
    }
    quiet_verdict after(const std::vector<test::tree::file>& changes) {
        const kernel::rooted_reader reader(machine_.root());
        const disturbance_watch watch(reader, *id_set::parse("1"));
        for (const auto& [path, contents] : changes) {
            machine_.write(path, contents);
        }
        return watch.verdict();
    }
    static test::tree::file quiet_second() {
        return {"proc/stat", stat({{1000, 5100, 10}, {2002, 4098, 20}})};
    }

    test::tree machine_;
};

TEST_F(Disturbance, NothingElseRan) {
    const quiet_verdict said = after({quiet_second()});
    EXPECT_EQ(said.verdict, interference::quiet);
    EXPECT_EQ(said.why, "");
}

TEST_F(Disturbance, AnotherProgramOnTheCpu) {
    const quiet_verdict said = after({{"proc/stat", stat({{1000, 5100, 10}, {2040, 4060, 20}})}});
    EXPECT_EQ(said.verdict, interference::disturbed);
    EXPECT_EQ(said.why, "other programs took 40 % of CPU 1");
}

TEST_F(Disturbance, TheHostTookTheCpu) {
    const quiet_verdict said = after({{"proc/stat", stat({{1000, 5100, 10}, {2000, 4070, 50}})}});
    EXPECT_EQ(said.verdict, interference::disturbed);
    EXPECT_EQ(said.why, "the host took 30 % of CPU 1");
}

TEST_F(Disturbance, OtherCpusWereBusy) {
    const quiet_verdict said = after({{"proc/stat", stat({{1090, 5010, 10}, {2000, 4100, 20}})}});
    EXPECT_EQ(said.verdict, interference::disturbed);
    EXPECT_EQ(said.why, "0.9 other CPUs were busy");
}

TEST_F(Disturbance, ProgramsWaited) {
    const quiet_verdict for_a_cpu = after({quiet_second(), {"proc/pressure/cpu", psi(1'250'000)}});
    EXPECT_EQ(for_a_cpu.verdict, interference::disturbed);
    EXPECT_EQ(for_a_cpu.why, "programs waited for a CPU 25 % of the time");
}

TEST_F(Disturbance, ProgramsWaitedForMemory) {
    const quiet_verdict said = after({quiet_second(), {"proc/pressure/memory", psi(2'030'000)}});
    EXPECT_EQ(said.verdict, interference::disturbed);
    EXPECT_EQ(said.why, "programs waited for memory 3 % of the time");
}

TEST_F(Disturbance, HeatSlowedTheCpu) {
    const std::string at = "sys/devices/system/cpu/cpu1/thermal_throttle/core_throttle_count";
    machine_.write(at, "3\n");
    EXPECT_EQ(after({quiet_second()}).verdict, interference::quiet) << "that was before";
    machine_.write("proc/stat", stat({{1000, 5000, 10}, {2000, 4000, 20}}));
    const quiet_verdict said = after({quiet_second(), {at, "4\n"}});
    EXPECT_EQ(said.verdict, interference::disturbed);
    EXPECT_THAT(said.why, HasSubstr("heat"));
}

TEST_F(Disturbance, SeveralReasonsAreAllTold) {
    const quiet_verdict said = after({{"proc/stat", stat({{1090, 5010, 10}, {2050, 4000, 70}})}});
    EXPECT_THAT(said.why, HasSubstr("other programs"));
    EXPECT_THAT(said.why, HasSubstr("; the host took"));
    EXPECT_THAT(said.why, HasSubstr("; 0.9 other CPUs"));
}

TEST_F(Disturbance, WithoutPressureFilesTheRestStillCounts) {
    machine_.remove("proc/pressure");
    EXPECT_EQ(after({quiet_second()}).verdict, interference::quiet);
}

TEST_F(Disturbance, UnknownWhereNothingTells) {
    machine_.remove("proc/stat");
    EXPECT_EQ(after({}).verdict, interference::unknown);
}

TEST_F(Disturbance, UnknownWhereNoTimePassed) {
    const quiet_verdict said = after({});
    EXPECT_EQ(said.verdict, interference::unknown);
    EXPECT_EQ(said.why, "too short to tell");
}

/// A process that spins on one CPU, until it is destroyed.
class spinning_child {
public:
    explicit spinning_child(unsigned cpu, double seconds) {
        std::array<int, 2> ends{};
        if (::pipe(ends.data()) != 0 || (pid_ = ::fork()) < 0) {
            throw std::runtime_error("cannot start a process");
        }
        reading_ = kernel::unique_fd(ends[0]);
        const kernel::unique_fd writing(ends[1]);
        if (pid_ == 0) {
            spin(cpu, seconds, writing.get());
        }
    }
    spinning_child(const spinning_child&) = delete;
    spinning_child& operator=(const spinning_child&) = delete;
    ~spinning_child() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    /// Returns when it has had so many seconds of its CPU.
    bool wait() const {
        char said = 0;
        return ::read(reading_.get(), &said, 1) == 1;
    }

private:
    [[noreturn]] static void spin(unsigned cpu, double seconds, int said_to) {
        constexpr double nanoseconds = 1e9;
        cpu_set_t only;
        CPU_ZERO(&only);
        CPU_SET(cpu, &only);
        if (::sched_setaffinity(0, sizeof only, &only) != 0) {
            ::_exit(1);
        }
        timespec used{};
        while (static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / nanoseconds <
               seconds) {
            ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
        }
        ::_exit(::write(said_to, "!", 1) == 1 ? 0 : 1);
    }

    pid_t pid_ = -1;
    kernel::unique_fd reading_;
};

// The threads that measure are no disturbers.
TEST_F(Disturbance, OwnTimeOnTheCpuIsNoDisturbance) {
    const auto own = [](unsigned id, unsigned ticks, unsigned cpu) {
        const std::string number = std::to_string(id);
        return test::tree::file("proc/self/task/" + number + "/stat",
                                number + " (a b) c) R 1 1 1 0 -1 0 0 0 0 0 " +
                                    std::to_string(ticks) +
                                    " 2 0 0 20 0 1 0 100 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 17 " +
                                    std::to_string(cpu) + " 0 0 0 0 0\n");
    };
    machine_.write({own(70, 500, 1), own(71, 300, 0)});
    const test::tree::file busy_second = {"proc/stat", stat({{1000, 5100, 10}, {2095, 4005, 20}})};
    EXPECT_EQ(after({busy_second, own(70, 594, 1)}).verdict, interference::quiet);
    machine_.write("proc/stat", stat({{1000, 5000, 10}, {2000, 4000, 20}}));
    const quiet_verdict elsewhere = after({busy_second, own(71, 395, 0)});
    EXPECT_EQ(elsewhere.why, "other programs took 95 % of CPU 1") << "it was not on this CPU";
}

// On this machine, whatever else runs on it: who starts a disturber is told of it.
TEST(DisturbanceHere, AProgramThatSpinsOnTheCpuIsFlagged) {
    const kernel::rooted_reader reader("/");
    const unsigned cpu = *kernel::thread_allowed_cpus().first();
    id_set used;
    used.insert(cpu);
    const disturbance_watch watch(reader, used);
    if (watch.verdict().why.find("does not tell") != std::string::npos) {
        GTEST_SKIP() << "no /proc/stat here";
    }
    const spinning_child disturber(cpu, 0.25);
    ASSERT_TRUE(disturber.wait());
    const quiet_verdict said = watch.verdict();
    EXPECT_EQ(said.verdict, interference::disturbed);
    EXPECT_THAT(said.why, HasSubstr("of CPU " + std::to_string(cpu)));
}

} // namespace
} // namespace hetmem::detail
