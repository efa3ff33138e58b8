#include "publish/format.hpp"
#include "publish/svg_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

namespace hetmem::detail {
namespace {

constexpr double padding = 16;
constexpr double heading_height = 34;
constexpr double chip_width = 124;
constexpr double link_width = 56;
constexpr double gap = 12;
constexpr double chip_least_height = 52;
constexpr double row_height = 21;
constexpr double note_height = 17;
constexpr double thickest_link = 16;
constexpr double thinnest_link = 2;
constexpr double height_per_doubling = 11;
constexpr double most_extra_height = 44;
/// What the edges of the memories behind a folded one take.
constexpr double stack_height = 6;

constexpr std::size_t most_chips = 6;
constexpr std::size_t most_memories = 12;
constexpr std::size_t most_links = 24;

constexpr std::string_view ink = "#263238";
constexpr std::string_view quiet = "#607d8b";
constexpr std::string_view cpu_color = "#37474f";
constexpr std::string_view device_color = "#6d4c41";

/// "CPUs 0-27", "generic initiator", or how many there are.
std::string chip_note(const topology& machine, const positions& initiators) {
    if (initiators.size() > 1) {
        return fmt::format("{} initiators", initiators.size());
    }
    const initiator& from = machine.initiators()[initiators.front()];
    if (from.kind == initiator_kind::generic_initiator) {
        return "generic initiator";
    }
    return from.cpus.empty() ? "no CPUs" : "CPUs " + from.cpus.to_string();
}

bool ordinary(const target& memory) {
    return memory.state == target_state::online && !memory.reserved;
}

/// Free memory of all that are drawn together; nothing when it is not known of each.
std::optional<byte_size> free_of(const topology& machine, const positions& alike) {
    byte_size free;
    for (const std::uint32_t t : alike) {
        if (!machine.targets()[t].free) {
            return std::nullopt;
        }
        free += *machine.targets()[t].free;
    }
    return free;
}

byte_size size_of(const topology& machine, const positions& alike) {
    byte_size size;
    for (const std::uint32_t t : alike) {
        size += machine.targets()[t].size.value_or(byte_size{});
    }
    return size;
}

std::string size_text(const topology& machine, const positions& alike) {
    const auto targets = machine.targets();
    const std::optional<byte_size>& size = targets[alike.front()].size;
    if (!size) {
        return "size unknown";
    }
    if (alike.size() == 1) {
        return format_size(size);
    }
    const bool one_size = std::all_of(alike.begin(), alike.end(), [&](std::uint32_t t) {
        return format_size(targets[t].size) == format_size(size);
    });
    return one_size ? fmt::format("{} × {}", alike.size(), format_size(size))
                    : fmt::format("{} in all", format_size(size_of(machine, alike)));
}

/// How much higher a memory is drawn than the smallest one: a little for each doubling.
double extra_height(std::uint64_t size, const place_picture::scale& all) {
    if (all.most_size <= all.least_size || size <= all.least_size) {
        return 0;
    }
    const auto doublings = [&](std::uint64_t of) {
        return std::log2(static_cast<double>(of) / static_cast<double>(all.least_size));
    };
    return doublings(size) *
           std::min(height_per_doubling, most_extra_height / doublings(all.most_size));
}

std::vector<std::string> notes_of(const topology& machine, const positions& alike) {
    const target& memory = machine.targets()[alike.front()];
    std::string state = format_state(memory);
    if (memory.reserved && memory.state != target_state::reserved) {
        state.append(", reserved");
    }
    if (const auto free = free_of(machine, alike)) {
        state.append(fmt::format(" · {} free", format_size(*free)));
    }
    std::vector<std::string> notes{state};
    for (const memory_side_cache& cache : memory.caches) {
        notes.push_back(fmt::format("memory-side cache {}{}{} ({})", format_size(cache.size),
                                    cache.write_policy.empty() ? "" : ", ", cache.write_policy,
                                    to_string(cache.from)));
    }
    for (const device_leg& leg : memory.device_legs) {
        notes.push_back(
            fmt::format("{} alone: latency {}", leg.device, format_latencies(leg.figures)));
        notes.push_back(
            fmt::format("{} alone: bandwidth {}", leg.device, format_bandwidths(leg.figures)));
    }
    return notes;
}

} // namespace

kind_colors colors_of(memory_kind kind) {
    switch (kind) {
    case memory_kind::dram:
        return {"#0072b2", "#004a75", "#e3f0f8"};
    case memory_kind::hbm:
        return {"#d55e00", "#8a3d00", "#fcebdf"};
    case memory_kind::pmem:
        return {"#009e73", "#00604a", "#dff4ee"};
    case memory_kind::cxl:
        return {"#aa4499", "#742c68", "#f6e6f3"};
    case memory_kind::device:
        return {"#b58900", "#6b5200", "#fbf3d5"};
    case memory_kind::unknown:
        break;
    }
    return {"#757575", "#424242", "#eeeeee"};
}

place_picture::scale scale_of(const topology& machine) {
    place_picture::scale s;
    s.unreachable = unreachable_targets(machine);
    s.least_size = ~std::uint64_t{0};
    for (const target& memory : machine.targets()) {
        if (memory.size && memory.size->bytes() > 0) {
            s.least_size = std::min(s.least_size, memory.size->bytes());
            s.most_size = std::max(s.most_size, memory.size->bytes());
        }
        const figure<bandwidth> best = best_access(machine, memory).read_bandwidth;
        if (best.known()) {
            s.most_bandwidth = std::max(s.most_bandwidth, best.value.bytes_per_second());
        }
    }
    return s;
}

place_picture::place_picture(const topology& machine, const place& where,
                             const scale& machine_scale)
    : machine_(&machine), where_(&where), scale_(machine_scale) {
    add_memories();
    add_chips();
    double memories_height = left_out_ > 0 ? 24 : 0;
    for (const memory& m : memories_) {
        memories_height += m.height + gap;
    }
    const double chips_height = static_cast<double>(chips_.size()) * (chip_least_height + gap);
    height_ = heading_height + std::max({memories_height, chips_height, 40.0}) - gap + padding;
}

void place_picture::add_memories() {
    for (positions& alike : folds_of(*machine_, where_->targets)) {
        if (memories_.size() == most_memories) {
            left_out_ += alike.size();
            continue;
        }
        memory m;
        m.notes = notes_of(*machine_, alike);
        const target& first = machine_->targets()[alike.front()];
        const bool no_figures = best_access(*machine_, first) == access{};
        m.height = 40 + row_height * (no_figures ? 1 : 2) +
                   note_height * static_cast<double>(m.notes.size()) + 18;
        m.height += extra_height(first.size.value_or(byte_size{}).bytes(), scale_);
        m.height += alike.size() > 1 ? stack_height : 0;
        m.alike = std::move(alike);
        memories_.push_back(std::move(m));
    }
}

void place_picture::add_chips() {
    if (where_->initiators.size() > most_chips) {
        chips_.push_back({where_->initiators, false});
    } else {
        for (const std::uint32_t i : where_->initiators) {
            chips_.push_back({{i}, false});
        }
    }
    if (machine_->targets().size() > fold_above) {
        return; // folded memories have many best initiators
    }
    for (const memory& m : memories_) {
        const auto best = machine_->best_initiator(machine_->targets()[m.alike.front()].id);
        const auto drawn = [&](const chip& c) {
            return best && std::find(c.initiators.begin(), c.initiators.end(), best->index) !=
                               c.initiators.end();
        };
        if (best && std::none_of(chips_.begin(), chips_.end(), drawn) &&
            chips_.size() <= most_chips) {
            chips_.push_back({{best->index}, true});
        }
    }
}

void place_picture::draw_chip(svg_paper& paper, const chip& c, double x, double y, double width,
                              double height) const {
    const initiator& first = machine_->initiators()[c.initiators.front()];
    const bool cpu = first.kind == initiator_kind::cpu;
    const std::string_view color = cpu ? cpu_color : device_color;
    paper.begin_group(format_initiator(first));
    if (c.elsewhere) {
        paper.box(
            x, y, width, height,
            {.fill = "#ffffff", .stroke = color, .stroke_width = 1.5, .radius = 8, .dashed = true});
    } else {
        paper.box(x, y, width, height, {.fill = color, .radius = 8});
    }
    const std::string_view text_color = c.elsewhere ? color : "#ffffff";
    const double middle = y + height / 2;
    const double center = x + width / 2;
    paper.text(center, middle - 2, width - 12, initiator_names(*machine_, c.initiators, 1),
               {.size = 16, .bold = true, .color = text_color, .at = svg_paper::anchor::middle});
    std::string note = chip_note(*machine_, c.initiators);
    if (c.elsewhere && first.package) {
        note = fmt::format("of package {}", *first.package);
    }
    paper.text(center, middle + 17, width - 12, note,
               {.size = 12, .color = text_color, .at = svg_paper::anchor::middle});
    paper.end_group();
}

void place_picture::draw_memory(svg_paper& paper, const memory& m, double x, double y,
                                double width) const {
    const target& first = machine_->targets()[m.alike.front()];
    const kind_colors colors = colors_of(first.kind);
    const std::string reason = first.kind_reason.empty() ? "" : ": " + first.kind_reason;
    paper.begin_group(fmt::format("{}, {}{}", first.name, words_of(first.kind), reason));
    if (m.alike.size() > 1) {
        for (const double offset : {stack_height, stack_height / 2}) {
            paper.box(x + offset, y + offset, width - stack_height, m.height - stack_height,
                      {.fill = "#ffffff", .stroke = colors.full, .radius = 6});
        }
        width -= stack_height;
    }
    const double height = m.alike.size() > 1 ? m.height - stack_height : m.height;
    paper.box(x, y, width, height,
              {.fill = ordinary(first) ? colors.pale : "#ffffff",
               .stroke = colors.full,
               .stroke_width = 1.5,
               .radius = 6,
               .dashed = !ordinary(first)});
    paper.box(x, y, 8, height, {.fill = colors.full, .radius = 4});

    const double left = x + 20;
    const double right = x + width - 14;
    const std::string size = size_text(*machine_, m.alike);
    const double size_room = std::min(text_width(size, 17, true), (right - left) / 2);
    paper.text(right, y + 27, size_room, size,
               {.size = 17, .bold = true, .color = ink, .at = svg_paper::anchor::end});
    const std::string_view kind = words_of(first.kind);
    const std::string names = target_names(*machine_, m.alike, 1);
    const double both_room = right - left - size_room - 24;
    const double name_width = text_width(names, 17, true);
    const double kind_room =
        std::min(text_width(kind, 14, true), std::max(both_room / 3, both_room - name_width));
    const double name_room = std::min(name_width, both_room - kind_room);
    paper.text(left, y + 27, name_room, names, {.size = 17, .bold = true, .color = ink});
    paper.text(left + name_room + 12, y + 27, kind_room, kind,
               {.size = 14, .bold = true, .color = colors.dark});

    double baseline = y + 30;
    const access figures = best_access(*machine_, first);
    const auto row = [&](std::string_view label, std::string_view value) {
        baseline += row_height;
        paper.text(left, baseline, 72, label, {.size = 13, .color = quiet});
        paper.text(left + 74, baseline, right - left - 74, value, {.size = 14, .color = ink});
    };
    if (figures == access{}) {
        row("speed", scale_.unreachable[first.id.index] ? "unreachable" : "unknown");
    } else {
        row("latency", format_latencies(figures));
        row("bandwidth", format_bandwidths(figures));
    }
    baseline += 4;
    for (const std::string& note : m.notes) {
        baseline += note_height;
        paper.text(left, baseline, right - left, note, {.size = 12.5, .color = "#455a64"});
    }
    const auto free = free_of(*machine_, m.alike);
    const byte_size whole = size_of(*machine_, m.alike);
    if (free && whole > byte_size{} && *free <= whole) {
        const double used =
            1 - static_cast<double>(free->bytes()) / static_cast<double>(whole.bytes());
        const double bar_y = y + height - 15;
        paper.box(left, bar_y, right - left, 6,
                  {.fill = "#ffffff", .stroke = colors.full, .stroke_width = 0.7, .radius = 3});
        paper.box(left, bar_y, (right - left) * used, 6, {.fill = colors.full, .radius = 3});
    }
    paper.end_group();
}

void place_picture::draw_links(svg_paper& paper, double x1, double x2,
                               const std::vector<double>& chip_edges,
                               const std::vector<double>& memory_middles) const {
    const bool all_pairs = chips_.size() * memories_.size() <= most_links;
    for (std::size_t c = 0; c < chips_.size(); ++c) {
        for (std::size_t m = 0; m < memories_.size(); ++m) {
            const target& to = machine_->targets()[memories_[m].alike.front()];
            const auto best = machine_->best_initiator(to.id);
            const positions& from = chips_[c].initiators;
            const bool is_best =
                best && std::find(from.begin(), from.end(), best->index) != from.end();
            // Guests stand for the best initiator of a memory only; where there would be too many
            // lines, so do all.
            if (!is_best && (chips_[c].elsewhere || !all_pairs || from.size() > 1)) {
                continue;
            }
            const access figures =
                machine_->access(is_best ? *best : initiator_id{from.front()}, to.id);
            if (figures.read_bandwidth.state == knowledge::unreachable ||
                figures.read_latency.state == knowledge::unreachable ||
                (!is_best && figures == access{})) {
                continue;
            }
            const bool known = figures.read_bandwidth.known() && scale_.most_bandwidth > 0;
            const double share =
                known ? std::sqrt(
                            static_cast<double>(figures.read_bandwidth.value.bytes_per_second()) /
                            static_cast<double>(scale_.most_bandwidth))
                      : 0;
            const double thickness =
                known ? std::clamp(thickest_link * share, thinnest_link, thickest_link)
                      : thinnest_link;
            // A straight line where the initiator is high enough for it.
            const double upper = chip_edges[2 * c] + 12;
            const double lower = std::max(upper, chip_edges[2 * c + 1] - 12);
            paper.link(x1, std::clamp(memory_middles[m], upper, lower), x2, memory_middles[m],
                       thickness, known ? colors_of(to.kind).full : quiet, !known);
        }
    }
}

void place_picture::draw(svg_paper& paper, double x, double y, double width) const {
    paper.box(x, y, width, height_,
              {.fill = "#fafbfc", .stroke = "#b0bec5", .stroke_width = 1.5, .radius = 12});
    std::string title = where_->where != nullptr ? fmt::format("package {}", where_->where->id)
                        : machine_->packages().empty() ? "package unknown"
                                                       : "in no package";
    paper.text(x + padding, y + 23, width / 2 - padding, title,
               {.size = 15, .bold = true, .color = ink});
    if (where_->where != nullptr && !where_->where->cpus.empty()) {
        paper.text(x + width - padding, y + 23, width / 2 - padding,
                   "CPUs " + where_->where->cpus.to_string(),
                   {.size = 13, .color = quiet, .at = svg_paper::anchor::end});
    }

    const double top = y + heading_height;
    const double bottom = y + height_ - padding;
    const double inner_left = x + padding;
    const double lane = chips_.empty() ? 0 : chip_width + link_width;
    const double memory_x = inner_left + lane;
    const double memory_width = width - 2 * padding - lane;

    std::vector<double> memory_middles;
    double memory_y = top;
    for (const memory& m : memories_) {
        memory_middles.push_back(memory_y + m.height / 2);
        memory_y += m.height + gap;
    }
    std::vector<double> chip_edges;
    if (!chips_.empty()) {
        // Beside "their" memories where there are as many, sharing the height otherwise.
        const bool paired = chips_.size() == memories_.size();
        const auto count = static_cast<double>(chips_.size());
        const double share =
            std::max(chip_least_height, (bottom - top - gap * (count - 1)) / count);
        double chip_y = top;
        for (std::size_t c = 0; c < chips_.size(); ++c) {
            const double chip_height = paired ? memories_[c].height : share;
            chip_edges.push_back(chip_y);
            chip_edges.push_back(chip_y + chip_height);
            chip_y += chip_height + gap;
        }
        draw_links(paper, inner_left + chip_width, memory_x, chip_edges, memory_middles);
        for (std::size_t c = 0; c < chips_.size(); ++c) {
            draw_chip(paper, chips_[c], inner_left, chip_edges[2 * c], chip_width,
                      chip_edges[2 * c + 1] - chip_edges[2 * c]);
        }
    }
    memory_y = top;
    for (const memory& m : memories_) {
        draw_memory(paper, m, memory_x, memory_y, memory_width);
        memory_y += m.height + gap;
    }
    if (left_out_ > 0) {
        paper.text(memory_x, memory_y + 14, memory_width,
                   fmt::format("and {} more memories", left_out_), {.size = 13, .color = quiet});
    }
}

} // namespace hetmem::detail
