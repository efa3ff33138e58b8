#include <hetmem/draw.hpp>

#include "publish/format.hpp"
#include "publish/groups.hpp"
#include "publish/layout.hpp"
#include "publish/text_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <string>

namespace hetmem {
namespace {

using namespace detail;

constexpr std::size_t least_width = 80;
/// More boxes than this are no picture any more: then every memory (or group) is one line.
constexpr std::size_t most_cards = 32;
/// Packages with more initiators than this list their names only.
constexpr std::size_t most_initiators = 8;
constexpr std::size_t label_columns = 13;

void add_header(block& lines, const topology& machine, std::size_t columns) {
    const machine_info& info = machine.machine();
    append(lines,
           wrap(line(info.cpu_model.empty() ? "CPU model unknown" : info.cpu_model, look::strong),
                columns));
    std::vector<line> parts;
    if (!info.architecture.empty()) {
        parts.emplace_back(info.architecture);
    }
    parts.emplace_back(info.kernel.empty() ? "kernel unknown" : "Linux " + info.kernel);
    for (const std::string& total : format_totals(machine)) {
        parts.emplace_back(total);
    }
    if (info.demotion) {
        parts.emplace_back(*info.demotion ? "demotion on" : "demotion off");
    }
    append(lines, wrap_list(parts, " · ", columns));
}

/// "initiators  node0 cpus 0-27 · gi2 (pci 0000:00:03.0)"
block draw_initiators(const topology& machine, const positions& initiators, std::size_t columns) {
    if (initiators.empty()) {
        return {};
    }
    const line label(initiators.size() == 1 ? "initiator" : "initiators", look::faint);
    if (initiators.size() > most_initiators) {
        const line text(
            fmt::format("{}, {} in all", initiator_names(machine, initiators), initiators.size()));
        return labelled(label, label_columns, wrap(text, columns - label_columns));
    }
    std::vector<line> items;
    for (const std::uint32_t i : initiators) {
        const initiator& from = machine.initiators()[i];
        line text(format_initiator(from), look::strong);
        if (from.kind == initiator_kind::generic_initiator) {
            text.append(" generic initiator");
            if (from.pxm && (!from.node || static_cast<std::int64_t>(*from.pxm) != *from.node)) {
                text.append(fmt::format(", proximity domain {}", *from.pxm));
            }
        } else if (!from.cpus.empty()) {
            text.append(" cpus ").append(from.cpus.to_string());
        }
        items.push_back(std::move(text));
    }
    return labelled(label, label_columns, wrap_list(items, " · ", columns - label_columns));
}

block draw_place(const topology& machine, const place& where, const std::vector<positions>& folds,
                 bool as_list, const card_options& options, std::size_t columns) {
    const std::size_t inner = columns - 4;
    block content = draw_initiators(machine, where.initiators, inner);
    if (as_list) {
        append(content, draw_list(machine, folds, inner));
    } else {
        for (const positions& alike : folds) {
            append(content, draw_card(machine, alike, options, inner));
        }
    }
    line title;
    line remark;
    if (where.where != nullptr) {
        title.append(fmt::format("package {}", where.where->id), look::strong);
        if (!where.where->cpus.empty()) {
            remark.append("cpus ").append(where.where->cpus.to_string());
        }
    } else {
        title.append(machine.packages().empty() ? "package unknown" : "in no package",
                     look::strong);
    }
    return boxed(title, remark, content, columns, frame::rounded);
}

} // namespace

std::string draw_text(const topology& machine, const text_options& options) {
    const std::size_t columns = std::max(options.width, least_width);
    block lines;
    add_header(lines, machine, columns);
    lines.emplace_back();

    const std::vector<place> places = places_of(machine);
    std::vector<std::vector<positions>> folds;
    std::size_t cards = 0;
    for (const place& where : places) {
        folds.push_back(folds_of(machine, where.targets));
        cards += folds.back().size();
    }
    const card_options card_facts = card_options_for(machine);
    for (std::size_t i = 0; i < places.size(); ++i) {
        append(lines,
               draw_place(machine, places[i], folds[i], cards > most_cards, card_facts, columns));
    }
    if (options.matrix || machine.initiators().size() > 1) {
        lines.emplace_back();
        append(lines, draw_matrix(machine, columns));
    }
    append(lines, draw_remarks(machine, columns));
    return render(lines, options.color, options.unicode);
}

} // namespace hetmem
