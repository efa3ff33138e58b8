#include "publish/history.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <string>

namespace hetmem::detail {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

// 23 November 2026, 8:00 UTC
constexpr auto some_day = std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} + 8h;

history_entry entry_with(std::size_t changes) {
    history_entry entry{7, some_day + 123ms, "events", {}};
    for (std::size_t i = 0; i < changes; ++i) {
        entry.changes.push_back(
            {change_kind::state, "node" + std::to_string(i), "", "", "online", "offline"});
    }
    return entry;
}

std::size_t lines_of(const std::string& text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST(History, TellsAGenerationInALine) {
    const std::string line = history_line(entry_with(1));
    EXPECT_EQ(lines_of(line), 1U);
    EXPECT_EQ(line.back(), '\n');
    const json read = json::parse(line);
    EXPECT_EQ(read["generation"], 7);
    EXPECT_EQ(read["time"], "2026-11-23T08:00:00.123Z");
    EXPECT_EQ(read["cause"], "events");
    ASSERT_EQ(read["changes"].size(), 1U);
    const json& one = read["changes"][0];
    EXPECT_EQ(one["kind"], std::string(to_string(change_kind::state)));
    EXPECT_EQ(one["target"], "node0");
    EXPECT_EQ(one["before"], "online");
    EXPECT_EQ(one["after"], "offline");
    EXPECT_EQ(one["text"], to_string(entry_with(1).changes[0]));
    EXPECT_FALSE(read.contains("more_changes"));
}

TEST(History, CountsTheChangesThatWouldFillIt) {
    const json read = json::parse(history_line(entry_with(100'000)));
    EXPECT_EQ(read["changes"].size() + read["more_changes"].get<std::size_t>(), 100'000U);
    EXPECT_LT(read.dump().size(), most_history_bytes / 2);
}

TEST(History, IsAlwaysJson) {
    history_entry strange = entry_with(1);
    strange.changes[0].target = "a\"b\n\xff\x01";
    const std::string line = history_line(strange);
    EXPECT_EQ(lines_of(line), 1U);
    EXPECT_FALSE(json::parse(line, nullptr, false).is_discarded());
}

TEST(History, TimesBeforeTheFirstSecondHaveNoMinus) {
    EXPECT_EQ(timestamp(std::chrono::system_clock::time_point{} - 1ms), "1969-12-31T23:59:59.999Z");
}

TEST(History, GrowsAtItsEnd) {
    EXPECT_EQ(extended_history("", "1\n"), "1\n");
    EXPECT_EQ(extended_history("1\n", "2\n"), "1\n2\n");
    EXPECT_EQ(extended_history("\n", "2\n"), "\n2\n");
}

TEST(History, DropsALineThatWasCutShort) {
    EXPECT_EQ(extended_history("1\n2", "3\n"), "1\n3\n");
    EXPECT_EQ(extended_history("1", "3\n"), "3\n");
}

TEST(History, ForgetsTheOldestLines) {
    std::string history;
    for (std::size_t i = 0; i < most_history_lines + 10; ++i) {
        history = extended_history(history, std::to_string(i) + "\n");
    }
    EXPECT_EQ(lines_of(history), most_history_lines);
    EXPECT_TRUE(history.starts_with("10\n"));
    EXPECT_TRUE(history.ends_with("1009\n"));
}

TEST(History, HasALimitInBytesToo) {
    const std::string long_line = std::string(most_history_bytes / 3, 'x') + "\n";
    std::string history;
    for (int i = 0; i < 5; ++i) {
        history = extended_history(history, long_line);
        EXPECT_LE(history.size(), most_history_bytes);
    }
    EXPECT_EQ(lines_of(history), 2U);
    // The newest line is there, however long it is.
    const std::string longest = std::string(2 * most_history_bytes, 'y') + "\n";
    EXPECT_EQ(extended_history(history, longest), longest);
}

} // namespace
} // namespace hetmem::detail
