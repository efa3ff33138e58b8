#include "publish/report.hpp"

#include "publish/test_reports.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace hetmem {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

/// Made once: a machine of 1024 nodes is no small one.
const std::vector<test::report_case>& cases() {
    static const std::vector<test::report_case> all = test::report_cases();
    return all;
}

const std::string& page_of(const std::string& name) {
    static std::map<std::string, std::string> pages;
    const auto [page, is_new] = pages.try_emplace(name);
    if (is_new) {
        page->second = std::ranges::find(cases(), name, &test::report_case::name)->draw();
    }
    return page->second;
}

const test::report_case& full() {
    return cases().front();
}

/// From the heading of a section to the end of it.
std::string section_of(const std::string& page, const std::string& id) {
    const std::size_t from = page.find("<section id=\"" + id + "\"");
    const std::size_t to = page.find("</section>", from);
    return from == std::string::npos ? "" : page.substr(from, to - from);
}

/// What a reader sees: tags and the style taken away, and one space where there are several.
std::string words_of(const std::string& page) {
    std::string words;
    for (std::size_t at = 0; at < page.size(); ++at) {
        char next = page[at];
        if (next == '<') {
            const bool style = page.compare(at, 7, "<style>") == 0;
            at = std::min(page.find('>', style ? page.find("</style>", at) : at), page.size());
            next = ' ';
        } else if (next == '\n') {
            next = ' ';
        }
        if (next != ' ' || !words.ends_with(' ')) {
            words += next;
        }
    }
    return words;
}

std::vector<std::string> all_matches(const std::string& text, const std::string& expression) {
    const std::regex pattern(expression);
    std::vector<std::string> found;
    for (auto it = std::sregex_iterator(text.begin(), text.end(), pattern);
         it != std::sregex_iterator(); ++it) {
        found.push_back((*it)[1]);
    }
    return found;
}

TEST(Report, EveryMachineHasEverySection) {
    for (const test::report_case& one : cases()) {
        const std::string& page = page_of(one.name);
        EXPECT_TRUE(page.starts_with("<!DOCTYPE html>")) << one.name;
        for (const char* id : {"summary", "machine", "figures", "measured", "curves", "findings",
                               "seals", "provenance", "unread"}) {
            EXPECT_THAT(words_of(section_of(page, id)), SizeIs(testing::Gt(20U)))
                << id << " of " << one.name << " says nothing";
        }
        EXPECT_THAT(all_matches(page, "<h1>([^<]*)"), SizeIs(1)) << one.name;
    }
}

TEST(Report, IdsAreUniqueAndWhatRefersToThemIsThere) {
    for (const test::report_case& one : cases()) {
        const std::string& page = page_of(one.name);
        const std::vector<std::string> ids = all_matches(page, " id=\"([^\"]*)\"");
        const std::set<std::string> unique(ids.begin(), ids.end());
        EXPECT_EQ(ids.size(), unique.size()) << one.name;
        for (const std::string& to : all_matches(page, " href=\"#([^\"]*)\"")) {
            EXPECT_TRUE(unique.contains(to)) << to;
        }
        for (const std::string& list : all_matches(page, " aria-labelledby=\"([^\"]*)\"")) {
            for (const std::string& to : all_matches(list, "([^ ]+)")) {
                EXPECT_TRUE(unique.contains(to)) << to;
            }
        }
    }
}

TEST(Report, NothingComesFromElsewhereAndNothingRuns) {
    for (const test::report_case& one : cases()) {
        const std::string& page = page_of(one.name);
        EXPECT_THAT(page, AllOf(Not(HasSubstr("<script")), Not(HasSubstr("<img")),
                                Not(HasSubstr("url(")), Not(HasSubstr("@import")),
                                Not(HasSubstr("<link")), Not(HasSubstr("<iframe"))))
            << one.name;
        EXPECT_THAT(page, HasSubstr("default-src &#39;none&#39;"));
        EXPECT_THAT(all_matches(page, "(?:href|src)=\"([^\"]*)\""), Each(testing::StartsWith("#")));
        EXPECT_THAT(all_matches(page, "(https?://[^\" <]*)"),
                    Each(testing::StartsWith("http://www.w3.org/"))); // names, never fetched
    }
}

TEST(Report, TextFromOutsideStaysText) {
    const std::string& page = page_of("hostile");
    EXPECT_THAT(page, AllOf(Not(HasSubstr("onerror=alert(1)>")), Not(HasSubstr("<a b")),
                            Not(HasSubstr("\x1b")), Not(HasSubstr("\u202e"))));
    EXPECT_THAT(page, AllOf(HasSubstr("&lt;img src=x onerror=alert(1)&gt;"),
                            HasSubstr("&lt;/style&gt;&lt;/section&gt;&lt;script&gt;alert(1)")));
    EXPECT_THAT(all_matches(page, "(</style>)"), SizeIs(1));
}

TEST(Report, AFigureStandsWithItsSource) {
    const std::string figures = words_of(section_of(page_of("rich"), "figures"));
    EXPECT_THAT(figures, AllOf(HasSubstr("118.3 measured"), HasSubstr("300.0 hmat"),
                               HasSubstr("Write bandwidth, GB/s, all from sysfs")));
}

TEST(Report, UnknownAndUnreachableAreSaidInWords) {
    const std::string figures = words_of(section_of(page_of("rich"), "figures"));
    EXPECT_THAT(figures, AllOf(HasSubstr("– unknown"), HasSubstr("× no path")));
}

TEST(Report, ADisturbedFigureIsMarkedInTheMatrixToo) {
    const std::string figures = section_of(page_of("rich"), "figures");
    EXPECT_THAT(all_matches(figures, "(<td class=\"s[0-6] disturbed\">)"), SizeIs(1));
    EXPECT_THAT(words_of(figures), HasSubstr("140.1 measured disturbed"));
}

TEST(Report, BothDirectionsStandInOneTableWhereTheyAreEqual) {
    EXPECT_THAT(words_of(section_of(page_of("eight"), "figures")),
                HasSubstr("Unknown for every pair: write latency"));
    test::machine_text text;
    text.targets = R"({"name": "node0", "kind": "dram", "state": "online", "node": 0})";
    text.figures = test::figures("hmat", "read_latency", "[80000]") + "," +
                   test::figures("hmat", "write_latency", "[80000]");
    const std::string page = test::report_case{"", text.read()}.draw();
    EXPECT_THAT(words_of(page), AllOf(HasSubstr("Read and write latency, ns, all from hmat"),
                                      Not(HasSubstr("Write latency, ns"))));
}

TEST(Report, MeasuredStandsBesideDeclared) {
    const std::string measured = words_of(section_of(page_of("rich"), "measured"));
    EXPECT_THAT(measured, HasSubstr("118.3 ns 116.8 ns to 120.3 ns 41 samples 100 ns (hmat) "
                                    "18 % slower than declared quiet"));
    EXPECT_THAT(measured, HasSubstr("9 % less than declared"));
    EXPECT_THAT(measured, HasSubstr("as declared: within the interval"));
    EXPECT_THAT(measured, HasSubstr("on the bus 241 GB/s"));
}

TEST(Report, WhatIsNoFigureOfTheMemoryIsNotHeldAgainstItsClaim) {
    const std::string measured = words_of(section_of(page_of("rich"), "measured"));
    EXPECT_THAT(
        measured,
        HasSubstr("300 ns (hmat) not compared: it is not the memory&#39;s own figure unknown "
                  "whether it was disturbed; measured in the memory-side cache"));
    EXPECT_THAT(measured, HasSubstr("pages of 4 KiB (97 %)"));
}

TEST(Report, ADisturbedCellSaysWhyAndHowItEnded) {
    EXPECT_THAT(
        words_of(section_of(page_of("rich"), "measured")),
        HasSubstr("disturbed: not to be trusted PSI: CPUs were wanted by others 12 % of the "
                  "time; ended by its time, not by its interval"));
}

TEST(Report, FiguresGivenByHandNameTheirOrigin) {
    EXPECT_THAT(words_of(section_of(page_of("rich"), "measured")),
                HasSubstr("Of this user alone Given by hand or measured elsewhere Pair What Figure "
                          "Where it is from node1 → dax1.0 write latency 940 ns counts as override "
                          "data sheet"));
}

TEST(Report, ACurveTellsItsKneeOrThatThereIsNone) {
    const std::string curves = section_of(page_of("rich"), "curves");
    EXPECT_THAT(words_of(curves),
                AllOf(HasSubstr("reads only: idle 118.3 ns; twice that (the knee, "
                                "ringed) at 224 GB/s, 263.2 ns"),
                      HasSubstr("67 % reads: idle 118.3 ns"),
                      HasSubstr("twice that was not reached with the CPUs")));
    EXPECT_THAT(all_matches(curves, "(<circle class=\"knee\")"), SizeIs(3));
    EXPECT_THAT(words_of(curves), HasSubstr("252 GB/s 307.6 ns")) << "the points as a table";
}

TEST(Report, WhatLiesBeforeAMemoryIsTold) {
    EXPECT_THAT(words_of(section_of(page_of("rich"), "machine")),
                AllOf(HasSubstr("node4 is behind a memory-side cache of 4 GiB, direct, write-back "
                                "(hmat): latency read 110 ns (hmat), write unknown"),
                      HasSubstr("node4: mem0 alone, its leg of the path: latency read 150 ns")));
}

TEST(Report, FindingsComeWorstFirstWithMeaningAndRemedy) {
    const std::string findings = section_of(page_of("rich"), "findings");
    EXPECT_THAT(all_matches(findings, "article class=\"finding ([a-z]*)\""),
                ElementsAre("error", "warning", "info"))
        << "two remarks of one check are told together";
    const std::string words = words_of(findings);
    const detail::check_info& drops = *detail::find_check("hmat-unknown-domain");
    const detail::check_info& local = *detail::find_check("local-slower");
    EXPECT_THAT(words,
                AllOf(HasSubstr(std::string(drops.title)), HasSubstr("HMAT, offset 104 : "),
                      HasSubstr("What Linux does Drops the whole structure"),
                      HasSubstr("What to do " + std::string(drops.remedy).substr(0, 20)),
                      HasSubstr(std::string(drops.section)),
                      HasSubstr("What to do Measure it with hetmem measure --target node2 .")));
    EXPECT_THAT(words, Not(HasSubstr("What to do " + std::string(local.remedy).substr(0, 20))))
        << "its finding has a better one";
}

TEST(Report, NotCheckedIsNotTheSameAsNothingFound) {
    EXPECT_THAT(words_of(section_of(page_of("desk"), "findings")),
                HasSubstr("Nothing was checked"));
    EXPECT_THAT(words_of(section_of(page_of("odd"), "findings")),
                HasSubstr("Nothing was found by 0 checks"));
}

TEST(Report, ManyFindingsOfOneCheckAreCut) {
    test::report_case many = full();
    const detail::finding one = many.checked->findings.back();
    many.checked->findings.assign(5000, one);
    const std::string page = section_of(many.draw(), "findings");
    EXPECT_LT(page.size(), 20000U);
    EXPECT_THAT(words_of(page), HasSubstr("And 4980 more"));
}

TEST(Report, SealsTellWhy) {
    EXPECT_THAT(
        words_of(section_of(page_of("rich"), "seals")),
        HasSubstr("node2 leaky: ordinary allocations can land here It is onlined by kmem into "
                  "a zone that ordinary allocations use. No cpuset"));
}

TEST(Report, EverySourceOfEveryPairIsTold) {
    const std::string provenance = words_of(section_of(page_of("rich"), "provenance"));
    EXPECT_THAT(provenance, HasSubstr("node0 → node2: measured, hmat, sysfs node0 → node2 Quantity "
                                      "In use Other sources read latency "
                                      "139.8 ns (measured) 120 ns (hmat), 130 ns (sysfs)"));
    EXPECT_THAT(provenance, AllOf(HasSubstr("this user may not read it mode 0400"),
                                  HasSubstr("HMAT byte 104"), HasSubstr("hmat firmware table HMAT"),
                                  HasSubstr("139.8 ns (measured) 120 ns (hmat)")));
}

TEST(Report, WhatCouldNotBeReadSaysWhatWouldHelp) {
    const std::string unread = words_of(section_of(page_of("rich"), "unread"));
    EXPECT_THAT(unread, AllOf(HasSubstr("the CDAT of mem0 could not be read : Permission denied. "
                                        "Run it as root."),
                              HasSubstr("The memory map of the firmware could not be read")));
}

TEST(Report, FiguresOfAnotherMachineAreCalledThat) {
    test::report_case moved = full();
    moved.machine_store->machine.cpu_model = "Another Processor";
    EXPECT_THAT(words_of(section_of(moved.draw(), "measured")),
                HasSubstr("These figures are of another machine: Another Processor."));
}

TEST(Report, LargeMachinesMakeNoLargePages) {
    for (const char* name : {"large", "irregular"}) {
        EXPECT_LT(page_of(name).size(), 2'000'000U);
    }
    EXPECT_THAT(words_of(section_of(page_of("large"), "figures")),
                AllOf(HasSubstr("node0-node511"), HasSubstr("80/120")));
}

TEST(Report, EveryColorOfTheDrawingFollowsThePage) {
    // White and the full colours are seen on light and on dark.
    const std::set<std::string> both = {"none",    "#0072b2", "#d55e00", "#009e73", "#aa4499",
                                        "#b58900", "#757575", "#37474f", "#6d4c41"};
    for (const test::report_case& one : cases()) {
        const std::string& page = page_of(one.name);
        const std::string drawing = section_of(page, "machine");
        for (const char* shape : {"rect", "text", "path"}) {
            for (const char* paint : {"fill", "stroke"}) {
                for (const std::string& color : all_matches(
                         drawing, std::string("<") + shape + "[^>]* " + paint + "=\"(#[^\"]*)\"")) {
                    const bool on_color = std::string_view(shape) == "text" && color == "#ffffff";
                    const bool ruled = page.find(std::string(shape) + "[" + paint + "=\"" + color +
                                                 "\"]") != std::string::npos;
                    EXPECT_TRUE(ruled || on_color ||
                                (both.contains(color) && std::string_view(shape) != "text"))
                        << shape << " " << paint << " " << color;
                }
            }
        }
    }
}

} // namespace
} // namespace hetmem
