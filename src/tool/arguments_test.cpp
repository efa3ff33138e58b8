#include "tool/arguments.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace hetmem::tool {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

arguments parse(std::vector<const char*> words) {
    words.insert(words.begin(), "hetmem");
    return parse_arguments(static_cast<int>(words.size()), words.data());
}

std::string refusal(const std::vector<const char*>& words) {
    try {
        parse(words);
    } catch (const usage_error& e) {
        return e.what();
    }
    return "accepted";
}

TEST(arguments, show_draws_this_machine_for_the_terminal_unless_told_otherwise) {
    const auto show = std::get<show_arguments>(parse({"show"}));
    EXPECT_EQ(show.machine.root, "");
    EXPECT_EQ(show.machine.saved, "");
    EXPECT_FALSE(show.matrix || show.json || show.ascii);
    EXPECT_EQ(show.color, when::automatic);
    EXPECT_FALSE(show.width.has_value());
    EXPECT_EQ(show.svg, "");
}

TEST(arguments, show_takes_its_options) {
    const auto show = std::get<show_arguments>(parse(
        {"show", "--matrix", "--ascii", "--color", "always", "--width", "132", "--root", "/x"}));
    EXPECT_TRUE(show.matrix);
    EXPECT_TRUE(show.ascii);
    EXPECT_EQ(show.color, when::always);
    EXPECT_EQ(show.width, 132U);
    EXPECT_EQ(show.machine.root, "/x");
    EXPECT_EQ(std::get<show_arguments>(parse({"show", "--svg", "-"})).svg, "-");
}

TEST(arguments, one_output_and_one_machine_at_a_time) {
    EXPECT_THAT(refusal({"show", "--json", "--svg", "x.svg"}), HasSubstr("--svg"));
    EXPECT_THAT(refusal({"show", "--root", "/x", "--from", "y.json"}), HasSubstr("--root"));
    EXPECT_THAT(refusal({"rank", "--by", "free", "--root", "/x", "--from", "y.json"}),
                HasSubstr("--root"));
}

TEST(arguments, rank_needs_a_criterion_and_names_those_there_are) {
    EXPECT_THAT(refusal({"rank"}), HasSubstr("--by is required"));
    EXPECT_THAT(refusal({"rank", "--by", "speed"}),
                AllOf(HasSubstr("'speed'"), HasSubstr("read_latency"), HasSubstr("capacity")));
    EXPECT_EQ(std::get<rank_arguments>(parse({"rank", "--by", "write_bandwidth"})).by,
              criterion::write_bandwidth);
}

TEST(arguments, rank_takes_several_places_to_rank_from) {
    const auto rank =
        std::get<rank_arguments>(parse({"rank", "--by", "free", "--from-cpu", "3", "--from-cpu",
                                        "9", "--from-initiator", "gi2", "--all"}));
    EXPECT_THAT(rank.cpus, ElementsAre(3U, 9U));
    EXPECT_THAT(rank.initiators, ElementsAre("gi2"));
    EXPECT_TRUE(rank.all);
}

TEST(arguments, watch_goes_on_until_it_is_told_how_long) {
    const auto watch = std::get<watch_arguments>(parse({"watch"}));
    EXPECT_FALSE(watch.json);
    EXPECT_FALSE(watch.changes.has_value());
    const auto twice = std::get<watch_arguments>(parse({"watch", "--json", "--changes", "2"}));
    EXPECT_TRUE(twice.json);
    EXPECT_EQ(twice.changes, 2U);
    EXPECT_THAT(refusal({"watch", "--changes", "0"}), HasSubstr("--changes"));
    EXPECT_THAT(refusal({"watch", "--changes", "-1"}), HasSubstr("--changes"));
    EXPECT_THAT(refusal({"watch", "--root", "/x"}), HasSubstr("--root"));
}

TEST(arguments, adopt_takes_one_of_three) {
    using kind = detail::adopt_request::kind;
    const auto table = std::get<adopt_arguments>(parse({"adopt", "new.hmat"}));
    EXPECT_EQ(table.wanted, kind::table);
    EXPECT_EQ(table.file, "new.hmat");
    EXPECT_EQ(table.run_directory, "/run/hetmem");
    EXPECT_EQ(std::get<adopt_arguments>(parse({"adopt", "--evaluate"})).wanted, kind::evaluate);
    EXPECT_EQ(std::get<adopt_arguments>(parse({"adopt", "--firmware"})).wanted, kind::firmware);
    for (const auto& words :
         std::vector<std::vector<const char*>>{{"adopt"},
                                               {"adopt", "--run-directory", "/x"},
                                               {"adopt", "new.hmat", "--evaluate"},
                                               {"adopt", "--evaluate", "--firmware"},
                                               {"adopt", "a", "b"},
                                               {"adopt", ""}}) {
        EXPECT_THROW(parse(words), usage_error) << testing::PrintToString(words);
    }
}

TEST(arguments, capture_needs_a_file) {
    EXPECT_THAT(refusal({"capture"}), HasSubstr("FILE is required"));
    const auto capture = std::get<capture_arguments>(parse({"capture", "a.tar.gz"}));
    EXPECT_EQ(capture.file, "a.tar.gz");
    EXPECT_EQ(capture.root, "/");
}

TEST(arguments, where_takes_a_process_and_how_often_to_look) {
    const auto once = std::get<where_arguments>(parse({"where", "4711"}));
    EXPECT_EQ(once.pid, 4711);
    EXPECT_FALSE(once.maps || once.json || once.watch);
    EXPECT_EQ(std::get<where_arguments>(parse({"where", "1", "--watch"})).watch, 1.0);
    const auto often = std::get<where_arguments>(parse({"where", "1", "--maps", "--watch", "0.5"}));
    EXPECT_EQ(often.watch, 0.5);
    EXPECT_TRUE(often.maps);
    EXPECT_THAT(refusal({"where", "1", "--watch=-1"}), HasSubstr("'-1' is no number of seconds"));
    EXPECT_THAT(refusal({"where", "-5"}), HasSubstr("-5"));
}

TEST(arguments, move_takes_a_process_and_a_placement) {
    const auto move = std::get<move_arguments>(
        parse({"move", "4711", "chain:hbm,node0", "--maps", "[heap]", "--headroom", "64M"}));
    EXPECT_EQ(move.pid, 4711);
    EXPECT_EQ(move.placement, "chain:hbm,node0");
    EXPECT_EQ(move.maps, "[heap]");
    EXPECT_EQ(move.headroom, byte_size::from_mib(64));
    EXPECT_FALSE(move.json);
    EXPECT_THAT(refusal({"move", "4711"}), HasSubstr("PLACEMENT is required"));
}

TEST(arguments, complaints_are_one_line_and_say_where_help_is) {
    for (const std::vector<const char*>& words : {std::vector<const char*>{},
                                                  {"draw"},
                                                  {"show", "--colour"},
                                                  {"show", "extra"},
                                                  {"show", "--width", "wide"},
                                                  {"show", "--width", "0"},
                                                  {"show", "--color", "maybe"},
                                                  {"rank", "--by", "free", "--from-cpu", "-1"}}) {
        EXPECT_THAT(refusal(words), AllOf(HasSubstr("--help"), Not(HasSubstr("\n"))));
    }
    EXPECT_THAT(refusal({"show", "--colour"}), HasSubstr("hetmem show --help"));
}

TEST(arguments, help_teaches_each_subcommand) {
    const std::string help = std::get<print_text>(parse({"--help"})).text;
    EXPECT_THAT(help, AllOf(HasSubstr("show"), HasSubstr("rank"), HasSubstr("capture"),
                            HasSubstr("Root is needed"), HasSubstr("hmat")));
    EXPECT_THAT(
        std::get<print_text>(parse({"rank", "--help"})).text,
        AllOf(HasSubstr("--from-cpu"), HasSubstr("write_bandwidth"), HasSubstr("Examples")));
}

} // namespace
} // namespace hetmem::tool
