#include "measure/team.hpp"

#include "kernel/calls.hpp"

#include <hetmem/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <stdexcept>
#include <thread>
#include <vector>

#include <pthread.h>
#include <sched.h>

namespace hetmem::detail {
namespace {

id_set here() {
    return kernel::thread_allowed_cpus();
}
id_set one_cpu() {
    id_set one;
    one.insert(here().first().value());
    return one;
}

TEST(Team, RunsEachMemberOnItsOwnCpu) {
    const std::vector<unsigned> cpus = here().to_vector();
    team all(here());
    ASSERT_EQ(all.size(), cpus.size());
    std::vector<int> ran_on(cpus.size(), -1);
    all.run([&](unsigned index) { ran_on[index] = ::sched_getcpu(); }, all.size());
    for (std::size_t n = 0; n < cpus.size(); ++n) {
        EXPECT_EQ(ran_on[n], static_cast<int>(cpus[n]));
    }
}

TEST(Team, RunsAsOftenAsItIsToldWithAsManyAsItIsTold) {
    team all(here());
    std::vector<std::atomic<unsigned>> calls(all.size());
    for (unsigned round = 0; round < 50; ++round) {
        for (unsigned threads = 1; threads <= all.size(); ++threads) {
            all.run([&](unsigned index) { ++calls[index]; }, threads);
        }
    }
    for (unsigned index = 0; index < all.size(); ++index) {
        EXPECT_EQ(calls[index], 50 * (all.size() - index));
    }
}

/// Each waits for all others: nobody would come back if one began only after another had ended.
TEST(Team, WorksAtTheSameTime) {
    team all(here());
    std::atomic<unsigned> there{0};
    all.run(
        [&](unsigned) {
            ++there;
            while (there < all.size()) {
                std::this_thread::yield();
            }
        },
        all.size());
    EXPECT_EQ(there, all.size());
}

TEST(Team, TimesFromTheFirstToTheLast) {
    team all(here());
    std::atomic<std::uint64_t> longest{0};
    const std::uint64_t took = all.run(
        [&](unsigned index) {
            const auto start = std::chrono::steady_clock::now();
            for (std::atomic<unsigned> work{0}; work < 10'000 * (index + 1); ++work) {
            }
            const auto nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(
                std::chrono::steady_clock::now() - start);
            const auto mine = static_cast<std::uint64_t>(nanoseconds.count()) * 1000;
            for (std::uint64_t seen = longest; seen < mine;) {
                longest.compare_exchange_weak(seen, mine);
            }
        },
        all.size());
    EXPECT_GE(took, longest);
}

TEST(Team, ThrowsWhatAMemberThrewAndGoesOn) {
    team all(here());
    const auto fails = [&](unsigned index) {
        if (index + 1 == all.size()) {
            throw std::runtime_error("out of marbles");
        }
    };
    EXPECT_THROW(all.run(fails, all.size()), std::runtime_error);
    unsigned calls = 0;
    all.run([&](unsigned) { ++calls; }, 1);
    EXPECT_EQ(calls, 1U);
}

TEST(Team, RefusesACpuThatIsNotThere) {
    id_set cpus = one_cpu();
    cpus.insert(4000);
    try {
        const team none(cpus);
        FAIL() << "CPU 4000";
    } catch (const not_permitted& e) {
        EXPECT_THAT(e.what(), testing::HasSubstr("CPU 4000"));
    }
    EXPECT_THROW(team{id_set{}}, std::invalid_argument);
}

TEST(Team, RefusesMoreThreadsThanItHas) {
    team one(one_cpu());
    const auto nothing = [](unsigned) {};
    EXPECT_THROW(one.run(nothing, 0), std::invalid_argument);
    EXPECT_THROW(one.run(nothing, 2), std::invalid_argument);
}

TEST(Team, LeavesTheCallerAsItWas) {
    const id_set before = here();
    {
        team one(one_cpu());
        one.run([](unsigned) {}, 1);
        EXPECT_EQ(here(), before);
    }
    EXPECT_EQ(here(), before);
}

TEST(Team, KeepsSignalsOutOfItsThreads) {
    team one(one_cpu());
    sigset_t blocked;
    ::sigemptyset(&blocked);
    one.run([&](unsigned) { ::pthread_sigmask(SIG_BLOCK, nullptr, &blocked); }, 1);
    EXPECT_EQ(::sigismember(&blocked, SIGINT), 1);
    EXPECT_EQ(::sigismember(&blocked, SIGALRM), 1);
    EXPECT_EQ(::sigismember(&blocked, SIGBUS), 0);
}

/// Somebody who moves a thread makes its figures those of another CPU.
TEST(Team, NoticesAThreadThatWasMoved) {
    const std::vector<unsigned> cpus = here().to_vector();
    if (cpus.size() < 2) {
        GTEST_SKIP() << "one CPU: there is nowhere to move to";
    }
    team one(one_cpu());
    const auto moves = [&](unsigned) {
        cpu_set_t other;
        CPU_ZERO(&other);
        CPU_SET(cpus[1], &other);
        ::sched_setaffinity(0, sizeof other, &other);
    };
    EXPECT_THROW(one.run(moves, 1), error);
}

} // namespace
} // namespace hetmem::detail
