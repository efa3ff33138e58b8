#include "daemon/privileges.hpp"

#include "kernel/rooted.hpp"
#include "kernel/text.hpp"

#include <gmock/gmock.h>

#include <functional>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace hetmem::daemon {
namespace {

/// What is given up does not come back, so it is done in a process of its own. Whether `holds` held
/// there.
bool in_a_child(const std::function<bool()>& holds) {
    const pid_t child = ::fork();
    if (child == 0) {
        int status = 2;
        try {
            status = holds() ? 0 : 1;
        } catch (...) {
        }
        ::_exit(status);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// The lines Cap*: of the kernel's own account of this process.
std::vector<std::string> capability_sets() {
    const kernel::rooted_reader machine("/");
    std::vector<std::string> sets;
    machine.for_each_line("proc/self/status", [&](std::string_view line) {
        if (line.starts_with("Cap")) {
            sets.emplace_back(kernel::trimmed(line.substr(line.find(':') + 1)));
        }
        return true;
    });
    return sets;
}

TEST(Privileges, AreGoneFromEverySet) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "an ordinary user has no privileges to give up";
    }
    EXPECT_THAT(capability_sets(), testing::Contains(testing::Ne("0000000000000000")));
    EXPECT_TRUE(in_a_child([] {
        drop_capabilities();
        const std::vector<std::string> sets = capability_sets();
        return sets.size() == 5 && sets == std::vector<std::string>(5, "0000000000000000") &&
               privileges_in_words() == "user 0 without capabilities";
    }));
}

TEST(Privileges, DoNotComeBackByExecuting) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "an ordinary user has no privileges to give up";
    }
    EXPECT_TRUE(in_a_child([] {
        drop_capabilities();
        // Otherwise a program that root executes gets all of them.
        ::execl("/bin/sh", "sh", "-c",
                "grep -q '^CapEff:.*0000000000000000' /proc/self/status && "
                "grep -q '^NoNewPrivs:.*1' /proc/self/status",
                nullptr);
        return false;
    }));
}

TEST(Privileges, OfAnOrdinaryUserCanBeGivenUpToo) {
    EXPECT_TRUE(in_a_child([] {
        if (::geteuid() == 0 && ::setuid(65534) != 0) {
            return false;
        }
        drop_capabilities();
        return privileges_in_words().ends_with("without capabilities");
    }));
}

} // namespace
} // namespace hetmem::daemon
