#include "tool/measure_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>

namespace hetmem::tool {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

measured_cell latency_of_node2() {
    measured_cell cell;
    cell.initiator = "node0";
    cell.target = "node2";
    cell.what = metric::local_latency;
    cell.figure = {147'300, 146'900, 147'800, 146'000, 150'000, 34, true};
    cell.buffer = byte_size::from_mib(128);
    cell.page = byte_size::from_mib(2);
    cell.page_percent = 100;
    cell.cpus = *id_set::parse("3");
    cell.kernel = "chase";
    cell.verdict = interference::quiet;
    cell.time = "2026-11-23T08:00:00Z";
    cell.declared = {{source::hmat, knowledge::known, 110'000}};
    return cell;
}

/// One line for each figure.
constexpr measure_text_options wide{.columns = 200};

measurements with(const measured_cell& cell) {
    measurements all;
    all.targets = {{"node2", byte_size::from_mib(1536), {}, false}};
    all.cells = {cell};
    return all;
}

TEST(MeasureText, AFigureWithAllThatBelongsToIt) {
    const std::string text = text_of(with(latency_of_node2()), wide);
    EXPECT_THAT(text, HasSubstr("node2, 1.5 GiB\n"));
    EXPECT_THAT(
        text,
        ContainsRegex("node0 +latency, local to the TLB +147.3 ns +146.9 to 147.8 ns +34 +110 ns "
                      "\\(hmat\\), \\+34 % +2 MiB +1 of 3 +quiet +chase"));
    EXPECT_THAT(text, Not(HasSubstr("Note")));
    EXPECT_THAT(text, Not(HasSubstr("when"))) << "all of it is of now";
}

TEST(MeasureText, WhatKeepsItFromBeingTakenAsItStands) {
    measured_cell cell = latency_of_node2();
    cell.verdict = interference::disturbed;
    cell.why = "other programs took 40 % of CPU 3";
    cell.in = measured_in::cpu_cache;
    cell.figure.converged = false;
    const std::string text = text_of(with(cell), wide);
    EXPECT_THAT(text, HasSubstr("disturbed, in the CPU's cache"));
    EXPECT_THAT(
        text,
        HasSubstr("Note: latency, local to the TLB from node0: disturbed: other programs took "
                  "40 % of CPU 3"));
    EXPECT_THAT(text, HasSubstr("a buffer of 128 MiB fits the CPU's cache"));
    EXPECT_THAT(text, HasSubstr("its time was up before the interval was narrow"));
    EXPECT_THAT(text_of(with([&] {
                    cell.in = measured_in::side_cache;
                    return cell;
                }())),
                HasSubstr("in the side cache"));
}

TEST(MeasureText, ATerminalOf80ColumnsIsNotExceeded) {
    measured_cell cell = latency_of_node2();
    cell.what = metric::nontemporal_write_bandwidth;
    cell.figure = {102'400'000'000, 102'100'000'000, 103'400'000'000, 1, 2, 34, false};
    cell.declared = {{source::hmat, knowledge::known, 110'000'000'000}};
    cell.verdict = interference::disturbed;
    cell.why = "other programs took 73 % of CPU 0; 0.9 other CPUs were busy; programs waited for "
               "a CPU 99 % of the time";
    measurements all = with(cell);
    all.remarks = {"node1: left out, 100 MiB may be taken for measuring (a quarter of what is "
                   "available), and 128 MiB is the least that caches do not hold"};
    const std::string text = text_of(all);
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        EXPECT_LE(line.size(), 80U) << line;
    }
    EXPECT_THAT(text,
                ContainsRegex("node0 +write bandwidth, non-temporal stores +102.4 GB/s +102.1 "
                              "to 103.4 GB/s\n +disturbed; 34 samples; declared 110 GB/s"));
    EXPECT_THAT(text, HasSubstr("pages of 2 MiB; 1\n      thread on CPU 3; chase"));
    EXPECT_THAT(text_of(all, wide), ContainsRegex("103.4 GB/s +34 +110 GB/s .* disturbed"));
}

TEST(MeasureText, BytesThatOnlyTheBusSees) {
    measured_cell cell = latency_of_node2();
    cell.what = metric::write_bandwidth;
    cell.figure = {20'000'000'000, 19'900'000'000, 20'100'000'000, 1, 2, 20, true};
    cell.bus = 40'000'000'000;
    EXPECT_THAT(text_of(with(cell), wide),
                HasSubstr("On the bus, lines fetched by stores included: write bandwidth, ordinary "
                          "stores from node0 40 GB/s"));
    cell.bus = cell.figure.median;
    EXPECT_THAT(text_of(with(cell)), Not(HasSubstr("On the bus")));
}

TEST(MeasureText, HowOldItIs) {
    const std::time_t time = 1'795'420'800; // 2026-11-23T08:00:00Z
    const auto after = [&](std::time_t seconds) {
        return text_of(with(latency_of_node2()), {.now = time + seconds});
    };
    EXPECT_THAT(after(5), HasSubstr("just now"));
    EXPECT_THAT(after(61), HasSubstr("1 minute ago"));
    EXPECT_THAT(after(7200), HasSubstr("2 hours ago"));
    EXPECT_THAT(after(86400 * 3), HasSubstr("3 days ago"));
    EXPECT_THAT(after(-5), HasSubstr("just now")) << "clocks are set back";
}

TEST(MeasureText, ACurveAndItsKnee) {
    measured_curve curve{"node0", "node2", 100, 100'000, {}, {}, interference::quiet, ""};
    curve.points = {{1'000'000'000, 101'000}, {40'000'000'000, 210'000}};
    measurements all;
    all.curves = {curve};
    EXPECT_THAT(text_of(all), HasSubstr("not reached with these CPUs"));
    all.curves.front().knee = curve.points.back();
    EXPECT_THAT(text_of(all), HasSubstr("Knee (twice the idle latency): at 40 GB/s, 210 ns"));
    EXPECT_THAT(text_of(all), ContainsRegex("40 GB/s +210 ns +#{40}\n"));
}

TEST(MeasureText, WhatWasGiven) {
    measurements all;
    all.given = {
        {"node0", "node2", quantity::read_latency, 250'000, source::override_, "data sheet", {}}};
    EXPECT_THAT(text_of(all),
                ContainsRegex("node0 +node2 +read latency +250 ns +override +data sheet"));
}

TEST(MeasureText, NothingOfAFileSteersTheTerminal) {
    measured_cell cell = latency_of_node2();
    cell.initiator = "\033[2Jnode0";
    cell.kernel = "a\rb";
    cell.target = "node\n2";
    measurements all;
    all.cells = {cell};
    all.remarks = {"\033]0;title\a"};
    const std::string text = text_of(all);
    EXPECT_EQ(text.find_first_of("\033\r\a"), std::string::npos);
    EXPECT_THAT(text, HasSubstr("Note: "));
}

} // namespace
} // namespace hetmem::tool
