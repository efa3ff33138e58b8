#include <hetmem/draw.hpp>

#include "publish/test_machines.hpp"
#include "publish/utf8.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

namespace hetmem {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string l; std::getline(in, l);) {
        lines.push_back(l);
    }
    return lines;
}

std::size_t widest(const std::string& text) {
    std::size_t width = 0;
    for (const std::string& l : lines_of(text)) {
        width = std::max(width, detail::columns_of(l));
    }
    return width;
}

/// The lines from the box of one memory up to its end.
std::string card(const std::string& drawing, const std::string& name) {
    const std::size_t start = drawing.find("┌─ " + name + " ");
    EXPECT_NE(start, std::string::npos) << "no box for " << name << " in\n" << drawing;
    return start == std::string::npos ? ""
                                      : drawing.substr(start, drawing.find("└", start) - start);
}

TEST(DrawText, TheHeaderTellsTheMachine) {
    const std::string drawing = draw_text(test::three_memories());
    EXPECT_THAT(drawing, AllOf(HasSubstr("Test CPU 9000\n"), HasSubstr("Linux 6.12.9"),
                               HasSubstr("DRAM 512 MiB · HBM 256 MiB · CXL 1 GiB"),
                               HasSubstr("demotion off")));
}

TEST(DrawText, EachMemoryHasABoxWithItsFiguresAndTheirSources) {
    const std::string drawing = draw_text(test::three_memories());
    EXPECT_THAT(card(drawing, "node0"),
                AllOf(HasSubstr("DRAM ─ 512 MiB"), HasSubstr(" online "),
                      HasSubstr("latency    80 ns (hmat), from node0"),
                      HasSubstr("bandwidth  read 102.4 GB/s (hmat), write 96 GB/s (sysfs)"),
                      HasSubstr("█████░░░░░░░░░░░░░░░ 25 %, 384 MiB free"),
                      HasSubstr("huge pages 60 of 64 of 2 MiB free"),
                      HasSubstr("tier       4, interleave weight 3"),
                      HasSubstr("kind       DRAM: the memory of CPUs 0-3"),
                      Not(HasSubstr("proximity domain"))));
    EXPECT_THAT(card(drawing, "node1"),
                AllOf(HasSubstr("HBM ─ 256 MiB"), HasSubstr("read 120 ns, write 125 ns (hmat)"),
                      HasSubstr("read 409.6 GB/s (hmat), write unknown")));
    EXPECT_THAT(card(drawing, "node2"),
                AllOf(HasSubstr("read 300.5 ns (hmat), write unknown, from node0"),
                      HasSubstr("cache 1    64 MiB, direct mapped, write-back, 64 B lines (hmat)"),
                      ContainsRegex("hit:.*20 ns"), HasSubstr("proximity domain 7 (SRAT ranges)")));
}

TEST(DrawText, PackagesAreBoxesAndTheRestHasItsOwn) {
    const std::string drawing = draw_text(test::three_memories());
    const std::size_t package = drawing.find("╭─ package 0 ");
    const std::size_t rest = drawing.find("╭─ in no package ");
    ASSERT_NE(package, std::string::npos);
    ASSERT_NE(rest, std::string::npos);
    EXPECT_THAT(drawing, HasSubstr(" cpus 0-3 ─╮\n"));
    EXPECT_THAT(drawing, HasSubstr("initiator    node0 cpus 0-3"));
    EXPECT_LT(package, drawing.find("┌─ node0 "));
    EXPECT_LT(drawing.find("┌─ node1 "), rest);
    EXPECT_LT(rest, drawing.find("┌─ node2 "));
}

TEST(DrawText, WhatIsNotOrdinaryIsSaid) {
    const std::string drawing = draw_text(test::odd_memories());
    EXPECT_THAT(card(drawing, "node0"), HasSubstr("partly online: 12 of 16 blocks of 128 MiB"));
    EXPECT_THAT(card(drawing, "dax0.0"),
                AllOf(HasSubstr("reserved as dax0.0"), HasSubstr("device-dax: never used unless"),
                      HasSubstr("4 GiB, soft-reserved, driver device_dax, aligned to 2 MiB"),
                      HasSubstr("3 (not online), proximity domain 7"),
                      HasSubstr("read 90 ns (hmat), write unknown, from gi2")));
    EXPECT_THAT(card(drawing, "mem0"),
                AllOf(HasSubstr(" offline "), HasSubstr("speed      unknown"),
                      HasSubstr("the device's own leg only"), HasSubstr("150 ns (cdat)")));
    EXPECT_THAT(card(drawing, "node4"),
                AllOf(HasSubstr("size unknown"), HasSubstr(" absent "),
                      HasSubstr("speed      unreachable"), HasSubstr("unknown kind")));
    EXPECT_THAT(drawing, HasSubstr("gi2 (pci 0000:00:03.0) generic initiator, proximity domain 5"));
}

TEST(DrawText, TheMatrixHasEveryPairAndMarksWhatIsNotKnown) {
    const std::string drawing = draw_text(test::odd_memories());
    EXPECT_THAT(
        drawing,
        HasSubstr("read latency, ns (hmat)                write latency, ns (m measured, s sysfs)\n"
                  "from\\to  node0  dax0.0  mem0  node4    from\\to  node0  dax0.0  mem0  node4\n"
                  "node0       80     120     ?      ×    node0    81.0s  130.7m     ?      ?\n"
                  "gi2        200      90     ?      ×    gi2          ?       ?     ?      ?\n"));
    EXPECT_THAT(drawing, HasSubstr("relative distance (10 is local; not a time)\n"));
    EXPECT_THAT(drawing, HasSubstr("unknown for every pair: read bandwidth, write bandwidth\n"));
    EXPECT_THAT(drawing, HasSubstr("? unknown · × unreachable\n"));
    EXPECT_THAT(drawing, HasSubstr("hmat: firmware table HMAT"));
}

TEST(DrawText, TheMatrixIsDrawnForOneInitiatorOnlyWhenAsked) {
    const topology machine = test::three_memories();
    EXPECT_THAT(draw_text(machine), Not(HasSubstr("from\\to")));
    const std::string drawing = draw_text(machine, {.matrix = true});
    EXPECT_THAT(drawing, AllOf(HasSubstr("from\\to  node0  node1  node2"),
                               HasSubstr("node0     80.0  120.0  300.5")));
}

TEST(DrawText, EqualReadAndWriteAreOneTable) {
    test::machine_text text;
    text.targets = R"({"name": "node0", "kind": "dram", "state": "online", "node": 0})";
    text.figures = test::figures("hmat", "read_latency", "[80000]") + "," +
                   test::figures("hmat", "write_latency", "[80000]");
    const std::string drawing = draw_text(text.read(), {.matrix = true});
    EXPECT_THAT(drawing, AllOf(HasSubstr("latency, read and write, ns (hmat)"),
                               Not(HasSubstr("write latency"))));
}

TEST(DrawText, WideMatricesAreSplitIntoBlocksOfColumns) {
    const topology machine =
        test::many_nodes(14, [](std::size_t i, std::size_t t) { return 100 + i * 14 + t; });
    const std::string drawing = draw_text(machine);
    EXPECT_THAT(drawing, HasSubstr("read latency, ns (hmat), continued"));
    EXPECT_EQ(widest(drawing), 80U);
    for (std::size_t i = 0; i < 14 * 14; ++i) {
        EXPECT_THAT(drawing, HasSubstr(" " + std::to_string(100 + i))) << "no cell may be lost";
    }
    EXPECT_THAT(draw_text(machine, {.width = 200}), Not(HasSubstr("continued")));
}

TEST(DrawText, NoLineIsWiderThanAsked) {
    for (const topology& machine : {test::three_memories(), test::odd_memories(),
                                    test::many_nodes(40), test::hostile_machine()}) {
        for (const std::size_t width : {80U, 97U, 200U}) {
            for (const bool unicode : {true, false}) {
                const std::string drawing =
                    draw_text(machine, {.width = width, .unicode = unicode, .matrix = true});
                EXPECT_LE(widest(drawing), width) << drawing;
            }
        }
        EXPECT_EQ(draw_text(machine, {.width = 1}), draw_text(machine, {.width = 80}));
    }
}

TEST(DrawText, BoxesAreClosedOnTheRight) {
    for (const topology& machine : {test::odd_memories(), test::hostile_machine()}) {
        for (const std::string& l : lines_of(draw_text(machine))) {
            if (l.starts_with("│")) {
                EXPECT_TRUE(l.ends_with("│") && detail::columns_of(l) == 80) << l;
            }
        }
    }
}

TEST(DrawText, AsciiModeIsPureAsciiOfTheSameShape) {
    for (const topology& machine : {test::odd_memories(), test::hostile_machine()}) {
        const std::string plain = draw_text(machine, {.unicode = false, .matrix = true});
        EXPECT_TRUE(std::all_of(plain.begin(), plain.end(), [](char c) {
            return c == '\n' || (c >= ' ' && c <= '~');
        })) << plain;
        EXPECT_EQ(lines_of(plain).size(), lines_of(draw_text(machine, {.matrix = true})).size());
    }
}

TEST(DrawText, ColorIsThereOnlyWhenAskedAndChangesNothingElse) {
    const topology machine = test::odd_memories();
    const std::string plain = draw_text(machine);
    EXPECT_THAT(plain, Not(HasSubstr("\x1b")));
    std::string colored = draw_text(machine, {.color = true});
    EXPECT_THAT(colored, HasSubstr("\x1b["));
    for (std::size_t at = 0; (at = colored.find("\x1b[", at)) != std::string::npos;) {
        colored.erase(at, colored.find('m', at) - at + 1);
    }
    EXPECT_EQ(colored, plain);
}

TEST(DrawText, NothingFromOutsideControlsTheTerminal) {
    for (const bool unicode : {true, false}) {
        const std::string drawing =
            draw_text(test::hostile_machine(), {.unicode = unicode, .matrix = true});
        EXPECT_EQ(drawing.find_first_of("\x1b\r\t\x07\x7f"), std::string::npos);
        for (const char* invisible : {"\u009b", "\u202e", "\u200b"}) {
            EXPECT_THAT(drawing, Not(HasSubstr(invisible)));
        }
    }
}

TEST(DrawText, NoticesSayWhatWhyAndWhatHelps) {
    test::machine_text text;
    text.targets = R"({"name": "node0", "kind": "dram", "state": "online", "node": 0})";
    text.notices =
        R"({"what": "HMAT not read", "why": "it is for root only", "help": "Run as root."},
           {"what": "no tiers", "why": "", "help": ""})";
    EXPECT_THAT(draw_text(text.read()),
                AllOf(HasSubstr("· HMAT not read: it is for root only. Run as root.\n"),
                      HasSubstr("· no tiers\n")));
}

TEST(DrawText, DefectsTellTheirPlaceAndWhatLinuxDoes) {
    test::machine_text text;
    text.targets = R"({"name": "node0", "kind": "dram", "state": "online", "node": 0})";
    text.defects = R"(
        {"table": "HMAT", "offset": 40, "expected": "a", "found": "b", "linux_does": "skips it"},
        {"table": "HMAT", "offset": 72, "expected": "a", "found": "b", "linux_does": "skips it"})";
    for (int i = 0; i < 12; ++i) {
        text.defects += fmt::format(
            R"(, {{"table": "SRAT", "offset": {0}, "expected": "x", "found": "{0}"}})", 100 + i);
    }
    EXPECT_THAT(
        draw_text(text.read()),
        AllOf(HasSubstr(
                  "· HMAT at byte 40 and 1 other place: expected a, found b; Linux: skips it\n"),
              HasSubstr("· SRAT at byte 108: expected x, found 108\n"),
              Not(HasSubstr("SRAT at byte 109")), HasSubstr("  and 3 more: see --json\n")));
}

TEST(DrawText, DisagreementsAreShownAndCounted) {
    test::machine_text text;
    text.targets = R"({"name": "node0", "kind": "dram", "state": "online", "node": 0})";
    text.disagreements = R"({"about": "size of node0", "used": "1", "other": "2"})";
    for (int i = 0; i < 12; ++i) {
        text.disagreements += R"(, {"about": "more", "used": "1", "other": "2"})";
    }
    EXPECT_THAT(draw_text(text.read()), AllOf(HasSubstr("· size of node0: 1 is used, not 2\n"),
                                              HasSubstr("  and 3 more: see --json\n")));
}

TEST(DrawText, AThousandNodesStayReadable) {
    const std::string drawing = draw_text(test::many_nodes(1024));
    EXPECT_LT(lines_of(drawing).size(), 50U) << drawing;
    EXPECT_THAT(drawing, AllOf(HasSubstr("node0-node511 ─ DRAM ─ 512 × 4 GiB = 2 TiB"),
                               HasSubstr("80 ns (hmat), write unknown, each from its own node"),
                               HasSubstr("80/120")));
}

TEST(DrawText, ManyDifferentMemoriesAreALineEach) {
    const std::string drawing = draw_text(test::many_nodes(
        64, [](std::size_t i, std::size_t t) -> std::size_t { return i == t ? 80 + i : 300; }));
    EXPECT_THAT(drawing, Not(HasSubstr("┌─")));
    EXPECT_THAT(drawing, ContainsRegex("node7 +DRAM +4 GiB +online +87 ns \\(hmat\\)"));
}

TEST(DrawText, AMachineOfWhichNothingIsKnownIsDrawn) {
    test::machine_text text;
    text.cpu_model.clear();
    text.packages.clear();
    text.initiators.clear();
    text.distances.clear();
    text.targets = R"({"name": "node0", "kind": "unknown", "state": "online", "node": 0})";
    EXPECT_THAT(draw_text(text.read(), {.matrix = true}),
                AllOf(HasSubstr("CPU model unknown"), HasSubstr("╭─ package unknown "),
                      HasSubstr("size unknown"), HasSubstr("speed      unknown")));
}

} // namespace
} // namespace hetmem
