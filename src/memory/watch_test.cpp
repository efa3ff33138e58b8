#include "tests/support/made_up_machine.hpp"

#include <hetmem/error.hpp>
#include <hetmem/monitor.hpp>
#include <hetmem/pool.hpp>
#include <hetmem/region.hpp>
#include <hetmem/watch.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace hetmem {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr unsigned blocks = 4;
constexpr byte_size size = byte_size::from_mib(2);

/// This machine's node 0, in a description of our own in which its memory comes and goes.
class Watch : public testing::Test {
protected:
    /// Makes the change and has the monitor look.
    void set_online(unsigned online) {
        for (unsigned b = 0; b < blocks; ++b) {
            tree_.write("sys/devices/system/memory/memory" + std::to_string(b) + "/state",
                        b < online ? "online\n" : "offline\n");
        }
        const std::string kib = std::to_string(online * (test::block_bytes >> 10U));
        tree_.write("sys/devices/system/node/node0/meminfo",
                    "Node 0 MemTotal:       " + kib + " kB\nNode 0 MemFree:        " + kib +
                        " kB\n");
        machine_.look();
    }
    region make_region() { return {size, bind(machine_.current(), "node0")}; }
    watch::callback note() {
        return [this](const memory_event& e) { told_.push_back(e); };
    }
    std::vector<memory_event_kind> kinds() const {
        std::vector<memory_event_kind> out;
        for (const memory_event& e : told_) {
            out.push_back(e.kind);
        }
        return out;
    }

    test::tree tree_ = test::make_machine({{0, "0-1", 0, blocks, blocks, "10"}}, 2);
    monitor machine_{{.discover = {.root = tree_.root()}}};
    std::vector<memory_event> told_;
};

using enum memory_event_kind;

TEST_F(Watch, TellsWhatBecomesOfTheMemoryAndWhereItIs) {
    const region memory = make_region();
    const watch eye(machine_, memory, note());
    set_online(2);
    ASSERT_EQ(told_.size(), 1U);
    EXPECT_EQ(told_[0].kind, leaving);
    EXPECT_EQ(told_[0].target, "node0");
    EXPECT_EQ(told_[0].what, "node0 went offline in part: 256 MiB of 512 MiB are left");
    EXPECT_EQ(told_[0].generation, machine_.current().generation());
    // What the description says of the node is made up; the pages are counted.
    EXPECT_EQ(told_[0].now, memory.where());
    EXPECT_EQ(told_[0].now.present(), size);
    set_online(4);
    EXPECT_THAT(kinds(), ElementsAre(leaving, returned));
    set_online(4);
    EXPECT_EQ(told_.size(), 2U);
}

TEST_F(Watch, TellsOfPoolsToo) {
    pool memory(bind(machine_.current(), "node0"));
    const void* const object = memory.allocate(100);
    EXPECT_NE(object, nullptr);
    const watch eye(machine_, memory, note());
    set_online(1);
    ASSERT_EQ(told_.size(), 1U);
    EXPECT_EQ(told_[0].kind, leaving);
    EXPECT_EQ(told_[0].now, memory.where());
    EXPECT_GE(told_[0].now.present(), size);
}

TEST_F(Watch, EachWatchHasItsOwnMemory) {
    const region one = make_region();
    const region other = make_region();
    std::string order;
    const watch first(machine_, one, [&](const memory_event&) { order += "first "; });
    {
        const watch ended(machine_, one, [&](const memory_event&) { order += "ended "; });
    }
    const watch second(machine_, other, [&](const memory_event&) { order += "second "; });
    set_online(3);
    EXPECT_EQ(order, "first second ");
}

TEST_F(Watch, FollowsTheRegionToWhereItIsMigrated) {
    region memory = make_region();
    const watch eye(machine_, memory, note());
    migrate_options quiet;
    quiet.quiesce = [] {};
    quiet.resume = [] {};
    memory.migrate(bind(machine_.current(), "/dev/shm"), quiet);
    set_online(2);
    EXPECT_THAT(told_, IsEmpty());
    memory.migrate(bind(machine_.current(), "node0"), quiet);
    set_online(1);
    EXPECT_THAT(kinds(), ElementsAre(leaving));
}

TEST_F(Watch, MayEndInsideItsOwnCallback) {
    auto memory = std::make_unique<region>(make_region());
    unsigned calls = 0;
    std::optional<watch> eye;
    eye.emplace(machine_, *memory, [&](const memory_event&) {
        ++calls;
        eye.reset();
        memory.reset(); // nobody looks at it any more
    });
    set_online(2);
    set_online(1);
    EXPECT_EQ(calls, 1U);
}

TEST_F(Watch, MayBeReplacedInsideItsOwnCallback) {
    const region memory = make_region();
    std::string order;
    std::optional<watch> eye;
    eye.emplace(machine_, memory, [&](const memory_event&) {
        order += "first ";
        *eye = watch(machine_, memory, [&](const memory_event&) { order += "second "; });
    });
    set_online(2);
    set_online(1);
    EXPECT_EQ(order, "first second ");
}

TEST_F(Watch, MovesWithItsSubscription) {
    const region memory = make_region();
    std::optional<watch> one(std::in_place, machine_, memory, note());
    watch other(machine_, memory, [](const memory_event&) { FAIL() << "it was given up"; });
    other = std::move(*one);
    one.reset();
    set_online(2);
    EXPECT_THAT(kinds(), ElementsAre(leaving));
}

TEST_F(Watch, WaitsForACallbackInAnotherThread) {
    const region memory = make_region();
    std::latch inside(1);
    std::latch may_go_on(1);
    std::atomic<bool> done = false;
    std::optional<watch> eye;
    eye.emplace(machine_, memory, [&](const memory_event&) {
        inside.count_down();
        may_go_on.wait();
        done = true;
    });
    std::thread looker([&] { set_online(2); });
    inside.wait();
    std::thread releaser([&] { may_go_on.count_down(); });
    eye.reset();
    EXPECT_TRUE(done);
    looker.join();
    releaser.join();
}

TEST_F(Watch, WhatACallbackThrowsReachesWhoLooks) {
    const region memory = make_region();
    const watch eye(machine_, memory, [](const memory_event& e) { throw as_error(e); });
    try {
        set_online(2);
        FAIL() << "it was not thrown";
    } catch (const target_lost& e) {
        EXPECT_THAT(e.what(), testing::HasSubstr("node0 went offline in part"));
    }
}

TEST_F(Watch, WhatACallbackThrowsHidesNoOtherEvent) {
    test::tree two =
        test::make_machine({{0, "0-1", 0, 1, 1, "10 20"}, {1, "", 1, 1, 1, "20 10"}}, 2);
    monitor machine({.discover = {.root = two.root()}});
    // Of node 1, which this machine need not have, nothing is taken.
    const region memory(size, chain(machine.current(), {"node0", "node1"}));
    std::vector<std::string> told;
    const watch eye(machine, memory, [&](const memory_event& e) {
        told.push_back(e.target);
        throw as_error(e);
    });
    for (const char* const node : {"0", "1"}) {
        two.write("sys/devices/system/memory/memory" + std::string(node) + "/state", "offline\n");
        two.write("sys/devices/system/node/node" + std::string(node) + "/meminfo",
                  "Node " + std::string(node) + " MemTotal:       0 kB\n");
    }
    EXPECT_THROW(machine.look(), target_lost);
    EXPECT_THAT(told, ElementsAre("node0", "node1"));
}

TEST_F(Watch, NeedsSomebodyToTell) {
    const region memory = make_region();
    EXPECT_THROW(watch(machine_, memory, nullptr), error);
}

TEST_F(Watch, OutlivesItsMonitor) {
    const region memory = make_region();
    std::optional<monitor> short_lived(std::in_place,
                                       monitor_options{.discover = {.root = tree_.root()}});
    std::optional<watch> eye(std::in_place, *short_lived, memory, note());
    short_lived.reset();
    eye.reset();
    EXPECT_THAT(told_, IsEmpty());
}

} // namespace
} // namespace hetmem
