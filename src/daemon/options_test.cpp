#include "daemon/options.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace hetmem::daemon {
namespace {

using testing::HasSubstr;

std::variant<options, print_text> parse(std::vector<const char*> words) {
    words.insert(words.begin(), "hetmemd");
    return parse_options(static_cast<int>(words.size()), words.data());
}

options options_of(std::vector<const char*> words) {
    return std::get<options>(parse(std::move(words)));
}

std::string complaint_about(std::vector<const char*> words) {
    try {
        parse(std::move(words));
    } catch (const usage_error& e) {
        return e.what();
    }
    return "";
}

TEST(Options, AreThoseOfTheServiceWhenNothingIsSaid) {
    const options asked = options_of({});
    EXPECT_EQ(asked.run_directory, "/run/hetmem");
    EXPECT_EQ(asked.root, "/");
    EXPECT_FALSE(asked.once);
    EXPECT_EQ(asked.wanted, options::wish::none);
}

TEST(Options, NameOtherPlaces) {
    const options asked = options_of({"--root", "/tmp/machine", "--run-directory", "/tmp/run"});
    EXPECT_EQ(asked.root, "/tmp/machine");
    EXPECT_EQ(asked.run_directory, "/tmp/run");
    EXPECT_THAT(complaint_about({"--root", "/tmp/machine"}), HasSubstr("--run-directory"))
        << "another machine must not be published as this one";
    EXPECT_THAT(complaint_about({"--run-directory", ""}), HasSubstr("a name is missing"));
}

TEST(Options, SayWhichTableShallHold) {
    EXPECT_TRUE(options_of({"--once"}).once);
    const options adopting = options_of({"--once", "--adopt", "new.hmat"});
    EXPECT_EQ(adopting.wanted, options::wish::adopt);
    EXPECT_EQ(adopting.table, "new.hmat");
    EXPECT_EQ(options_of({"--once", "--evaluate"}).wanted, options::wish::evaluate);
    EXPECT_EQ(options_of({"--once", "--firmware"}).wanted, options::wish::firmware);
    EXPECT_NE(complaint_about({"--once", "--firmware", "--evaluate"}), "");
    EXPECT_NE(complaint_about({"--once", "--adopt", "x", "--evaluate"}), "");
    EXPECT_THAT(complaint_about({"--evaluate"}), HasSubstr("--once"));
}

TEST(Options, HelpAndVersionAreText) {
    EXPECT_THAT(std::get<print_text>(parse({"--help"})).text, HasSubstr("--run-directory"));
    EXPECT_THAT(std::get<print_text>(parse({"--version"})).text,
                testing::MatchesRegex("hetmemd [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST(Options, WhatIsNoneOfThemIsNamed) {
    EXPECT_THAT(complaint_about({"--daemon"}), HasSubstr("--daemon"));
    EXPECT_THAT(complaint_about({"start"}), HasSubstr("start"));
}

} // namespace
} // namespace hetmem::daemon
