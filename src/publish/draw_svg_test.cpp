#include <hetmem/draw.hpp>

#include "publish/svg_paper.hpp"
#include "publish/test_machines.hpp"
#include "publish/utf8.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace hetmem {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// What is wrong with a document as XML: tags that do not match, bare & or <, characters that XML
/// forbids; "" when nothing. Knows as much of XML as an SVG without comments or CDATA needs.
std::string xml_fault(std::string_view xml) {
    std::vector<std::string> open;
    for (std::size_t at = 0; at < xml.size();) {
        if (xml[at] == '<') {
            const std::size_t end = xml.find('>', at);
            if (end == std::string_view::npos) {
                return "a tag does not end";
            }
            const std::string_view tag = xml.substr(at + 1, end - at - 1);
            if (tag.find('<') != std::string_view::npos) {
                return "a < inside a tag";
            }
            std::size_t quotes = 0;
            for (const char c : tag) {
                quotes += c == '"' ? 1U : 0U;
            }
            if (quotes % 2 != 0) {
                return "quotes do not match in " + std::string(tag);
            }
            const std::string_view name = tag.substr(0, tag.find_first_of(" \n/", 1));
            if (tag.starts_with('/')) {
                if (open.empty() || open.back() != tag.substr(1)) {
                    return "unexpected " + std::string(tag);
                }
                open.pop_back();
            } else if (!tag.starts_with('?') && !tag.ends_with('/')) {
                open.emplace_back(name);
            }
            at = end + 1;
        } else if (xml[at] == '&') {
            const std::string_view rest = xml.substr(at);
            if (!rest.starts_with("&amp;") && !rest.starts_with("&lt;") &&
                !rest.starts_with("&gt;") && !rest.starts_with("&quot;") &&
                !rest.starts_with("&#39;")) {
                return "a bare &";
            }
            ++at;
        } else if (static_cast<unsigned char>(xml[at]) < ' ' && xml[at] != '\n') {
            return "a control character";
        } else {
            ++at;
        }
    }
    return open.empty() ? "" : "<" + open.back() + "> is not closed";
}

double height_of(const std::string& svg) {
    const std::size_t at = svg.find(" height=\"");
    return std::stod(svg.substr(at + 9));
}

TEST(DrawSvg, ItIsAWellFormedDocumentForEveryMachine) {
    test::machine_text nothing;
    nothing.packages.clear();
    nothing.initiators.clear();
    nothing.distances.clear();
    nothing.targets = R"({"name": "node0", "kind": "unknown", "state": "online"})";
    for (const topology& machine :
         {test::three_memories(), test::odd_memories(), test::many_nodes(8), test::many_nodes(300),
          test::hostile_machine(), nothing.read()}) {
        const std::string svg = draw_svg(machine);
        EXPECT_EQ(xml_fault(svg), "") << svg;
        EXPECT_TRUE(svg.starts_with("<?xml"));
        EXPECT_THAT(svg, AllOf(HasSubstr("<svg xmlns=\"http://www.w3.org/2000/svg\""),
                               Not(HasSubstr("<script")), Not(HasSubstr("href")),
                               Not(HasSubstr("nan")), Not(HasSubstr("inf\""))));
    }
}

TEST(DrawSvg, FiguresKindsAndStatesAreWrittenOut) {
    const std::string svg = draw_svg(test::three_memories());
    EXPECT_THAT(svg, AllOf(HasSubstr(">Test CPU 9000<"), HasSubstr(">package 0<"),
                           HasSubstr(">in no package<"), HasSubstr(">node1<"), HasSubstr(">HBM<"),
                           HasSubstr(">256 MiB<"), HasSubstr(">80 ns (hmat)<")));
    EXPECT_THAT(svg, AllOf(HasSubstr(">read 120 ns, write 125 ns (hmat)<"),
                           HasSubstr(">online · 384 MiB free<"),
                           HasSubstr(">memory-side cache 64 MiB, write-back (hmat)<"),
                           HasSubstr("hmat: firmware table HMAT")));
}

TEST(DrawSvg, LinksAreThickerForMoreBandwidth) {
    const std::string svg = draw_svg(test::three_memories());
    const auto thickness = [&](const std::string& color) {
        const std::size_t at =
            svg.find("stroke=\"" + color + "\" stroke-width=\"", svg.find("<path"));
        return at == std::string::npos ? 0.0 : std::stod(svg.substr(at + 31));
    };
    EXPECT_GT(thickness("#d55e00"), thickness("#0072b2")) << "HBM above DRAM";
}

TEST(DrawSvg, TheMatrixMarksWhatIsNotKnown) {
    const std::string svg = draw_svg(test::odd_memories());
    EXPECT_THAT(svg,
                AllOf(HasSubstr(">120h<"), HasSubstr(">130.7m<"), HasSubstr(">?<"),
                      HasSubstr(">×h<"), HasSubstr("url(#unknown)"),
                      HasSubstr("Latency, read above write, ns (m measured, h hmat, s sysfs)")));
    EXPECT_THAT(draw_svg(test::three_memories()), Not(HasSubstr("url(#unknown)")))
        << "one initiator: the boxes have said it all";
}

TEST(DrawSvg, TextFromOutsideIsEscaped) {
    const std::string svg = draw_svg(test::hostile_machine());
    EXPECT_THAT(svg, AllOf(HasSubstr("&lt;a b=&quot;c&quot;&gt;&amp;&#39;"), Not(HasSubstr("<a b")),
                           Not(HasSubstr("\u202e"))));
}

TEST(DrawSvg, LargeMachinesAreFolded) {
    const std::string svg = draw_svg(test::many_nodes(512));
    EXPECT_THAT(svg, AllOf(HasSubstr(">node0-node255<"), HasSubstr(">256 × 4 GiB<"),
                           HasSubstr(">80/120<")));
    EXPECT_LT(height_of(svg), 1000);
    EXPECT_LT(height_of(draw_svg(test::many_nodes(
                  512, [](std::size_t i, std::size_t t) { return 80 + i * 512 + t; }))),
              4000)
        << "and so are large machines of which all memories differ";
}

TEST(SvgPaper, TextIsCutToItsRoom) {
    detail::svg_paper paper;
    paper.text(0, 0, 60, "a text that is much too long for sixty pixels", {.size = 12});
    const std::string svg = paper.finish(100, 100, "t");
    EXPECT_THAT(svg, HasSubstr("…<title>a text that is much too long for sixty pixels</title>"))
        << "pointing at it tells all of it";
    EXPECT_THAT(svg.substr(0, svg.find("…")), Not(HasSubstr("sixty")));
}

TEST(SvgPaper, WhatIsGivenItsOwnWidthIsWhole) {
    for (const char* text : {"HBM", "16 GiB", "node512-node1023", "wWiIl日本"}) {
        detail::svg_paper paper;
        paper.text(0, 0, detail::text_width(text, 17, true), text, {.size = 17, .bold = true});
        EXPECT_THAT(paper.finish(100, 100, "t"), HasSubstr(std::string(">") + text + "</text>"));
    }
}

} // namespace
} // namespace hetmem
