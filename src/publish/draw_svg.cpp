#include <hetmem/draw.hpp>

#include "publish/format.hpp"
#include "publish/groups.hpp"
#include "publish/svg_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace hetmem {
namespace {

using namespace detail;

constexpr double margin = 40;
/// A sheet for two places beside each other, or for one.
constexpr double wide_inner = 1200;
constexpr double narrow_inner = 840;
constexpr double place_gap = 24;
constexpr std::string_view ink = "#263238";
constexpr std::string_view quiet = "#607d8b";
constexpr std::size_t most_places = 16;
constexpr std::size_t most_remarks = 3;

double draw_header(svg_paper& paper, const topology& machine, double inner) {
    const machine_info& info = machine.machine();
    paper.text(margin, 58, inner, info.cpu_model.empty() ? "CPU model unknown" : info.cpu_model,
               {.size = 28, .bold = true, .color = ink});
    std::vector<std::string> parts;
    if (!info.architecture.empty()) {
        parts.push_back(info.architecture);
    }
    parts.push_back(info.kernel.empty() ? "kernel unknown" : "Linux " + info.kernel);
    for (std::string& total : format_totals(machine)) {
        parts.push_back(std::move(total));
    }
    paper.text(margin, 86, inner, fmt::format("{}", fmt::join(parts, " · ")),
               {.size = 16, .color = quiet});
    return 108;
}

/// Two places beside each other, the rows as high as their higher one.
double draw_places(svg_paper& paper, const topology& machine, const std::vector<place>& places,
                   double inner, double y) {
    const place_picture::scale scale = scale_of(machine);
    const std::size_t shown = std::min(places.size(), most_places);
    const std::size_t columns = shown == 1 ? 1 : 2;
    const double place_width = columns == 1 ? inner : (inner - place_gap) / 2;
    for (std::size_t i = 0; i < shown;) {
        double height = 0;
        for (std::size_t c = 0; c < columns && i < shown; ++c, ++i) {
            const place_picture picture(machine, places[i], scale);
            picture.draw(paper, margin + static_cast<double>(c) * (place_width + place_gap), y,
                         place_width);
            height = std::max(height, picture.height());
        }
        y += height + place_gap;
    }
    if (places.size() > shown) {
        paper.text(margin, y, inner, fmt::format("and {} more packages", places.size() - shown),
                   {.size = 14, .color = quiet});
        y += 24;
    }
    return y;
}

/// The kinds that occur, what a line means, and where figures come from.
double draw_legend(svg_paper& paper, const topology& machine, bool with_maps, double inner,
                   double y) {
    const auto targets = machine.targets();
    double x = margin;
    const auto room_for = [&](double needed) {
        if (x > margin && x + needed > margin + inner) {
            x = margin;
            y += 22;
        }
    };
    const auto entry = [&](std::string_view color, std::string_view text) {
        const double text_room = std::min(text_width(text, 13), inner - 40);
        room_for(text_room + 40);
        paper.box(x, y, 14, 14, {.fill = color, .radius = 3});
        paper.text(x + 20, y + 12, text_room, text, {.size = 13, .color = ink});
        x += text_room + 40;
    };
    const auto remark = [&](std::string_view text) {
        const double text_room = std::min(text_width(text, 13), inner);
        room_for(text_room + 20);
        paper.text(x, y + 12, text_room, text, {.size = 13, .color = quiet});
        x += text_room + 20;
    };
    for (const memory_kind kind : {memory_kind::dram, memory_kind::hbm, memory_kind::pmem,
                                   memory_kind::cxl, memory_kind::device, memory_kind::unknown}) {
        if (std::any_of(targets.begin(), targets.end(),
                        [kind](const target& t) { return t.kind == kind; })) {
            entry(colors_of(kind).full, words_of(kind));
        }
    }
    remark("line: read bandwidth, dashed when unknown");
    if (std::any_of(targets.begin(), targets.end(), [](const target& t) { return t.free; })) {
        remark("bar: in use");
    }
    if (std::any_of(targets.begin(), targets.end(), [](const target& t) {
            return t.state != target_state::online || t.reserved;
        })) {
        remark("dashed frame: not all of it is ordinary memory");
    }
    if (with_maps) {
        remark("darker: better · ? unknown · × unreachable");
    }
    std::vector<source> sources;
    for (const quantity what : all_quantities) {
        for (const source from : machine.sources_of(what)) {
            if (std::find(sources.begin(), sources.end(), from) == sources.end()) {
                sources.push_back(from);
            }
        }
    }
    std::sort(sources.begin(), sources.end());
    for (const source from : sources) {
        remark(fmt::format("{}: {}", to_string(from), meaning_of(from)));
    }
    return y + 30;
}

double draw_remarks(svg_paper& paper, const topology& machine, double inner, double y) {
    std::vector<std::string> remarks;
    for (const notice& n : machine.notices()) {
        remarks.push_back(n.why.empty() ? n.what : fmt::format("{}: {}", n.what, n.why));
    }
    const std::size_t more = remarks.size() > most_remarks ? remarks.size() - most_remarks : 0;
    remarks.resize(remarks.size() - more);
    if (more > 0) {
        remarks.push_back(fmt::format("and {} more notices", more));
    }
    if (!machine.defects().empty()) {
        remarks.push_back(fmt::format("{} fault{} in firmware tables", machine.defects().size(),
                                      machine.defects().size() == 1 ? "" : "s"));
    }
    for (const std::string& text : remarks) {
        paper.text(margin, y + 12, inner, text, {.size = 13, .color = "#b23c17"});
        y += 20;
    }
    return remarks.empty() ? y : y + 8;
}

} // namespace

std::string draw_svg(const topology& machine) {
    const std::vector<place> places = places_of(machine);
    const bool narrow = places.size() == 1 && machine.initiators().size() < 2;
    const double inner = narrow ? narrow_inner : wide_inner;
    svg_paper paper;
    double y = draw_header(paper, machine, inner);
    y = draw_places(paper, machine, places, inner, y);
    const double maps = draw_heat_maps(paper, machine, margin, y, inner);
    y += maps > 0 ? maps + place_gap : 0;
    y = draw_legend(paper, machine, maps > 0, inner, y);
    y = draw_remarks(paper, machine, inner, y);
    const std::string& model = machine.machine().cpu_model;
    return paper.finish(inner + 2 * margin, y + 12, model.empty() ? "memory of a machine" : model);
}

} // namespace hetmem
