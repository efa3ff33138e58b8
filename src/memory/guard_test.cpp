#include "memory/guard.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include <sys/wait.h>
#include <unistd.h>

namespace hetmem::detail {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t mib = std::uint64_t{1} << 20;
constexpr std::uint64_t gib = std::uint64_t{1} << 30;

/// A machine whose memory is what the test says.
struct made_up {
    std::map<unsigned, std::uint64_t> nodes{{0, gib}, {1, gib}};
    std::uint64_t cgroup = ~std::uint64_t{0};
    std::chrono::nanoseconds now{1'000'000'000};
    unsigned looks = 0;
};
made_up machine;

class made_up_reader final : public memory_reader {
public:
    id_set allowed_nodes() override {
        id_set out;
        for (const auto& [node, bytes] : machine.nodes) {
            out.insert(node);
        }
        return out;
    }
    std::optional<std::uint64_t> node_available(unsigned node) override {
        const auto found = machine.nodes.find(node);
        return found == machine.nodes.end() ? std::nullopt : std::optional(found->second);
    }
    std::uint64_t all_available(const id_set&) override {
        ++machine.looks;
        std::uint64_t sum = 0;
        for (const auto& [node, bytes] : machine.nodes) {
            sum += bytes;
        }
        return sum;
    }
    cgroup_room cgroup() override { return {machine.cgroup, "memory.max of cgroup /x"}; }
    std::chrono::nanoseconds now() override { return machine.now; }
};

class Guard : public testing::Test {
protected:
    Guard() { machine = {}; }

    std::optional<shortfall> admit(std::uint64_t bytes, std::optional<unsigned> node = 0) {
        return watch.admit({node, bytes, 32 * mib, 64 * mib});
    }
    /// A whole piece: admitted, taken from the machine, done.
    bool take(std::uint64_t bytes) {
        if (admit(bytes)) {
            return false;
        }
        machine.nodes[0] -= bytes;
        watch.finished(bytes);
        return true;
    }

    guard watch{
        []() -> std::unique_ptr<memory_reader> { return std::make_unique<made_up_reader>(); }};
};

TEST_F(Guard, ATargetIsFilledToItsHeadroomAndNoFurther) {
    machine.nodes[0] = 100 * mib;
    while (take(2 * mib)) {
    }
    EXPECT_EQ(machine.nodes[0], 32 * mib);
    const auto refused = admit(2 * mib);
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->reason, shortage::target);
    EXPECT_EQ(refused->available, 0U);
    EXPECT_THAT(refused->what, HasSubstr("node0 has 32 MiB available and keeps 32 MiB"));
}

TEST_F(Guard, TheSystemKeepsItsReserve) {
    machine.nodes = {{0, 50 * mib}, {1, 20 * mib}};
    EXPECT_FALSE(admit(6 * mib));
    const auto refused = admit(2 * mib); // the first one is still on its way
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->reason, shortage::system);
    EXPECT_THAT(refused->what, HasSubstr("(0-1) have 70 MiB available together"));
}

TEST_F(Guard, OnTheOnlyNodeTheTargetIsWhatIsShort) {
    machine.nodes = {{0, 50 * mib}};
    const auto refused = admit(2 * mib);
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->reason, shortage::target);
    EXPECT_THAT(refused->what, HasSubstr("node0 has 50 MiB available and keeps 64 MiB"));
}

TEST_F(Guard, ACgroupKeepsItsReserve) {
    machine.cgroup = 65 * mib;
    const auto refused = admit(2 * mib);
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->reason, shortage::cgroup);
    EXPECT_EQ(refused->available, 1 * mib);
    EXPECT_THAT(refused->what, HasSubstr("memory.max of cgroup /x leaves 65 MiB"));
}

TEST_F(Guard, PiecesOfOthersThatAreOnTheirWayCount) {
    machine.nodes[0] = 37 * mib;
    EXPECT_FALSE(admit(2 * mib));
    EXPECT_FALSE(admit(2 * mib));
    EXPECT_TRUE(admit(2 * mib));
    watch.finished(2 * mib); // given up: nothing was taken
    EXPECT_FALSE(admit(2 * mib));
}

TEST_F(Guard, ALookCoversHalfOfWhatItFound) {
    machine.nodes[0] = 232 * mib; // 200 MiB above the headroom
    while (machine.nodes[0] > 140 * mib) {
        ASSERT_TRUE(take(2 * mib));
    }
    EXPECT_EQ(machine.looks, 1U);
    while (machine.nodes[0] > 130 * mib) {
        ASSERT_TRUE(take(2 * mib));
    }
    EXPECT_EQ(machine.looks, 2U);
}

TEST_F(Guard, NearTheEndEveryPieceHasItsOwnLook) {
    machine.nodes[0] = 36 * mib;
    ASSERT_TRUE(take(2 * mib));
    ASSERT_TRUE(take(2 * mib));
    EXPECT_EQ(machine.looks, 2U);
}

TEST_F(Guard, ALookAges) {
    machine.nodes[0] = gib;
    ASSERT_TRUE(take(2 * mib));
    machine.now += std::chrono::milliseconds(7); // 448 MB at 64 GB/s: not half of what was there
    ASSERT_TRUE(take(2 * mib));
    EXPECT_EQ(machine.looks, 1U);
    machine.now += std::chrono::milliseconds(2);
    ASSERT_TRUE(take(2 * mib));
    EXPECT_EQ(machine.looks, 2U);
}

TEST_F(Guard, ANodeThatIsGoneIsLost) {
    EXPECT_THROW(admit(2 * mib, 7), target_lost);
    machine.nodes.erase(0);
    EXPECT_THROW(admit(2 * mib, 0), target_lost);
}

TEST_F(Guard, MemoryOfNoNodeHasSystemAndCgroupOnly) {
    machine.nodes[0] = 0;
    EXPECT_FALSE(admit(2 * mib, std::nullopt));
}

TEST_F(Guard, AForkedChildBeginsAnew) {
    machine.nodes = {{0, 100 * mib}};
    ASSERT_FALSE(admit(30 * mib));
    const pid_t child = ::fork();
    if (child == 0) {
        // The parent's piece is none of the child's.
        ::_exit(admit(30 * mib) ? 1 : 0);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
}

} // namespace
} // namespace hetmem::detail
