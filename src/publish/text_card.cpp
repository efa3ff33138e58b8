#include "publish/format.hpp"
#include "publish/text_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace hetmem::detail {
namespace {

constexpr std::size_t label_columns = 11;
constexpr std::size_t bar_columns = 20;

/// A phrase with what stands in round brackets (sources, mostly) kept in the background.
line with_faint_brackets(std::string_view text) {
    line result;
    while (!text.empty()) {
        const std::size_t open = text.find('(');
        result.append(text.substr(0, open));
        if (open == std::string_view::npos) {
            break;
        }
        const std::size_t close = text.find(')', open);
        const std::size_t length = close == std::string_view::npos ? close : close - open + 1;
        result.append(text.substr(open, length), look::faint);
        text.remove_prefix(length == std::string_view::npos ? text.size() : open + length);
    }
    return result;
}

std::string joined(const std::vector<std::string>& parts) {
    return fmt::format("{}", fmt::join(parts, ", "));
}

/// The rows of one card, each a label and a text.
class rows {
public:
    explicit rows(std::size_t columns) : columns_(columns) {}

    void add(std::string_view label, const line& text) {
        append(lines_, labelled(line(label, look::faint), label_columns,
                                wrap(text, columns_ - label_columns)));
    }
    void add(std::string_view label, std::string_view text) {
        add(label, with_faint_brackets(text));
    }
    block take() { return std::move(lines_); }

private:
    std::size_t columns_;
    block lines_;
};

void add_figures(rows& out, const topology& machine, const positions& alike,
                 const card_options& options) {
    const target& memory = machine.targets()[alike.front()];
    const auto best = machine.best_initiator(memory.id);
    const access figures = best_access(machine, memory);
    std::string from;
    if (best) {
        const initiator& near = machine.initiators()[best->index];
        from = alike.size() == 1         ? ", from " + near.name
               : same_node(near, memory) ? ", each from its own node"
                                         : ", each from its best initiator";
    }
    const std::string latencies = format_latencies(figures);
    const std::string bandwidths = format_bandwidths(figures);
    if (figures == access{}) {
        const bool cut_off = !best && options.unreachable[memory.id.index];
        out.add("speed",
                cut_off ? "unreachable: no path from any initiator that is described" : "unknown");
    } else {
        const bool no_latency = latencies == "unknown";
        out.add("latency", no_latency ? latencies : latencies + from);
        out.add("bandwidth", no_latency ? bandwidths + from : bandwidths);
    }
    if (best && !figures.read_latency.known()) {
        if (const auto distance = machine.distance(*best, memory.id)) {
            out.add("distance", *distance >= 255
                                    ? "unreachable" + from
                                    : fmt::format("{}{} (relative, not a time)", *distance, from));
        }
    }
}

void add_use(rows& out, const topology& machine, const positions& alike) {
    std::uint64_t size = 0;
    std::uint64_t free = 0;
    for (const std::uint32_t t : alike) {
        const target& memory = machine.targets()[t];
        if (!memory.free) {
            return;
        }
        size += memory.size.value_or(byte_size{}).bytes();
        free += memory.free->bytes();
    }
    const std::string free_text = format_size(byte_size::from_bytes(free)) + " free";
    if (size == 0 || free > size) {
        out.add("free", free_text);
        return;
    }
    const double share = static_cast<double>(size - free) / static_cast<double>(size);
    const auto filled = static_cast<std::size_t>(std::lround(share * bar_columns));
    line bar;
    for (std::size_t i = 0; i < bar_columns; ++i) {
        bar.append(i < filled ? "█" : "░", i < filled ? look::plain : look::faint);
    }
    out.add("in use", bar.append(fmt::format(" {:.0f} %, {}", share * 100, free_text)));
}

void add_state(rows& out, const target& memory) {
    const std::string& reason = memory.reserved_reason;
    if (memory.state == target_state::offline) {
        out.add("state", "offline: known to the kernel, none of it usable");
    } else if (memory.state == target_state::absent) {
        out.add("state", "absent: described by firmware, neither a node nor a device has it");
    }
    if (memory.reserved || memory.state == target_state::reserved) {
        out.add("reserved", (reason.empty() ? std::string("reason unknown") : reason) +
                                ": never used unless named or allowed");
    }
}

void add_caches(rows& out, const topology& machine, const target& memory) {
    const auto best = machine.best_initiator(memory.id);
    for (const memory_side_cache& cache : memory.caches) {
        std::vector<std::string> parts{cache.size ? format_size(*cache.size) : "size unknown"};
        parts.push_back(cache.associativity == "direct"    ? "direct mapped"
                        : cache.associativity == "complex" ? "complex indexing"
                        : cache.associativity == "none"    ? "no associativity"
                        : cache.associativity.empty()      ? "associativity unknown"
                                                           : cache.associativity);
        parts.push_back(cache.write_policy.empty()     ? "write policy unknown"
                        : cache.write_policy == "none" ? "no write policy"
                                                       : cache.write_policy);
        if (cache.line_size) {
            parts.push_back(format_size(*cache.line_size) + " lines");
        }
        if (!cache.address_mode.empty()) {
            parts.push_back(cache.address_mode + " addresses");
        }
        std::string text = fmt::format("{} ({})", joined(parts), to_string(cache.from));
        const access hit = best ? machine.access(*best, memory.id, cache.level) : access{};
        if (hit != access{}) {
            text.append("; hit: ").append(format_access(hit));
        }
        out.add(fmt::format("cache {}", cache.level), text);
    }
}

void add_identity(rows& out, const target& memory, bool many) {
    if (many) {
        return;
    }
    const bool named_by_node = memory.node && memory.name == fmt::format("node{}", *memory.node);
    const bool same =
        memory.pxm && memory.node && *memory.node == static_cast<std::int64_t>(*memory.pxm);
    std::string text =
        memory.node && !named_by_node
            ? fmt::format("{}{}", *memory.node,
                          memory.state == target_state::reserved ? " (not online)" : "")
            : "";
    if (memory.pxm && !same) {
        text.append(text.empty() ? "" : ", ")
            .append(fmt::format("proximity domain {}", *memory.pxm));
        if (!memory.pxm_reason.empty()) {
            text.append(fmt::format(" ({})", memory.pxm_reason));
        }
    }
    if (!text.empty()) {
        out.add(memory.node && !named_by_node ? "node" : "firmware", text);
    }
}

void add_devices(rows& out, const target& memory) {
    for (const dax_device& dax : memory.dax) {
        std::vector<std::string> parts{format_size(dax.size)};
        parts.push_back(dax.origin.empty() ? "origin unknown" : dax.origin);
        parts.push_back(dax.driver.empty() ? "no driver bound" : "driver " + dax.driver);
        if (dax.align) {
            parts.push_back("aligned to " + format_size(*dax.align));
        }
        if (dax.target_node && dax.target_node != memory.node) {
            parts.push_back(fmt::format("would be node {}", *dax.target_node));
        }
        out.add(dax.name, joined(parts));
    }
    for (const device_leg& leg : memory.device_legs) {
        out.add(leg.device,
                fmt::format("the device's own leg only, {}{}",
                            leg.non_volatile ? "non-volatile, " : "", format_access(leg.figures)));
    }
}

void add_policy(rows& out, const target& memory, const card_options& options) {
    std::vector<std::string> pools;
    for (const huge_page_pool& pool : memory.huge_pages) {
        if (pool.total > 0) {
            pools.push_back(
                fmt::format("{} of {} of {} free", pool.free, pool.total, format_size(pool.page)));
        }
    }
    if (!pools.empty()) {
        out.add("huge pages", joined(pools));
    }
    const std::string weight = options.show_weights && memory.interleave_weight
                                   ? fmt::format("weight {}", *memory.interleave_weight)
                                   : std::string{};
    if (memory.tier) {
        out.add("tier",
                fmt::format("{}{}{}", *memory.tier, weight.empty() ? "" : ", interleave ", weight));
    } else if (!weight.empty()) {
        out.add("interleave", weight);
    }
}

line state_remark(const target& memory) {
    line text;
    const bool ordinary = memory.state == target_state::online && !memory.reserved;
    text.append(format_state(memory), ordinary ? look::plain : look::strong);
    if (memory.reserved && memory.state != target_state::reserved) {
        text.append(", reserved", look::strong);
    }
    return text;
}

/// "512 GiB", or "256 × 4 GiB = 1 TiB" of folded memories.
std::string size_text(const topology& machine, const positions& alike) {
    const target& first = machine.targets()[alike.front()];
    if (!first.size) {
        return "size unknown";
    }
    if (alike.size() == 1) {
        return format_size(first.size);
    }
    byte_size all;
    byte_size least = *first.size;
    byte_size most = *first.size;
    for (const std::uint32_t t : alike) {
        const byte_size size = machine.targets()[t].size.value_or(byte_size{});
        all += size;
        least = std::min(least, size);
        most = std::max(most, size);
    }
    const std::string low = format_size(least);
    const std::string high = format_size(most);
    return low == high
               ? fmt::format("{} × {} = {}", alike.size(), low, format_size(all))
               : fmt::format("{} × {} to {} = {}", alike.size(), low, high, format_size(all));
}

} // namespace

look look_of(memory_kind kind) {
    switch (kind) {
    case memory_kind::dram:
        return look::dram;
    case memory_kind::hbm:
        return look::hbm;
    case memory_kind::pmem:
        return look::pmem;
    case memory_kind::cxl:
        return look::cxl;
    case memory_kind::device:
        return look::device;
    case memory_kind::unknown:
        break;
    }
    return look::strong;
}

card_options card_options_for(const topology& machine) {
    card_options options;
    const auto targets = machine.targets();
    options.show_weights = std::any_of(targets.begin(), targets.end(), [](const target& t) {
        return t.interleave_weight.value_or(1) != 1;
    });
    options.unreachable = unreachable_targets(machine);
    return options;
}

block draw_card(const topology& machine, const positions& alike, const card_options& options,
                std::size_t columns) {
    const target& memory = machine.targets()[alike.front()];
    const bool many = alike.size() > 1;
    rows out(columns - 4);
    const std::string names = target_names(machine, alike, 2);
    if (const std::string all = target_names(machine, alike, 12); all != names) {
        out.add("memories", all);
    }
    add_figures(out, machine, alike, options);
    add_use(out, machine, alike);
    add_state(out, memory);
    add_caches(out, machine, memory);
    add_devices(out, memory);
    add_policy(out, memory, options);
    add_identity(out, memory, many);
    out.add("kind", memory.kind_reason.empty()
                        ? std::string(words_of(memory.kind))
                        : fmt::format("{}: {}", words_of(memory.kind), memory.kind_reason));

    line title;
    title.append(names, look::strong).append(" ─ ", look::faint);
    title.append(words_of(memory.kind), look_of(memory.kind)).append(" ─ ", look::faint);
    title.append(size_text(machine, alike), look::strong);
    return boxed(title, state_remark(memory), out.take(), columns, frame::square);
}

block draw_list(const topology& machine, const std::vector<positions>& folds, std::size_t columns) {
    // The longest text of each column that is still shown whole.
    static constexpr std::array<std::size_t, 6> most{16, 9, 12, 16, 16, 20};
    struct entry {
        std::array<line, most.size()> text;
    };
    std::vector<entry> entries;
    entries.push_back({{line("memory", look::faint), line("kind", look::faint),
                        line("size", look::faint), line("state", look::faint),
                        line("read latency", look::faint), line("read bandwidth", look::faint)}});
    for (const positions& alike : folds) {
        const target& memory = machine.targets()[alike.front()];
        const access figures = best_access(machine, memory);
        const std::string size =
            alike.size() > 1 ? fmt::format("{} × {}", alike.size(), format_size(memory.size))
                             : format_size(memory.size);
        entries.push_back(
            {{line(target_names(machine, alike, 1), look::strong),
              line(words_of(memory.kind), look_of(memory.kind)), line(size),
              line(format_state(memory)), with_faint_brackets(format_figure(figures.read_latency)),
              with_faint_brackets(format_figure(figures.read_bandwidth))}});
    }
    std::array<std::size_t, most.size()> widths{};
    for (const entry& e : entries) {
        for (std::size_t i = 0; i < most.size(); ++i) {
            widths[i] = std::max(widths[i], std::min(e.text[i].columns(), most[i]));
        }
    }
    block lines;
    for (const entry& e : entries) {
        line whole;
        std::size_t column = 0;
        for (std::size_t i = 0; i < most.size(); ++i) {
            whole.append(cut_to(e.text[i], most[i])).pad_to(column + widths[i]);
            column += widths[i] + 2;
            whole.pad_to(column);
        }
        lines.push_back(cut_to(whole, columns));
    }
    return lines;
}

} // namespace hetmem::detail
