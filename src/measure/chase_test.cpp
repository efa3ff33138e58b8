#include "measure/chase.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <new>
#include <set>
#include <span>
#include <stdexcept>
#include <thread>
#include <vector>

namespace hetmem::detail {
namespace {

constexpr std::size_t page = 4096;
constexpr std::size_t mib = std::size_t{1} << 20;

class buffer {
public:
    explicit buffer(std::size_t size)
        : size_(size),
          start_(static_cast<std::byte*>(::operator new(size, std::align_val_t(page)))) {
        std::memset(start_.get(), 0, size);
    }
    std::span<std::byte> bytes() const { return {start_.get(), size_}; }

private:
    struct aligned_delete {
        void operator()(std::byte* p) const { ::operator delete(p, std::align_val_t(page)); }
    };
    std::size_t size_;
    std::unique_ptr<std::byte, aligned_delete> start_;
};

/// The offsets in the order in which they are visited, from the first element until one is visited
/// again.
std::vector<std::size_t> order(const buffer& memory) {
    std::vector<std::size_t> visited;
    std::set<std::size_t> seen;
    std::size_t at = 0;
    while (seen.insert(at).second) {
        visited.push_back(at);
        std::byte* next = nullptr;
        std::memcpy(&next, memory.bytes().data() + at, sizeof next);
        at = static_cast<std::size_t>(next - memory.bytes().data());
    }
    EXPECT_EQ(at, 0U) << "the cycle does not close where it began";
    return visited;
}

std::vector<std::size_t> order_of(std::size_t size, std::size_t window, std::uint64_t seed) {
    const buffer memory(size);
    const chase made(memory.bytes(), window, seed);
    EXPECT_EQ(made.elements(), size / chase_stride);
    return order(memory);
}

TEST(Chase, VisitsEveryElementOnceWithinReachOfTheTlb) {
    const std::vector<std::size_t> visited = order_of(2 * mib, tlb_window, 1);
    EXPECT_EQ(visited.size(), 2 * mib / chase_stride);
    EXPECT_EQ(visited.front() % chase_stride, 0U);
}

TEST(Chase, VisitsEveryElementOnceAtRandom) {
    EXPECT_EQ(order_of(2 * mib, 2 * mib, 1).size(), 2 * mib / chase_stride);
}

TEST(Chase, VisitsEveryElementOfWhatIsNoWholeNumberOfWindows) {
    const std::size_t size = tlb_window * 2 + 3 * chase_stride;
    EXPECT_EQ(order_of(size, tlb_window, 1).size(), size / chase_stride);
    EXPECT_EQ(order_of(chase_stride, tlb_window, 1).size(), 1U);
    EXPECT_EQ(order_of(3 * chase_stride, tlb_window, 1).size(), 3U);
}

TEST(Chase, GoesTheSameWayWithTheSameSeed) {
    EXPECT_EQ(order_of(mib, tlb_window, 5), order_of(mib, tlb_window, 5));
    EXPECT_NE(order_of(mib, tlb_window, 5), order_of(mib, tlb_window, 6));
}

TEST(Chase, StaysInAWindowUntilAllOfItIsVisited) {
    const std::vector<std::size_t> visited = order_of(4 * mib, tlb_window, 3);
    std::size_t changes = 0;
    for (std::size_t n = 1; n < visited.size(); ++n) {
        changes += visited[n] / tlb_window != visited[n - 1] / tlb_window ? 1U : 0U;
    }
    // From one to the next, and one more where the first was left before the cycle's start.
    EXPECT_LE(changes, 4 * mib / tlb_window);
}

TEST(Chase, IsAllOverTheBufferAtRandom) {
    const std::vector<std::size_t> visited = order_of(4 * mib, 4 * mib, 3);
    std::size_t changes = 0;
    for (std::size_t n = 1; n < visited.size(); ++n) {
        changes += visited[n] / page != visited[n - 1] / page ? 1U : 0U;
    }
    EXPECT_GT(changes, visited.size() * 99 / 100);
}

/// What a prefetcher could learn: how far it is to the next element.
TEST(Chase, HasNoUsualStep) {
    for (const std::size_t window : {tlb_window, 4 * mib}) {
        const std::vector<std::size_t> visited = order_of(4 * mib, window, 3);
        std::map<std::ptrdiff_t, std::size_t> steps;
        std::size_t windows_in_order = 0;
        for (std::size_t n = 1; n < visited.size(); ++n) {
            ++steps[static_cast<std::ptrdiff_t>(visited[n]) -
                    static_cast<std::ptrdiff_t>(visited[n - 1])];
            windows_in_order += visited[n] / window == visited[n - 1] / window + 1 ? 1U : 0U;
        }
        for (const auto& [step, times] : steps) {
            EXPECT_LT(times, visited.size() / 100) << step;
        }
        EXPECT_LT(windows_in_order, 4 * mib / tlb_window / 2);
    }
}

TEST(Chase, GoesOnWhereItStopped) {
    const buffer memory(mib);
    chase one(memory.bytes(), tlb_window, 9);
    // Rounds end within runs, and runs within rounds.
    for (const std::size_t steps : {std::size_t{1}, one.elements(), 3 * one.elements() + 7}) {
        EXPECT_GT(one.run(steps), 0U);
    }
    EXPECT_EQ(order(memory).size(), one.elements());
}

TEST(Chase, StopsWhenItIsTold) {
    const buffer memory(mib);
    chase one(memory.bytes(), mib, 9);
    std::atomic<bool> stop{true};
    const chase::stretch least = one.run_until(stop);
    EXPECT_GT(least.steps, 0U);
    EXPECT_GT(least.picoseconds, 0U);
    EXPECT_LT(least.steps, one.elements());

    stop = false;
    chase::stretch longer;
    std::thread under_way([&] { longer = one.run_until(stop); });
    stop = true;
    under_way.join();
    EXPECT_GT(longer.steps, 0U);
}

TEST(Chase, RefusesMemoryThatIsNoWholeNumberOfElements) {
    const buffer memory(mib);
    EXPECT_THROW(chase(memory.bytes().first(chase_stride + 8), tlb_window, 0),
                 std::invalid_argument);
    EXPECT_THROW(chase(memory.bytes().subspan(64, chase_stride), tlb_window, 0),
                 std::invalid_argument);
    EXPECT_THROW(chase({}, tlb_window, 0), std::invalid_argument);
    EXPECT_THROW(chase(memory.bytes(), 0, 0), std::invalid_argument);
    EXPECT_THROW(chase(memory.bytes(), chase_stride + 8, 0), std::invalid_argument);
    chase one(memory.bytes(), tlb_window, 0);
    EXPECT_THROW(one.run(0), std::invalid_argument);
}

} // namespace
} // namespace hetmem::detail
