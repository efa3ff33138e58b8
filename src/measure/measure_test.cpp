#include "measure/streams.hpp"
#include "tests/support/made_up_machine.hpp"

#include <hetmem/discover.hpp>
#include <hetmem/error.hpp>
#include <hetmem/measure.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <iterator>
#include <set>
#include <string>
#include <thread>

#include <sched.h>

namespace hetmem {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// Small and short: what the figures are nobody can know here, that they are whole is seen.
measure_options small() {
    measure_options options;
    options.buffer = byte_size::from_bytes(4 * detail::stream_granule);
    options.allow_cached = true;
    options.cell_budget = 20ms;
    return options;
}

std::ptrdiff_t threads_of_this_process() {
    const std::filesystem::directory_iterator tasks("/proc/self/task");
    return std::distance(begin(tasks), end(tasks));
}

class Measure : public ::testing::Test {
protected:
    const topology machine_ = discover();
    const std::string memory_ = machine_.targets().front().name;
};

TEST_F(Measure, EveryMetricWithAllThatBelongsToIt) {
    measure_options options = small();
    options.targets = {memory_};
    const measurements found = measure(machine_, options);
    ASSERT_FALSE(found.cells.empty());
    EXPECT_EQ(found.cells.size() % 10, 0U);
    std::set<metric> seen;
    for (const measured_cell& cell : found.cells) {
        const std::string what(to_string(cell.what));
        seen.insert(cell.what);
        EXPECT_EQ(cell.target, memory_);
        EXPECT_GE(cell.figure.n, 3U) << what;
        EXPECT_LE(cell.figure.least, cell.figure.low) << what;
        EXPECT_LE(cell.figure.low, cell.figure.median) << what;
        EXPECT_LE(cell.figure.median, cell.figure.high) << what;
        EXPECT_LE(cell.figure.high, cell.figure.most) << what;
        EXPECT_GT(cell.figure.least, 0U) << what;
        EXPECT_EQ(cell.in, measured_in::cpu_cache) << "768 KiB are no memory: " << what;
        EXPECT_GT(cell.page, byte_size{}) << what;
        EXPECT_GT(cell.page_percent, 0U) << what;
        EXPECT_EQ(cell.cpus.size(), cell.threads) << what;
        EXPECT_FALSE(cell.kernel.empty()) << what;
        EXPECT_THAT(cell.time, ::testing::MatchesRegex("2...-..-..T..:..:..Z"));
        EXPECT_EQ(cell.bus == 0, is_latency(cell.what)) << what;
        EXPECT_TRUE(cell.bus == 0 || cell.bus >= cell.figure.median) << what;
        EXPECT_EQ(cell.why.empty(), cell.verdict == interference::quiet) << what;
    }
    EXPECT_THAT(seen, SizeIs(10));
    ASSERT_THAT(found.targets, SizeIs(1));
    EXPECT_EQ(found.targets.front().name, memory_);
    EXPECT_FALSE(found.initiators.empty());
    EXPECT_FALSE(found.machine.cpu_model.empty());
}

TEST_F(Measure, NothingIsLeftBehind) {
    cpu_set_t before;
    cpu_set_t after;
    ASSERT_EQ(::sched_getaffinity(0, sizeof before, &before), 0);
    std::thread([] {}).join(); // with the first one the thread sanitizer starts one of its own
    const std::ptrdiff_t threads = threads_of_this_process();
    measure_options options = small();
    options.metrics = {metric::local_latency, metric::read_bandwidth};
    options.curves = true;
    measure(machine_, options);
    ASSERT_EQ(::sched_getaffinity(0, sizeof after, &after), 0);
    EXPECT_TRUE(CPU_EQUAL(&before, &after));
    // One that was joined may be seen a moment longer.
    for (int i = 0; i < 1000 && threads_of_this_process() > threads; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    EXPECT_LE(threads_of_this_process(), threads);
}

TEST_F(Measure, ProgressIsToldAndEndsIt) {
    measure_options options = small();
    options.targets = {memory_};
    options.metrics = {metric::local_latency, metric::copy_bandwidth};
    options.curves = true;
    std::vector<metric> ended;
    std::size_t last_done = 0;
    options.progress = [&](const measure_progress& now) {
        EXPECT_LE(now.cells_done, now.cells);
        EXPECT_GE(now.cells_done, last_done) << "never backwards";
        EXPECT_GE(now.left.count(), 0);
        last_done = now.cells_done;
        if (now.latest != nullptr) {
            ended.push_back(now.latest->what);
            EXPECT_GT(now.latest->figure.median, 0U);
        }
        return ended.empty();
    };
    const measurements found = measure(machine_, options);
    EXPECT_THAT(ended, SizeIs(1)) << "no more was asked for";
    EXPECT_THAT(found.curves, IsEmpty());
    ASSERT_FALSE(found.cells.empty());
    EXPECT_THAT(found.cells, Contains(::testing::Field(&measured_cell::what, ended.front())));
    EXPECT_THAT(found.remarks, Contains(HasSubstr("stopped early")));
}

TEST_F(Measure, StoppedBeforeItBeganItHasNothing) {
    measure_options options = small();
    options.progress = [](const measure_progress&) { return false; };
    const measurements found = measure(machine_, options);
    EXPECT_THAT(found.cells, IsEmpty());
}

TEST_F(Measure, ABufferThatCachesHoldIsRefused) {
    measure_options options = small();
    options.allow_cached = false;
    try {
        measure(machine_, options);
        FAIL() << "768 KiB are no memory";
    } catch (const error& e) {
        EXPECT_EQ(e.code(), std::errc::invalid_argument);
        EXPECT_THAT(e.what(), HasSubstr("caches"));
    }
}

TEST_F(Measure, ACurveForEachMixtureOfReadsAndWrites) {
    measure_options options = small();
    options.targets = {memory_};
    options.metrics = {metric::local_latency};
    options.curves = true;
    const measurements found = measure(machine_, options);
    if (found.curves.empty()) {
        EXPECT_THAT(found.remarks, Contains(HasSubstr("one CPU cannot load")));
        return;
    }
    std::set<unsigned> ratios;
    for (const measured_curve& one : found.curves) {
        ratios.insert(one.read_percent);
        EXPECT_EQ(one.target, memory_);
        EXPECT_FALSE(one.initiator.empty());
        EXPECT_FALSE(one.time.empty());
    }
    EXPECT_THAT(ratios, ElementsAre(50, 100));
}

TEST(MeasureElsewhere, AnotherMachineCannotBeMeasured) {
    const test::tree machine = test::make_machine({{0, "0-1", 0, 2, ~0U, "10"}}, 2);
    const topology described = discover({.root = machine.root()});
    try {
        measure(described, small());
        FAIL() << "there is no such memory here";
    } catch (const error& e) {
        EXPECT_EQ(e.code(), std::errc::invalid_argument);
    }
}

} // namespace
} // namespace hetmem
