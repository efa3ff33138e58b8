#include "publish/format.hpp"
#include "publish/groups.hpp"
#include "publish/report_parts.hpp"
#include "publish/svg_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace hetmem::detail {
namespace {

/// Wide enough for read and write figures of different sources in one line.
constexpr double place_width = 640;
constexpr double edge = 1; ///< so that the frame's line is whole
constexpr std::size_t most_places = 16;
/// Initiators and memories are listed one by one up to here.
constexpr std::size_t most_rows = 48;

std::string place_name(const topology& machine, const place& where) {
    return where.where != nullptr       ? fmt::format("package {}", where.where->id)
           : machine.packages().empty() ? "package unknown"
                                        : "in no package";
}

std::string place_text(const topology& machine, const place& where) {
    return fmt::format("{}: initiators {}; memories {}. The table of memories says the same.",
                       place_name(machine, where),
                       where.initiators.empty() ? "none"
                                                : initiator_names(machine, where.initiators),
                       where.targets.empty() ? "none" : target_names(machine, where.targets));
}

void write_place(markup& page, const topology& machine, const place& where,
                 const place_picture::scale& scale, std::size_t number) {
    svg_paper paper;
    const place_picture picture(machine, where, scale);
    picture.draw(paper, edge, edge, place_width);
    const std::string id = fmt::format("place-{}", number);
    page.in("div", [&] {
        page.in("svg",
                {{"xmlns", "http://www.w3.org/2000/svg"},
                 {"viewBox", fmt::format("0 0 {:.0f} {:.0f}", place_width + 2 * edge,
                                         picture.height() + 2 * edge)},
                 {"role", "img"},
                 {"aria-labelledby", fmt::format("{0}-title {0}-text", id)}},
                [&] {
                    page.leaf("title", place_name(machine, where), {{"id", id + "-title"}});
                    page.leaf("desc", place_text(machine, where), {{"id", id + "-text"}});
                    page.add_markup(paper.body());
                });
    });
}

void write_drawing(markup& page, const topology& machine) {
    const std::vector<place> places = places_of(machine);
    const place_picture::scale scale = scale_of(machine);
    page.in("figure", {{"class", "drawing"}}, [&] {
        page.in("div", {{"class", places.size() > 1 ? "places" : "places alone"}}, [&] {
            for (std::size_t i = 0; i < std::min(places.size(), most_places); ++i) {
                write_place(page, machine, places[i], scale, i);
            }
        });
        page.in("figcaption", [&] {
            if (places.size() > most_places) {
                page.add(fmt::format("And {} more packages. ", places.size() - most_places));
            }
            page.add("Left: what issues accesses. Right: the memories, each with the figures from "
                     "its best initiator. A line is as thick as the read bandwidth, dashed when "
                     "that is unknown; the bar in a memory is the part in use; a dashed frame "
                     "means that not all of it is ordinary memory.");
        });
    });
}

std::string caches_text(const topology& machine, const target& memory) {
    std::string text;
    for (const memory_side_cache& cache : memory.caches) {
        text += fmt::format("{}behind a memory-side cache of {}", text.empty() ? "" : "; ",
                            format_size(cache.size));
        for (const std::string& more :
             {cache.associativity, cache.write_policy, cache.address_mode}) {
            if (!more.empty() && more != "none") {
                text += ", " + more;
            }
        }
        text += fmt::format(" ({})", to_string(cache.from));
        const auto best = machine.best_initiator(memory.id);
        const access hit = best ? machine.access(*best, memory.id, cache.level) : hetmem::access{};
        if (hit != access{}) {
            text += ": " + format_access(hit);
        }
    }
    return text;
}

/// What stands in front of a memory, or is a part of the way to it.
void write_ways(markup& page, const topology& machine, const std::vector<positions>& folds) {
    std::vector<std::string> ways;
    for (const positions& alike : folds) {
        const target& memory = machine.targets()[alike.front()];
        if (!memory.caches.empty()) {
            ways.push_back(fmt::format("{} is {}.", target_names(machine, alike),
                                       caches_text(machine, memory)));
        }
        for (const device_leg& leg : memory.device_legs) {
            ways.push_back(fmt::format("{}: {} alone, its leg of the path: {}.",
                                       target_names(machine, alike), leg.device,
                                       format_access(leg.figures)));
        }
    }
    if (!ways.empty()) {
        page.in("ul", [&] {
            for (std::size_t i = 0; i < std::min(ways.size(), most_rows); ++i) {
                page.leaf("li", ways[i]);
            }
        });
    }
}

std::string state_note(const topology& machine, const positions& alike) {
    const target& memory = machine.targets()[alike.front()];
    std::vector<std::string> parts;
    if (alike.size() == 1 && memory.free) {
        parts.push_back(format_size(*memory.free) + " free");
    }
    if (memory.reserved) {
        parts.push_back("reserved: " + memory.reserved_reason);
    }
    if (memory.tier) {
        parts.push_back(fmt::format("tier {}", *memory.tier));
    }
    if (memory.interleave_weight) {
        parts.push_back(fmt::format("interleave weight {}", *memory.interleave_weight));
    }
    for (const huge_page_pool& pool : memory.huge_pages) {
        if (pool.total > 0) {
            parts.push_back(fmt::format("{} pages of {}, {} free", pool.total,
                                        format_size(pool.page), pool.free));
        }
    }
    return fmt::format("{}", fmt::join(parts, "; "));
}

std::vector<card_cell> memory_row(const topology& machine, const positions& alike,
                                  bool unreachable) {
    const target& memory = machine.targets()[alike.front()];
    const access figures = best_access(machine, memory);
    const auto best = machine.best_initiator(memory.id);
    const bool unknown = figures == access{};
    const bool alone = alike.size() == 1;
    const std::string nothing = unreachable ? "unreachable" : "unknown";
    return {
        {.text = target_names(machine, alike),
         .note = memory.pxm && alone ? fmt::format("proximity domain {}", *memory.pxm) : ""},
        {.text = std::string(words_of(memory.kind)), .note = memory.kind_reason},
        {.text = alike.size() > 1 ? fmt::format("{} × {}", alike.size(), format_size(memory.size))
                                  : format_size(memory.size)},
        {.text = format_state(memory), .note = state_note(machine, alike)},
        {.text = unknown ? nothing : format_latencies(figures),
         .note = !best || unknown ? ""
                 : alone          ? "from " + machine.initiators()[best->index].name
                                  : "each from its best initiator"},
        {.text = unknown ? nothing : format_bandwidths(figures)},
    };
}

void write_memories(markup& page, const topology& machine) {
    positions all;
    for (const target& memory : machine.targets()) {
        all.push_back(memory.id.index);
    }
    const std::vector<positions> folds = folds_of(machine, all);
    const std::vector<bool> unreachable = unreachable_targets(machine);
    card_table table{.caption = "Memories",
                     .columns = {"Memory", "Kind", "Size", "State", "Latency", "Bandwidth"},
                     .percent = {13, 17, 10, 22, 19, 19},
                     .rows = {}};
    for (std::size_t i = 0; i < std::min(folds.size(), most_rows); ++i) {
        table.rows.push_back(memory_row(machine, folds[i], unreachable[folds[i].front()]));
    }
    write_cards(page, table);
    write_ways(page, machine, folds);
    if (folds.size() > most_rows) {
        page.prose("p", fmt::format("And {} more memories: `hetmem show --json` has them all.",
                                    folds.size() - most_rows));
    }
}

void write_initiators(markup& page, const topology& machine) {
    const auto initiators = machine.initiators();
    if (initiators.empty()) {
        page.leaf("p", "What accesses these memories is not known.");
        return;
    }
    if (initiators.size() > most_rows) {
        positions all;
        for (const initiator& one : initiators) {
            all.push_back(one.id.index);
        }
        page.leaf("p", fmt::format("{} initiators: {}.", initiators.size(),
                                   initiator_names(machine, all)));
        return;
    }
    card_table table{.caption = "Initiators: what issues accesses",
                     .columns = {"Initiator", "What it is", "Package", "Proximity domain"},
                     .rows = {}};
    for (const initiator& one : initiators) {
        const bool cpus = one.kind == initiator_kind::cpu;
        table.rows.push_back({{.text = one.name},
                              {.text = !cpus              ? "Generic Initiator"
                                       : one.cpus.empty() ? "no CPUs"
                                                          : "CPUs " + one.cpus.to_string(),
                               .note = one.device},
                              {.text = one.package ? fmt::format("{}", *one.package) : "–"},
                              {.text = one.pxm ? fmt::format("{}", *one.pxm) : "unknown"}});
    }
    write_cards(page, table);
}

} // namespace

void write_machine(markup& page, const report_input& input) {
    section(page, report_id::machine, "The machine", [&] {
        if (input.machine.targets().empty()) {
            page.leaf("p", "Not one memory is known of this machine.");
            return;
        }
        write_drawing(page, input.machine);
        write_memories(page, input.machine);
        write_initiators(page, input.machine);
    });
}

} // namespace hetmem::detail
