#include <hetmem/monitor.hpp>

#include "tests/support/announcer.hpp"
#include "tests/support/pluggable_machine.hpp"

#include <hetmem/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <future>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hetmem {
namespace {

using std::chrono::milliseconds;
using test::pluggable_machine;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

monitor_options of(const pluggable_machine& machine) {
    return {.discover = {.root = machine.root()}};
}

bool has_node2(const topology& machine) {
    return machine.find_target("node2").has_value();
}

TEST(monitor, says_nothing_while_nothing_changes) {
    const pluggable_machine machine;
    monitor m(of(machine));
    EXPECT_THAT(m.take(), IsEmpty());
    EXPECT_THAT(m.look(), IsEmpty());
    EXPECT_EQ(m.current().generation(), 1U);
    EXPECT_EQ(m.status().looks, 1U);
}

TEST(monitor, a_change_is_a_generation) {
    pluggable_machine machine;
    monitor m(of(machine));
    const topology first = m.current();
    machine.plug();
    const std::vector<update> found = m.look();
    ASSERT_THAT(found, SizeIs(1));
    EXPECT_EQ(found[0].before.generation(), 1U);
    EXPECT_EQ(found[0].now.generation(), 2U);
    EXPECT_EQ(found[0].changes, changes(first, m.current()));
    EXPECT_TRUE(has_node2(m.current()));
    EXPECT_EQ(m.current().generation(), 2U);
    // Who holds the old one still has it.
    EXPECT_FALSE(has_node2(first));
    EXPECT_EQ(first.generation(), 1U);
    EXPECT_THAT(m.look(), IsEmpty());
}

TEST(monitor, of_another_root_no_events_come_and_that_is_said) {
    const pluggable_machine machine;
    const monitor m(of(machine));
    EXPECT_FALSE(m.status().events);
    EXPECT_THAT(m.status().remark, HasSubstr("another root"));
    pollfd one{m.fd(), POLLIN, 0};
    EXPECT_EQ(::poll(&one, 1, 0), 0);
}

TEST(monitor, a_thousand_plug_cycles_leave_old_topologies_as_they_were) {
    pluggable_machine machine;
    machine.plug(1);
    machine.take_out();
    monitor m(of(machine));
    const topology first = m.current();
    std::vector<topology> kept;
    int appeared = 0;
    const subscription on =
        m.on_change([&](const update& u) { appeared += has_node2(u.now) ? 1 : 0; });
    constexpr unsigned cycles = 1000;
    for (unsigned cycle = 0; cycle < cycles; ++cycle) {
        machine.put_back();
        ASSERT_THAT(m.look(), SizeIs(1));
        if (cycle % 100 == 0) {
            kept.push_back(m.current());
        }
        machine.take_out();
        ASSERT_THAT(m.look(), SizeIs(1));
    }
    EXPECT_EQ(appeared, static_cast<int>(cycles));
    EXPECT_EQ(m.current().generation(), 1 + 2 * cycles);
    EXPECT_THAT(changes(first, m.current()), IsEmpty());
    for (const topology& old : kept) {
        const auto node = old.find_target("node2");
        ASSERT_TRUE(node);
        EXPECT_EQ(old.access({0}, *node).read_latency.value, latency::from_nanoseconds(300));
    }
}

TEST(monitor, callbacks_run_in_the_order_of_subscription_until_they_end) {
    pluggable_machine machine;
    monitor m(of(machine));
    std::vector<int> called;
    const subscription one = m.on_change([&](const update&) { called.push_back(1); });
    std::optional<subscription> two = m.on_change([&](const update&) { called.push_back(2); });
    subscription three = m.on_change([&](const update&) { called.push_back(3); });
    machine.plug();
    m.look();
    EXPECT_THAT(called, ElementsAre(1, 2, 3));
    two.reset();
    machine.unplug();
    m.look();
    EXPECT_THAT(called, ElementsAre(1, 2, 3, 1, 3));
    three = m.on_change([&](const update&) { called.push_back(4); });
    machine.plug();
    m.look();
    EXPECT_THAT(called, ElementsAre(1, 2, 3, 1, 3, 1, 4));
}

TEST(monitor, a_callback_may_read_and_end_subscriptions_but_not_look) {
    pluggable_machine machine;
    monitor m(of(machine));
    std::optional<subscription> own;
    std::optional<subscription> other;
    int own_calls = 0;
    int other_calls = 0;
    std::vector<int> refused;
    own = m.on_change([&](const update& u) {
        ++own_calls;
        EXPECT_EQ(m.current().generation(), u.now.generation());
        EXPECT_EQ(m.status().looks, u.now.generation() - 1);
        for (const auto& forbidden :
             {std::function([&] { m.take(); }), std::function([&] { m.look(); }),
              std::function([&] { m.wait(milliseconds(1)); })}) {
            try {
                forbidden();
            } catch (const error& e) {
                refused.push_back(e.code().value());
            }
        }
        other.reset();
        own.reset();
    });
    other = m.on_change([&](const update&) { ++other_calls; });
    machine.plug();
    EXPECT_THAT(m.look(), SizeIs(1));
    machine.unplug();
    EXPECT_THAT(m.look(), SizeIs(1));
    EXPECT_EQ(own_calls, 1);
    EXPECT_EQ(other_calls, 0);
    EXPECT_THAT(refused, ElementsAre(EDEADLK, EDEADLK, EDEADLK));
}

TEST(monitor, what_a_callback_throws_comes_out_after_the_others_ran) {
    pluggable_machine machine;
    monitor m(of(machine));
    int later = 0;
    const subscription one =
        m.on_change([](const update&) { throw std::runtime_error("the first"); });
    const subscription two =
        m.on_change([](const update&) { throw std::runtime_error("the second"); });
    const subscription three = m.on_change([&](const update&) { ++later; });
    machine.plug();
    try {
        m.look();
        FAIL() << "nothing was thrown";
    } catch (const std::runtime_error& e) {
        EXPECT_STREQ(e.what(), "the first");
    }
    EXPECT_EQ(later, 1);
    EXPECT_EQ(m.current().generation(), 2U);
    EXPECT_THAT(m.look(), IsEmpty());
}

TEST(monitor, a_subscription_may_outlive_its_monitor) {
    pluggable_machine machine;
    std::optional<subscription> on;
    {
        monitor m(of(machine));
        on = m.on_change([](const update&) {});
    }
    on.reset();
}

TEST(monitor, ending_a_subscription_waits_for_its_callback) {
    pluggable_machine machine;
    monitor m(of(machine));
    std::promise<void> entered;
    std::promise<void> leave;
    std::atomic<bool> left = false;
    std::optional<subscription> on = m.on_change([&](const update&) {
        entered.set_value();
        leave.get_future().wait();
        left = true;
    });
    machine.plug();
    std::thread looker([&] { m.look(); });
    entered.get_future().wait();
    EXPECT_TRUE(has_node2(m.current())); // readers do not wait for callbacks
    std::thread ender([&] {
        on.reset();
        EXPECT_TRUE(left);
    });
    leave.set_value();
    ender.join();
    looker.join();
}

TEST(monitor, moves_with_its_subscriptions) {
    pluggable_machine machine;
    monitor from(of(machine));
    int calls = 0;
    const subscription on = from.on_change([&](const update&) { ++calls; });
    monitor to(std::move(from));
    machine.plug();
    EXPECT_THAT(to.look(), SizeIs(1));
    const pluggable_machine empty;
    monitor other(of(empty));
    other = std::move(to);
    machine.unplug();
    EXPECT_THAT(other.look(), SizeIs(1));
    EXPECT_EQ(calls, 2);
}

TEST(monitor, a_look_that_fails_throws_and_the_next_one_goes_on) {
    pluggable_machine machine;
    monitor m(of(machine));
    {
        const std::filesystem::path away = machine.root().string() + ".away";
        std::filesystem::rename(machine.root(), away);
        EXPECT_THROW(m.look(), error);
        EXPECT_THAT(m.status().remark, HasSubstr("the last look failed"));
        std::filesystem::rename(away, machine.root());
    }
    machine.plug();
    EXPECT_THAT(m.look(), SizeIs(1));
    EXPECT_THAT(m.status().remark, testing::Not(HasSubstr("failed")));
}

TEST(monitor, a_root_that_is_not_there_is_an_error) {
    EXPECT_THROW(monitor({.discover = {.root = "/nonexistent"}}), error);
}

TEST(monitor, a_forked_child_has_what_was_current_and_does_nothing) {
    pluggable_machine machine;
    std::optional<monitor> m(std::in_place, of(machine));
    int calls = 0;
    std::optional<subscription> on = m->on_change([&](const update&) { ++calls; });
    machine.plug();
    const pid_t pid = ::fork();
    if (pid == 0) {
        m->start();
        const bool nothing = m->look().empty() && m->take().empty() &&
                             m->wait(milliseconds(100)).empty() && calls == 0;
        const bool still = m->current().generation() == 1 && !has_node2(m->current());
        on.reset();
        m.reset();
        ::_exit(nothing && still ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    EXPECT_EQ(status, 0);
    EXPECT_THAT(m->look(), SizeIs(1));
}

// ---- of this machine, with events that change nothing

class monitor_events : public testing::Test {
protected:
    void SetUp() override {
        if (!memory) {
            GTEST_SKIP() << "the kernel cannot be made to announce something here";
        }
    }
    test::announcer memory;
};

TEST_F(monitor_events, make_its_descriptor_readable_and_are_looked_at_once) {
    monitor m({.quiet = milliseconds(20)});
    EXPECT_TRUE(m.status().events);
    EXPECT_EQ(m.status().remark, "");
    memory.announce(1000);
    pollfd one{m.fd(), POLLIN, 0};
    while (m.status().looks == 0) {
        ASSERT_EQ(::poll(&one, 1, 100'000), 1);
        m.take();
    }
    EXPECT_EQ(m.status().looks, 1U);
    EXPECT_GE(m.status().seen + m.status().lost, 1U);
}

TEST_F(monitor_events, that_change_nothing_end_no_wait_and_the_wait_ends) {
    monitor m({.quiet = milliseconds(1)});
    memory.announce();
    while (m.status().looks == 0) {
        EXPECT_THAT(m.wait(milliseconds(20)), IsEmpty());
    }
    EXPECT_THAT(m.wait(milliseconds(0)), IsEmpty());
    EXPECT_THAT(m.wait(milliseconds(-5)), IsEmpty());
}

TEST_F(monitor_events, are_taken_by_a_thread_that_has_no_signals) {
    monitor m({.quiet = milliseconds(1)});
    m.start();
    m.start();
    memory.announce();
    while (m.status().looks == 0) {
        std::this_thread::yield();
    }
    // The signal goes to the process; only this thread can take it.
    static std::atomic<std::thread::id> handled{};
    const auto before = std::signal(SIGUSR1, [](int) { handled = std::this_thread::get_id(); });
    for (int i = 0; i < 100; ++i) {
        handled = std::thread::id();
        ASSERT_EQ(::kill(::getpid(), SIGUSR1), 0);
        ASSERT_EQ(handled.load(), std::this_thread::get_id());
    }
    std::signal(SIGUSR1, before);
}

TEST_F(monitor_events, threads_may_use_one_monitor_together) {
    monitor m({.quiet = milliseconds(1), .longest = milliseconds(5)});
    m.start();
    std::atomic<bool> stop = false;
    std::vector<std::thread> users;
    users.emplace_back([&] {
        while (!stop) {
            EXPECT_FALSE(m.current().targets().empty());
        }
    });
    users.emplace_back([&] {
        while (!stop) {
            m.take();
            m.status();
        }
    });
    users.emplace_back([&] {
        while (!stop) {
            const subscription on = m.on_change([](const update&) {});
            m.wait(milliseconds(1));
        }
    });
    for (int i = 0; i < 20; ++i) {
        memory.announce(10);
        m.look();
    }
    stop = true;
    for (std::thread& one : users) {
        one.join();
    }
    EXPECT_GE(m.status().looks, 20U);
}

TEST_F(monitor_events, a_child_forked_beside_the_thread_can_end_everything) {
    for (int child = 0; child < 20; ++child) {
        std::optional<monitor> m(std::in_place, monitor_options{.quiet = milliseconds(0)});
        std::optional<subscription> on = m->on_change([](const update&) {});
        m->start();
        memory.announce(20);
        const pid_t pid = ::fork();
        if (pid == 0) {
            const bool still = !m->current().targets().empty();
            m->status();
            on.reset();
            m.reset();
            ::_exit(still ? 0 : 1);
        }
        int status = 0;
        ASSERT_EQ(::waitpid(pid, &status, 0), pid);
        EXPECT_EQ(status, 0);
    }
}

} // namespace
} // namespace hetmem
