#include "check/linux_srat.hpp"

#include <acpi/srat.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace hetmem::detail {
namespace {

constexpr std::size_t srat_begin = 48; // header, revision and reserved bytes

// Lengths that Linux demands (sizeof in include/acpi/actbl3.h).
constexpr std::uint32_t apic_length = 16;
constexpr std::uint32_t memory_length = 40;
constexpr std::uint32_t x2apic_length = 24;
constexpr std::uint32_t gicc_length = 18;
constexpr std::uint32_t rintc_length = 20;

/// NR_NODE_MEMBLKS: two ranges for each possible node.
constexpr std::size_t most_ranges = std::size_t{2} * linux_most_domains;

/// What is allowed to be without a node: "Allow 1M of slack".
constexpr std::uint64_t uncovered_memory_allowed = std::uint64_t{1} << 20;

/// More remarks on one table than this say nothing new.
constexpr std::size_t most_remarks = 64;

struct memory_range {
    std::uint64_t offset;
    std::uint32_t pxm;
    std::uint64_t begin;
    std::uint64_t end;
};

bool overlap(std::uint64_t begin, std::uint64_t end, std::uint64_t other_begin,
             std::uint64_t other_end) {
    return begin < other_end && other_begin < end;
}

std::uint64_t end_of(const address_range& range) {
    return range.base + std::min(range.length, ~range.base);
}

/// Holds what the two passes over one table share.
class srat_reading {
public:
    srat_reading(const linux_tables& tables, const linux_version& version)
        : table_(tables.srat), ram_(tables.ram), revision_(table_.table_revision()),
          version_(version) {}

    linux_affinity read() {
        made_.present = table_.size() > 0;
        if (!made_.present) {
            made_.reasons.emplace_back("SRAT: there is none: Linux makes one node of all memory, "
                                       "and does not look at the HMAT");
            return std::move(made_);
        }
        read_initiators();
        read_memories();
        collect_hmat_memories();
        made_.used = usable();
        return std::move(made_);
    }

private:
    template <class... T>
    void say(std::uint64_t offset, fmt::format_string<T...> text, T&&... values) {
        if (made_.reasons.size() < most_remarks) {
            made_.reasons.push_back(fmt::format("SRAT, offset {}: ", offset) +
                                    fmt::format(text, std::forward<T>(values)...));
        }
    }

    void disable(std::uint64_t offset, std::string why) {
        made_.disabled = true;
        say(offset, "{}: Linux uses neither SRAT nor HMAT", why);
    }

    bool enabled(std::uint64_t flags_at) const {
        return (table_.at<std::uint32_t>(flags_at) & 1U) != 0;
    }

    /// acpi_map_pxm_to_node(): the first free node, when it is a new one.
    bool number(std::uint32_t pxm) {
        if (pxm >= linux_most_domains) {
            return false;
        }
        made_.nodes.emplace(pxm, static_cast<int>(made_.nodes.size()));
        return true;
    }

    void add_processor(const walked_structure& s, std::uint32_t least, std::uint32_t pxm,
                       std::uint64_t flags_at) {
        const bool wrong =
            s.type == acpi::apic_affinity::type ? s.length != least : s.length < least;
        if (wrong) {
            disable(s.offset,
                    fmt::format("a processor structure of {} bytes, not {}", s.length, least));
        } else if (!enabled(flags_at)) {
            return;
        } else if (!number(pxm)) {
            disable(s.offset, fmt::format("domain {} is beyond the {} that Linux has room for", pxm,
                                          linux_most_domains));
        } else {
            made_.with_cpus.insert(pxm);
        }
    }

    void read_processor(const walked_structure& s) {
        if (made_.disabled) {
            return;
        }
        switch (s.type) {
        case acpi::apic_affinity::type: {
            // The high bytes were reserved before revision 2.
            const std::uint32_t high =
                revision_ >= 2 ? table_.at<std::uint32_t>(s.offset + 8) & ~0xFFU : 0;
            add_processor(s, apic_length, high | table_.at<std::uint8_t>(s.offset + 2),
                          s.offset + 4);
            break;
        }
        case acpi::x2apic_affinity::type:
            add_processor(s, x2apic_length, table_.at<std::uint32_t>(s.offset + 4), s.offset + 12);
            break;
        case acpi::gicc_affinity::type:
            add_processor(s, gicc_length, table_.at<std::uint32_t>(s.offset + 2), s.offset + 10);
            break;
        case acpi::rintc_affinity::type:
            add_processor(s, rintc_length, table_.at<std::uint32_t>(s.offset + 4), s.offset + 12);
            break;
        default:
            break;
        }
    }

    /// False ends the pass, as the error that Linux returns for a disabled one does: nobody looks
    /// at that error, and the processors behind it are not read.
    bool read_generic_initiator(const walked_structure& s) {
        if (s.type != acpi::generic_affinity::initiator) {
            return true;
        }
        if (!enabled(s.offset + 24)) {
            say(s.offset, "a Generic Initiator that is not enabled: Linux does not read the "
                          "processors and Generic Initiators behind it");
            return false;
        }
        const auto pxm = table_.at<std::uint32_t>(s.offset + 4);
        if (!number(pxm)) {
            say(s.offset,
                "domain {} is beyond the {} that Linux has room for: it does not read the "
                "processors and Generic Initiators behind it",
                pxm, linux_most_domains);
            return false;
        }
        return true;
    }

    void read_initiators() {
        const walk_result end =
            walk_as_linux<short_head>(table_, srat_begin, [&](const walked_structure& s) {
                read_processor(s);
                return read_generic_initiator(s);
            });
        made_.endless = end.how == walk_end::zero_length;
    }

    void read_memories() {
        const walk_result end =
            walk_as_linux<short_head>(table_, srat_begin, [&](const walked_structure& s) {
                if (s.type == acpi::memory_affinity::type && !made_.disabled) {
                    read_memory(s);
                }
                return true;
            });
        if (end.how == walk_end::zero_length) {
            made_.endless = true;
            say(end.at, "a structure of length 0: Linux uses neither SRAT nor HMAT");
        }
    }

    void read_memory(const walked_structure& s) {
        if (s.length < memory_length) {
            disable(s.offset,
                    fmt::format("a memory structure of {} bytes, not {}", s.length, memory_length));
            return;
        }
        if (!enabled(s.offset + 28)) {
            return;
        }
        const auto whole = table_.at<std::uint32_t>(s.offset + 2);
        const std::uint32_t pxm = revision_ <= 1 ? whole & 0xFFU : whole;
        const auto begin = table_.at<std::uint64_t>(s.offset + 8);
        const auto length = table_.at<std::uint64_t>(s.offset + 16);
        const std::uint64_t end = begin + length; // wraps there too
        if (!number(pxm)) {
            disable(s.offset, fmt::format("domain {} is beyond the {} that Linux has room for", pxm,
                                          linux_most_domains));
            return;
        }
        ++memories_;
        if (begin > end) {
            say(s.offset, "the range ends beyond 64 bits: Linux ignores it");
        } else if (begin < end) {
            if (ranges_.size() == most_ranges) {
                disable(s.offset, fmt::format("more than {} ranges", most_ranges));
                return;
            }
            ranges_.push_back({s.offset, pxm, begin, end});
            made_.with_memory.insert(pxm);
        }
    }

    /// drivers/acpi/numa/hmat.c goes through the SRAT once more, and does not mask the domains.
    void collect_hmat_memories() {
        constexpr linux_version generic_ports_since{6, 8};
        walk_as_linux<short_head>(table_, srat_begin, [&](const walked_structure& s) {
            if (s.type == acpi::memory_affinity::type && enabled(s.offset + 28)) {
                made_.hmat_memories.insert(table_.at<std::uint32_t>(s.offset + 2));
            }
            const bool by_acpi_name = table_.at<std::uint8_t>(s.offset + 3) == 0;
            if (s.type == acpi::generic_affinity::port && version_ >= generic_ports_since &&
                by_acpi_name && enabled(s.offset + 24)) {
                made_.hmat_memories.insert(table_.at<std::uint32_t>(s.offset + 4));
            }
            return true;
        });
    }

    bool is_ram(const memory_range& range) const {
        return ram_.empty() || std::ranges::any_of(ram_, [&](const address_range& ram) {
                   return overlap(range.begin, range.end, ram.base, end_of(ram));
               });
    }

    bool usable() {
        if (made_.disabled || made_.endless) {
            return false;
        }
        if (memories_ == 0) {
            made_.reasons.emplace_back("SRAT: no memory in it is enabled: Linux makes one node of "
                                       "all memory");
            return false;
        }
        return nothing_overlaps() && all_covered();
    }

    /// numa_cleanup_meminfo(): ranges of one node may overlap, those of two may not.
    bool nothing_overlaps() {
        std::vector<memory_range> sorted;
        std::ranges::copy_if(ranges_, std::back_inserter(sorted),
                             [&](const memory_range& range) { return is_ram(range); });
        std::ranges::sort(sorted, {}, &memory_range::begin);
        // Of all ranges so far, the one that reaches farthest, and the farthest of another domain.
        const memory_range* farthest = nullptr;
        const memory_range* other = nullptr;
        for (const memory_range& range : sorted) {
            for (const memory_range* before : {farthest, other}) {
                if (before != nullptr && before->pxm != range.pxm && before->end > range.begin) {
                    say(range.offset,
                        "the range of domain {} overlaps one of domain {}: Linux makes one node "
                        "of all memory",
                        range.pxm, before->pxm);
                    return false;
                }
            }
            if (farthest == nullptr || range.end > farthest->end) {
                if (farthest != nullptr && farthest->pxm != range.pxm) {
                    other = farthest;
                }
                farthest = &range;
            } else if (range.pxm != farthest->pxm && (other == nullptr || range.end > other->end)) {
                other = &range;
            }
        }
        return true;
    }

    /// Memory of the memory map that no range has.
    std::uint64_t uncovered() const {
        std::vector<memory_range> sorted = ranges_;
        std::ranges::sort(sorted, {}, &memory_range::begin);
        std::uint64_t missing = 0;
        for (const address_range& ram : ram_) {
            std::uint64_t at = ram.base;
            const std::uint64_t end = end_of(ram);
            for (const memory_range& range : sorted) {
                if (range.end > at && range.begin < end) {
                    missing += range.begin > at ? range.begin - at : 0;
                    at = std::max(at, std::min(range.end, end));
                }
            }
            missing += end - at;
        }
        return missing;
    }

    bool all_covered() {
        const std::uint64_t missing = uncovered();
        if (missing < uncovered_memory_allowed) {
            return true;
        }
        made_.reasons.push_back(fmt::format(
            "SRAT: {} MiB of the memory map are in no range: Linux makes one node of all memory",
            missing >> 20));
        return false;
    }

    raw_bytes table_;
    std::span<const address_range> ram_;
    unsigned revision_;
    linux_version version_;
    std::size_t memories_ = 0;
    std::vector<memory_range> ranges_;
    linux_affinity made_;
};

constexpr std::size_t slit_count_at = 36;
constexpr std::size_t slit_entries_at = 44;
constexpr unsigned local_distance = 10;

} // namespace

std::optional<int> linux_affinity::node_of(std::uint32_t pxm) const {
    const auto found = nodes.find(pxm);
    return found == nodes.end() ? std::nullopt : std::optional(found->second);
}

bool linux_affinity::has_cpus(std::uint32_t pxm) const {
    const std::optional<int> node = node_of(pxm);
    if (!node) {
        return false;
    }
    if (!used) {
        return *node == 0;
    }
    // Processors that the SRAT does not name are dealt out to the nodes in turn
    // (numa_init_array()): where it names none, each node gets some.
    return with_cpus.empty() || with_cpus.contains(pxm);
}

bool linux_affinity::can_be_online(std::uint32_t pxm) const {
    if (used) {
        return with_memory.contains(pxm);
    }
    return node_of(pxm) == 0;
}

linux_affinity read_affinity_as_linux(const linux_tables& tables, const linux_version& version) {
    return srat_reading(tables, version).read();
}

bool slit_used_by_linux(const raw_bytes& slit, const linux_affinity& affinity,
                        std::vector<std::string>& reasons) {
    if (slit.size() == 0) {
        return false;
    }
    // Linux counts in 32 bits.
    const auto count = static_cast<std::uint32_t>(slit.at<std::uint64_t>(slit_count_at));
    if (slit.size() < slit_entries_at ||
        std::uint64_t{count} * count > slit.size() - slit_entries_at) {
        reasons.push_back(fmt::format(
            "SLIT: {} x {} distances do not fit into the table, and Linux reads what lies behind "
            "it: whether it uses them cannot be told",
            count, count));
        return false;
    }
    for (std::uint64_t i = 0; i < count; ++i) {
        for (std::uint64_t j = 0; j < count; ++j) {
            const std::uint64_t at = slit_entries_at + i * count + j;
            const unsigned distance = slit.at<std::uint8_t>(at);
            if (i == j ? distance != local_distance : distance <= local_distance) {
                reasons.push_back(fmt::format(
                    "SLIT, offset {}: {} from domain {} to domain {}: Linux uses none of the "
                    "table, and has 10 within a node and 20 between nodes",
                    at, distance, i, j));
                return false;
            }
        }
    }
    if (!affinity.used) {
        reasons.emplace_back("SLIT: it is of no use without a SRAT that Linux uses");
        return false;
    }
    return true;
}

} // namespace hetmem::detail
