#include "publish/defect_groups.hpp"
#include "publish/format.hpp"
#include "publish/text_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace hetmem::detail {
namespace {

/// Defects and disagreements can be as many as a table has entries; the first ones tell the story.
constexpr std::size_t most_listed = 10;

void add_heading(block& lines, std::string_view text) {
    lines.emplace_back();
    lines.emplace_back(text, look::strong);
}

void add_item(block& lines, const line& text, std::size_t columns) {
    line item;
    item.append("· ", look::alarm).append(text);
    append(lines, wrap(item, columns, 2));
}

void add_rest(block& lines, std::size_t count) {
    if (count > most_listed) {
        lines.emplace_back(fmt::format("  and {} more: see --json", count - most_listed));
    }
}

void add_notices(block& lines, const topology& machine, std::size_t columns) {
    if (machine.notices().empty()) {
        return;
    }
    add_heading(lines, "notices");
    for (const notice& n : machine.notices()) {
        line text(n.what, look::strong);
        if (!n.why.empty()) {
            text.append(": ").append(n.why);
        }
        if (!n.help.empty()) {
            text.append(n.why.ends_with('.') ? " " : ". ").append(n.help);
        }
        add_item(lines, text, columns);
    }
}

void add_defects(block& lines, const topology& machine, std::size_t columns) {
    const std::vector<defect_group> groups = group_defects(machine.defects());
    if (groups.empty()) {
        return;
    }
    add_heading(lines, "faults in firmware tables");
    for (std::size_t i = 0; i < std::min(groups.size(), most_listed); ++i) {
        const defect& d = *groups[i].first;
        line text(fmt::format("{} at byte {}", d.table, d.offset), look::strong);
        const std::size_t others = groups[i].offsets.size() - 1;
        if (others > 0) {
            text.append(fmt::format(" and {} other place{}", others, others == 1 ? "" : "s"));
        }
        text.append(fmt::format(": expected {}, found {}", d.expected, d.found));
        if (!d.linux_does.empty()) {
            text.append("; Linux: ").append(d.linux_does);
        }
        add_item(lines, text, columns);
    }
    add_rest(lines, groups.size());
}

void add_disagreements(block& lines, const topology& machine, std::size_t columns) {
    const std::vector<disagreement> all = machine.disagreements();
    if (all.empty()) {
        return;
    }
    add_heading(lines, "sources that disagree");
    for (std::size_t i = 0; i < std::min(all.size(), most_listed); ++i) {
        line text(all[i].about, look::strong);
        text.append(fmt::format(": {} is used, not {}", all[i].used, all[i].other));
        add_item(lines, text, columns);
    }
    add_rest(lines, all.size());
}

void add_legend(block& lines, const topology& machine, std::size_t columns) {
    std::vector<source> seen;
    for (const quantity what : all_quantities) {
        const std::vector<source> more = machine.sources_of(what);
        seen.insert(seen.end(), more.begin(), more.end());
    }
    for (const target& memory : machine.targets()) {
        if (!memory.device_legs.empty()) {
            seen.push_back(source::cdat);
        }
        for (const memory_side_cache& cache : memory.caches) {
            seen.push_back(cache.from);
        }
    }
    std::sort(seen.begin(), seen.end());
    seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
    if (seen.empty()) {
        return;
    }
    std::vector<line> parts;
    for (const source from : seen) {
        parts.emplace_back(fmt::format("{}: {}", to_string(from), meaning_of(from)), look::faint);
    }
    lines.emplace_back();
    append(lines, wrap_list(parts, " · ", columns, 2));
}

} // namespace

block draw_remarks(const topology& machine, std::size_t columns) {
    block lines;
    add_legend(lines, machine, columns);
    add_notices(lines, machine, columns);
    add_defects(lines, machine, columns);
    add_disagreements(lines, machine, columns);
    return lines;
}

} // namespace hetmem::detail
