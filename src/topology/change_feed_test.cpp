#include "topology/change_feed.hpp"

#include "tests/support/announcer.hpp"
#include "tests/support/published_directory.hpp"

#include <gtest/gtest.h>

#include <optional>

#include <poll.h>

namespace hetmem::detail {
namespace {

using std::chrono::milliseconds;
using test::published_directory;

/// Long enough that nothing is due for it in a test; short enough that a test that fails ends.
constexpr milliseconds for_ever{100'000};

bool readable(const change_feed& feed, milliseconds wait = milliseconds(0)) {
    pollfd one{feed.fd(), POLLIN, 0};
    return ::poll(&one, 1, static_cast<int>(wait.count())) == 1;
}

/// Polls whenever there is something, until a look is called for.
bool until_due(change_feed& feed) {
    while (readable(feed, for_ever)) {
        if (feed.poll()) {
            return true;
        }
    }
    return false;
}

std::uint64_t last_event() {
    return kernel::last_uevent(kernel::rooted_reader("/")).value_or(0);
}

/// What needs the kernel to announce something.
class change_feed_events : public testing::Test {
protected:
    void SetUp() override {
        if (!memory) {
            GTEST_SKIP() << "the kernel cannot be made to announce something here";
        }
    }
    test::announcer memory;
};

TEST(change_feed, nothing_happens_and_nobody_is_woken) {
    change_feed feed({.published = {}});
    feed.poll(); // what the machine announced by itself meanwhile
    if (last_event() == feed.seqnum()) {
        EXPECT_FALSE(readable(feed));
        EXPECT_FALSE(feed.poll());
    }
}

TEST(change_feed, says_how_it_hears) {
    const change_feed feed({.published = {}});
    EXPECT_EQ(feed.now().events, feed.now().remark.empty());
    EXPECT_FALSE(feed.now().published);
}

TEST_F(change_feed_events, a_thousand_events_are_one_look) {
    change_feed feed({.quiet = milliseconds(20), .published = {}});
    memory.announce(1000);
    EXPECT_TRUE(until_due(feed));
    EXPECT_GE(feed.now().seen + feed.now().lost, 1U);
    EXPECT_FALSE(readable(feed));
    EXPECT_FALSE(feed.poll());
    EXPECT_GE(feed.seqnum(), last_event());
}

TEST_F(change_feed_events, a_look_is_not_due_before_it_is_quiet) {
    change_feed feed({.quiet = for_ever, .longest = for_ever, .published = {}});
    const std::uint64_t before = feed.seqnum();
    memory.announce(3);
    ASSERT_TRUE(readable(feed));
    EXPECT_FALSE(feed.poll());
    EXPECT_GE(feed.now().seen, 3U);
    EXPECT_EQ(feed.seqnum(), before); // these are still to be looked at
    EXPECT_FALSE(readable(feed));
}

TEST_F(change_feed_events, a_storm_is_looked_at_after_the_longest_time) {
    change_feed feed({.quiet = for_ever, .longest = milliseconds(1), .published = {}});
    memory.announce();
    EXPECT_TRUE(until_due(feed)); // although it was not quiet for as long as was asked
    EXPECT_GE(feed.now().seen, 1U);
}

TEST_F(change_feed_events, may_be_asked_to_wait_for_ever_or_not_at_all) {
    change_feed patient(
        {.quiet = milliseconds::max(), .longest = milliseconds::max(), .published = {}});
    change_feed hasty(
        {.quiet = milliseconds::min(), .longest = milliseconds::min(), .published = {}});
    memory.announce();
    EXPECT_FALSE(patient.poll());
    EXPECT_FALSE(readable(patient));
    EXPECT_TRUE(hasty.poll());
}

TEST_F(change_feed_events, lost_events_call_for_a_look_at_everything) {
    change_feed feed({.quiet = milliseconds(1), .published = {}});
    // More than the socket holds: events of memory blocks are about 1 KiB each there.
    for (unsigned rounds = 0; rounds < 20 && feed.now().lost == 0; ++rounds) {
        memory.announce(4000);
        EXPECT_TRUE(until_due(feed));
    }
    EXPECT_GE(feed.now().lost, 1U);
    EXPECT_GE(feed.seqnum(), last_event());
}

TEST_F(change_feed_events, a_look_that_failed_is_called_for_again) {
    change_feed feed({.quiet = milliseconds(1), .longest = milliseconds(5), .published = {}});
    memory.announce();
    EXPECT_TRUE(until_due(feed));
    feed.look_later();
    EXPECT_TRUE(until_due(feed));
    EXPECT_FALSE(readable(feed));
}

TEST(change_feed, another_generation_is_looked_at_when_it_is_complete) {
    published_directory run;
    change_feed feed({.quiet = milliseconds(1), .longest = for_ever, .published = run.path()});
    feed.poll();
    run.publish(1);
    ASSERT_TRUE(readable(feed));
    EXPECT_FALSE(feed.poll());
    run.write_seen(last_event());
    EXPECT_TRUE(until_due(feed));
    EXPECT_TRUE(feed.now().published);
}

TEST(change_feed, a_generation_whose_writer_died_is_looked_at_all_the_same) {
    published_directory run;
    change_feed feed(
        {.quiet = milliseconds(1), .longest = milliseconds(1), .published = run.path()});
    run.publish(1);
    EXPECT_TRUE(until_due(feed));
}

TEST_F(change_feed_events, while_hetmemd_follows_it_is_waited_for) {
    published_directory run;
    run.publish(1);
    run.write_seen(last_event());
    change_feed feed({.quiet = milliseconds(1), .longest = for_ever, .published = run.path()});
    memory.announce(5);
    ASSERT_TRUE(readable(feed));
    EXPECT_FALSE(feed.poll());

    run.write_seen(last_event() - 3); // it goes on, and has not got there
    EXPECT_TRUE(readable(feed));
    EXPECT_FALSE(feed.poll());

    run.write_seen(last_event());
    EXPECT_TRUE(until_due(feed));
    EXPECT_FALSE(readable(feed)); // no alarm either
    EXPECT_FALSE(feed.poll());
    EXPECT_GE(feed.seqnum(), last_event());
}

TEST_F(change_feed_events, a_generation_for_events_is_one_look) {
    published_directory run;
    run.publish(1);
    run.write_seen(last_event());
    change_feed feed({.quiet = milliseconds(1), .longest = for_ever, .published = run.path()});
    memory.announce(5);
    EXPECT_FALSE(feed.poll());
    run.publish(2);
    EXPECT_FALSE(feed.poll());
    run.write_seen(last_event());
    EXPECT_TRUE(until_due(feed));
    EXPECT_FALSE(feed.poll());
}

TEST_F(change_feed_events, a_hetmemd_that_does_not_follow_is_waited_for_once) {
    published_directory run;
    run.publish(1);
    run.write_seen(last_event());
    change_feed feed(
        {.quiet = milliseconds(1), .longest = milliseconds(1), .published = run.path()});
    memory.announce();
    EXPECT_TRUE(until_due(feed)); // by the alarm, since nothing else comes

    // From now on the quiet time decides, until it writes again.
    change_feed late({.quiet = milliseconds(1), .longest = for_ever, .published = run.path()});
    memory.announce();
    EXPECT_TRUE(until_due(late));
    run.write_seen(last_event());
    late.poll();
    memory.announce();
    EXPECT_FALSE(late.poll());
    run.write_seen(last_event());
    EXPECT_TRUE(until_due(late));
}

TEST_F(change_feed_events, a_hetmemd_that_goes_away_is_not_waited_for) {
    std::optional<published_directory> run(std::in_place);
    run->publish(1);
    run->write_seen(last_event());
    change_feed feed({.quiet = milliseconds(1), .longest = for_ever, .published = run->path()});
    memory.announce();
    EXPECT_FALSE(feed.poll());
    run.reset();
    EXPECT_TRUE(until_due(feed));
    EXPECT_FALSE(feed.now().published);
}

} // namespace
} // namespace hetmem::detail
