// The SRAT beside the memory map of the firmware.
#include "check/parts.hpp"
#include "check/sense.hpp"

#include "topology/target_state.hpp"
#include "topology/value_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hetmem::detail {
namespace {

/// What Linux forgives (numa_meminfo_cover_memory, memblock_validate_numa_coverage).
constexpr std::uint64_t forgiven = std::uint64_t{1} << 20;

/// A range is [first, last], so that the end of the address space can be told.
struct span_of_addresses {
    std::uint64_t first;
    std::uint64_t last;
};

/// Ascending, without overlaps, ranges that touch joined.
std::vector<span_of_addresses> joined(std::vector<span_of_addresses> ranges) {
    std::ranges::sort(ranges, {}, &span_of_addresses::first);
    std::vector<span_of_addresses> result;
    for (const span_of_addresses& now : ranges) {
        if (!result.empty() &&
            (now.first <= result.back().last || now.first - 1 == result.back().last)) {
            result.back().last = std::max(result.back().last, now.last);
        } else {
            result.push_back(now);
        }
    }
    return result;
}

/// What of `range` is in none of `covering` (as joined() gives them).
std::vector<span_of_addresses> uncovered(span_of_addresses range,
                                         const std::vector<span_of_addresses>& covering) {
    std::vector<span_of_addresses> rest;
    auto next = std::ranges::lower_bound(covering, range.first, {}, &span_of_addresses::last);
    while (range.first <= range.last) {
        if (next == covering.end() || next->first > range.last) {
            rest.push_back(range);
            break;
        }
        if (next->first > range.first) {
            rest.push_back({range.first, next->first - 1});
        }
        if (next->last >= range.last) {
            break;
        }
        range.first = next->last + 1;
        ++next;
    }
    return rest;
}

bool overlaps(const span_of_addresses& range, const std::vector<span_of_addresses>& others) {
    const auto next = std::ranges::lower_bound(others, range.first, {}, &span_of_addresses::last);
    return next != others.end() && next->first <= range.last;
}

span_of_addresses span_of(const address_range& range) {
    return {range.base, last_of(range)};
}

bool is_memory(std::string_view type) {
    return type == "System RAM" || type == "Soft Reserved" ||
           type.starts_with("Persistent Memory") || type.starts_with("ACPI");
}

/// Whether the kernel works with more than one node, and so took the SRAT.
bool srat_was_taken(const check_subject& subject) {
    return subject.machine && std::ranges::count_if(subject.machine->targets(), is_online) > 1;
}

void look_at_ram(const check_subject& subject, const srat_domains& domains, check_result& result) {
    std::vector<span_of_addresses> told_ranges;
    for (const srat_range& r : domains.ranges) {
        told_ranges.push_back(span_of(r.range));
    }
    const auto covering = joined(std::move(told_ranges));
    std::vector<span_of_addresses> missing;
    std::uint64_t bytes = 0;
    for (const memory_map_entry& entry : subject.memory_map) {
        if (entry.type != "System RAM" || entry.range.length == 0) {
            continue;
        }
        for (const span_of_addresses& part : uncovered(span_of(entry.range), covering)) {
            missing.push_back(part);
            bytes += part.last - part.first + 1;
        }
    }
    told boot(result, "ram-outside-srat");
    told plugged(result, "hotplug-outside-srat");
    if (bytes < forgiven) {
        return;
    }
    told& list = srat_was_taken(subject) ? plugged : boot;
    for (const span_of_addresses& part : missing) {
        list.add(fmt::format("0x{:x}-0x{:x}", part.first, part.last), [&] {
            return fmt::format("{} of memory in no domain; {} in all.",
                               format_size(byte_size::from_bytes(part.last - part.first + 1)),
                               format_size(byte_size::from_bytes(bytes)));
        });
    }
}

void look_at_ranges(const check_subject& subject, const srat_domains& domains,
                    check_result& result) {
    told nothing(result, "srat-over-nothing");
    std::vector<span_of_addresses> memory;
    for (const memory_map_entry& entry : subject.memory_map) {
        if (entry.range.length > 0 && is_memory(entry.type)) {
            memory.push_back(span_of(entry.range));
        }
    }
    const auto all = joined(std::move(memory));
    for (const srat_range& r : domains.ranges) {
        if (!r.hot_pluggable && !overlaps(span_of(r.range), all)) {
            nothing.add(domain_name(subject, r.pxm), [&] {
                return fmt::format("{} at offset {} of the SRAT: the memory map has no memory "
                                   "there.",
                                   to_text(r.range), r.offset);
            });
        }
    }
}

} // namespace

void check_memory_map(const check_subject& subject, check_result& result) {
    const acpi::srat* const srat = table_of(subject.srat);
    if (srat == nullptr || subject.memory_map.empty()) {
        return;
    }
    const srat_domains domains = domains_of(*srat);
    if (domains.ranges.empty()) {
        return; // an SRAT of processors only: Linux makes one node of it
    }
    look_at_ram(subject, domains, result);
    look_at_ranges(subject, domains, result);
}

} // namespace hetmem::detail
