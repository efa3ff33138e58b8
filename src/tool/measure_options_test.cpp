#include "tool/arguments.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace hetmem::tool {
namespace {

using action = measure_arguments::action;
using keep = measure_arguments::keep;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

measure_arguments parse(std::vector<const char*> words) {
    words.insert(words.begin(), {"hetmem", "measure"});
    return std::get<measure_arguments>(
        parse_arguments(static_cast<int>(words.size()), words.data()));
}

std::string refusal(const std::vector<const char*>& words) {
    try {
        parse(words);
    } catch (const usage_error& e) {
        return e.what();
    }
    return "accepted";
}

TEST(MeasureOptions, AnUnknownMetricIsToldWhichThereAre) {
    const std::string said = refusal({"--metric", "speed"});
    EXPECT_THAT(said, HasSubstr("'speed' is no metric; there are local_latency, random_latency, "));
    EXPECT_THAT(said, HasSubstr("read_1_write_1_bandwidth"));
}

TEST(MeasureOptions, EverythingUnlessTold) {
    const measure_arguments asked = parse({});
    EXPECT_EQ(asked.wanted, action::measure);
    EXPECT_TRUE(asked.targets.empty());
    EXPECT_TRUE(asked.initiators.empty());
    EXPECT_TRUE(asked.metrics.empty());
    EXPECT_FALSE(asked.quick || asked.curves || asked.allow_cached || asked.destroy_contents);
    EXPECT_FALSE(asked.precision || asked.budget || asked.buffer);
    EXPECT_EQ(asked.store, keep::automatic);
}

TEST(MeasureOptions, WhatIsAskedFor) {
    const measure_arguments asked =
        parse({"node0", "dax0.0", "--initiator", "node1", "--initiator", "node2", "--metric",
               "local_latency,triad_bandwidth", "--curves", "--precision", "0.5", "--budget",
               "0.25", "--buffer", "64M", "--allow-cached", "--destroy-contents", "--json"});
    EXPECT_THAT(asked.targets, ElementsAre("node0", "dax0.0"));
    EXPECT_THAT(asked.initiators, ElementsAre("node1", "node2"));
    EXPECT_THAT(asked.metrics, ElementsAre(metric::local_latency, metric::triad_bandwidth));
    EXPECT_TRUE(asked.curves && asked.allow_cached && asked.destroy_contents && asked.json);
    EXPECT_EQ(asked.precision, 0.5);
    EXPECT_EQ(asked.budget, std::chrono::milliseconds(250));
    EXPECT_EQ(asked.buffer, byte_size::from_mib(64));
}

TEST(MeasureOptions, ATargetMayFollowAnyOption) {
    EXPECT_THAT(parse({"--initiator", "node0", "node1"}).targets, ElementsAre("node1"));
    EXPECT_THAT(parse({"--metric", "local_latency", "node1"}).targets, ElementsAre("node1"));
}

TEST(MeasureOptions, WhereFiguresAreKept) {
    EXPECT_EQ(parse({"--no-store"}).store, keep::nowhere);
    EXPECT_EQ(parse({"--store", "user"}).store, keep::user);
    EXPECT_EQ(parse({"--store", "machine"}).store, keep::machine);
    EXPECT_THAT(refusal({"--store", "moon"}), HasSubstr("'moon' is neither user nor machine"));
    EXPECT_THAT(refusal({"--store", "user", "--no-store"}), HasSubstr("--no-store"));
}

TEST(MeasureOptions, WhatIsKeptAlready) {
    const measure_arguments import = parse({"--import", "figures.json", "--store", "user"});
    EXPECT_EQ(import.wanted, action::import);
    EXPECT_EQ(import.import_file, "figures.json");
    const measure_arguments forget = parse({"--forget", "node2", "node3"});
    EXPECT_EQ(forget.wanted, action::forget);
    EXPECT_THAT(forget.targets, ElementsAre("node2", "node3"));
    EXPECT_EQ(parse({"--list"}).wanted, action::list);
    for (const std::vector<const char*>& both :
         std::vector<std::vector<const char*>>{{"--import", "f", "--forget"},
                                               {"--list", "--forget"},
                                               {"--import", "f", "--list"},
                                               {"--import", "f", "node0"},
                                               {"--list", "--quick"},
                                               {"--forget", "--no-store"}}) {
        EXPECT_NE(refusal(both), "accepted") << both.front();
    }
}

TEST(MeasureOptions, WhatMakesNoSense) {
    EXPECT_THAT(refusal({"--metric", "speed"}), HasSubstr("'speed' is no metric"));
    EXPECT_THAT(refusal({"--buffer", "much"}), HasSubstr("'much' is no size"));
    EXPECT_NE(refusal({"--precision", "0"}), "accepted");
    EXPECT_NE(refusal({"--budget", "0"}), "accepted");
    EXPECT_NE(refusal({"--budget", "soon"}), "accepted");
    EXPECT_NE(refusal({""}), "accepted");
}

} // namespace
} // namespace hetmem::tool
