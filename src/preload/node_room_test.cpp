#include "preload/node_room.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace hetmem::preload {
namespace {

constexpr std::size_t mib = std::size_t{1} << 20;

TEST(ParseAvailable, FreeAndHalfOfTheFileCache) {
    input text(std::string_view("Node 2 MemTotal:        8388608 kB\n"
                                "Node 2 MemFree:          204800 kB\n"
                                "Node 2 MemUsed:         8183808 kB\n"
                                "Node 2 Active:            90000 kB\n"
                                "Node 2 Active(anon):      10000 kB\n"
                                "Node 2 Inactive(anon):    10000 kB\n"
                                "Node 2 Active(file):      20480 kB\n"
                                "Node 2 Inactive(file):    81920 kB\n"));
    std::size_t bytes = 0;
    ASSERT_TRUE(parse_available(text, bytes));
    EXPECT_EQ(bytes, 200 * mib + 50 * mib);
}

TEST(ParseAvailable, NothingFromATextThatDoesNotTell) {
    for (const std::string_view text : {"", "Node 2 MemTotal: 5 kB\n", "MemFree", "x\ny\n"}) {
        input words(text);
        std::size_t bytes = 0;
        EXPECT_FALSE(parse_available(words, bytes)) << text;
    }
}

TEST(ReadAvailable, ANodeOfThisMachineAndNoneOfIt) {
    std::size_t bytes = 0;
    EXPECT_TRUE(read_available(0, bytes));
    EXPECT_GT(bytes, mib);
    EXPECT_FALSE(read_available(1023, bytes));
}

std::size_t touched(std::string_view maps, int node, std::set<std::uintptr_t> ours) {
    input text(maps);
    return count_touched(
        text, node,
        [](void* context, std::uintptr_t start) {
            return static_cast<std::set<std::uintptr_t>*>(context)->contains(start);
        },
        &ours);
}

TEST(CountTouched, OurMappingsThatPreferTheNodeWhereverTheirPagesAre) {
    const std::string_view maps =
        "55d0000 default file=/usr/bin/cat mapped=5 N0=5 kernelpagesize_kB=4\n"
        "7f00000 prefer:2 anon=300 dirty=300 active=0 N0=100 N2=200 kernelpagesize_kB=4\n"
        "7f10000 prefer:0 anon=7 dirty=7 N0=7 kernelpagesize_kB=4\n"
        "7f20000 prefer:2 anon=9 dirty=9 N2=9 kernelpagesize_kB=4\n"
        "7f30000 prefer:2\n"
        "7f40000 prefer:2 huge anon=3 dirty=3 N2=3 kernelpagesize_kB=2048\n"
        "7f50000 prefer:20 anon=1 dirty=1 N20=1 kernelpagesize_kB=4\n";
    const std::set<std::uintptr_t> ours = {0x7f00000, 0x7f10000, 0x7f30000, 0x7f40000, 0x7f50000};
    EXPECT_EQ(touched(maps, 2, ours), 300 * 4096U + 6 * mib);
    EXPECT_EQ(touched(maps, 0, ours), 7 * 4096U);
    EXPECT_EQ(touched(maps, 20, ours), 4096U);
    EXPECT_EQ(touched(maps, 1, ours), 0U);
    EXPECT_EQ(touched(maps, 2, {}), 0U);
}

TEST(CountTouched, LongWordsAndBrokenLines) {
    const std::string maps = "7f00000 prefer:2 file=/" + std::string(5000, 'x') +
                             " N2=1 kernelpagesize_kB=4\n"
                             "\n \nnothing\n7f00000\n"
                             "7f00000 prefer:2 N=1 N2= N2=x Nx=2 =3 N2=2 kernelpagesize_kB=4";
    EXPECT_EQ(touched(maps, 2, {0x7f00000}), 3 * 4096U);
}

/// A node with so much available; what is touched of ours is missing from it.
class made_up_node final : public node_observer {
public:
    explicit made_up_node(std::size_t bytes) : available_(bytes) {}
    bool available(int, std::size_t& bytes) noexcept override {
        bytes = available_;
        return is_told;
    }
    std::size_t touched(int) noexcept override {
        ++readings;
        time_ += reading_time;
        return touched_;
    }
    std::uint64_t now() noexcept override { return time_; }
    void touch(std::size_t bytes) {
        available_ -= bytes;
        touched_ += bytes;
    }
    void take_by_others(std::size_t bytes) { available_ -= bytes; }
    void wait(std::uint64_t time) { time_ += time; }

    bool is_told = true;
    int readings = 0;
    static constexpr std::uint64_t reading_time = 10;

private:
    std::size_t available_;
    std::size_t touched_ = 0;
    std::uint64_t time_ = 0;
};

constexpr std::size_t unit = 2 * mib;

TEST(NodeRoom, AssignsAllButTheHeadroom) {
    made_up_node node(1000 * mib);
    node_room room;
    room.set(2, 100 * mib);
    EXPECT_EQ(room.take(600 * mib, unit, node), 600 * mib);
    EXPECT_EQ(room.take(600 * mib, unit, node), 300 * mib); // nothing was touched
    EXPECT_EQ(room.take(unit, unit, node), 0U);
    EXPECT_EQ(room.assigned(), 900 * mib);
    room.give_back(50 * mib);
    EXPECT_EQ(room.take(600 * mib, unit, node), 50 * mib);
}

TEST(NodeRoom, WholeUnitsOnly) {
    made_up_node node(101 * mib);
    node_room room;
    room.set(2, 0);
    EXPECT_EQ(room.take(200 * mib, unit, node), 100 * mib);
}

TEST(NodeRoom, WhatWasTouchedIsNotCountedTwice) {
    made_up_node node(1000 * mib);
    node_room room;
    room.set(2, 100 * mib);
    EXPECT_EQ(room.take(800 * mib, unit, node), 800 * mib);
    node.touch(800 * mib);
    EXPECT_EQ(room.take(200 * mib, unit, node), 100 * mib);
    node.touch(100 * mib);
    EXPECT_EQ(room.take(unit, unit, node), 0U);
}

TEST(NodeRoom, DoesNotLookAtWhatIsTouchedWhileThereIsPlenty) {
    made_up_node node(1000 * mib);
    node_room room;
    room.set(2, 100 * mib);
    for (int i = 0; i < 200; ++i) {
        EXPECT_EQ(room.take(unit, unit, node), unit);
        node.touch(unit);
    }
    EXPECT_EQ(node.readings, 0);
}

TEST(NodeRoom, LooksSeldomWhenTheNodeIsNearlyFull) {
    made_up_node node(1000 * mib);
    node_room room;
    room.set(2, 0);
    for (int i = 0; i < 500; ++i) {
        EXPECT_EQ(room.take(unit, unit, node), unit) << i;
        node.touch(unit);
    }
    EXPECT_EQ(room.take(unit, unit, node), 0U);
    EXPECT_LT(node.readings, 3); // no time has passed
    node.wait(1'000'000);
    EXPECT_EQ(room.take(unit, unit, node), 0U);
}

TEST(NodeRoom, WhatOthersTookIsGone) {
    made_up_node node(1000 * mib);
    node_room room;
    room.set(2, 0);
    EXPECT_EQ(room.take(400 * mib, unit, node), 400 * mib);
    node.take_by_others(500 * mib);
    EXPECT_EQ(room.take(400 * mib, unit, node), 100 * mib);
    node.take_by_others(500 * mib);
    node.wait(1'000'000);
    EXPECT_EQ(room.take(unit, unit, node), 0U);
}

TEST(NodeRoom, WithoutAWordFromTheKernelThePolicyHasToDo) {
    made_up_node node(0);
    node.is_told = false;
    node_room room;
    room.set(2, 0);
    EXPECT_EQ(room.take(400 * mib, unit, node), 400 * mib);
}

} // namespace
} // namespace hetmem::preload
