#include <acpi/cross_check.hpp>

#include <acpi/defect_list.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <limits>
#include <map>
#include <set>
#include <variant>

namespace hetmem::acpi {
namespace {

struct range {
    std::uint64_t begin;
    std::uint64_t last; // the last byte
};

/// The domains that the enabled structures of an SRAT name.
struct srat_domains {
    std::set<std::uint32_t> all;
    std::set<std::uint32_t> ports; // Generic Ports named by an ACPI handle
    std::map<std::uint32_t, std::vector<range>> memory;

    explicit srat_domains(const srat& table) {
        for (const auto& structure : table.structures) {
            std::visit([&](const auto& s) { add(s, table.header.revision); }, structure);
        }
        for (auto& [pxm, ranges] : memory) {
            join(ranges);
        }
    }

    void add(const unknown_structure&, unsigned) {}
    void add(const its_affinity&, unsigned) {} // an interrupt service neither accesses nor holds
    void add(const apic_affinity& s, unsigned revision) {
        if (s.enabled()) {
            all.insert(s.pxm(revision));
        }
    }
    void add(const memory_affinity& s, unsigned revision) {
        if (!s.enabled()) {
            return;
        }
        const std::uint32_t pxm = s.pxm(revision);
        all.insert(pxm);
        auto& ranges = memory[pxm];
        if (s.range_length > 0 &&
            s.range_length - 1 <= std::numeric_limits<std::uint64_t>::max() - s.base) {
            ranges.push_back({s.base, s.base + (s.range_length - 1)});
        }
    }
    void add(const generic_affinity& s, unsigned) {
        if (!s.enabled()) {
            return;
        }
        all.insert(s.proximity_domain);
        if (s.is_port() && std::holds_alternative<acpi_device>(s.device())) {
            ports.insert(s.proximity_domain);
        }
    }
    void add(const auto& s, unsigned) {
        if (s.enabled()) {
            all.insert(s.proximity_domain);
        }
    }

    /// Ranges that touch become one, so that a range across two of them counts as inside.
    static void join(std::vector<range>& ranges) {
        std::ranges::sort(ranges, {}, &range::begin);
        std::vector<range> joined;
        for (const range& next : ranges) {
            const bool touches = !joined.empty() &&
                                 (joined.back().last == std::numeric_limits<std::uint64_t>::max() ||
                                  next.begin <= joined.back().last + 1);
            if (touches) {
                joined.back().last = std::max(joined.back().last, next.last);
            } else {
                joined.push_back(next);
            }
        }
        ranges = std::move(joined);
    }

    bool has_memory(std::uint32_t pxm) const { return memory.contains(pxm); }
    bool covers(std::uint32_t pxm, const range& wanted) const {
        const auto& ranges = memory.at(pxm);
        const auto behind = std::ranges::upper_bound(ranges, wanted.begin, {}, &range::begin);
        return behind != ranges.begin() && wanted.last <= std::prev(behind)->last;
    }
};

class checker {
public:
    checker(unsigned revision, const srat_domains& domains, defect_list& defects)
        : revision_(revision), domains_(domains), defects_(defects) {}

    void check(std::uint64_t, const unknown_structure&) {}

    void check(std::uint64_t offset, const memory_attributes& s) {
        if (s.memory_valid(revision_) && !domains_.has_memory(s.memory_pxm)) {
            // Newer kernels keep figures for such ports as they do for memory, and find this one.
            report(offset + 16, "a domain with enabled memory in the SRAT", s.memory_pxm,
                   domains_.ports.contains(s.memory_pxm) ? "" : "ignores the whole HMAT");
            return;
        }
        if (s.initiator_valid() && !domains_.all.contains(s.initiator_pxm)) {
            report(offset + 12, "a domain that the SRAT has", s.initiator_pxm,
                   s.memory_valid(revision_) ? "ignores the whole HMAT" : "");
        }
        check_range(offset, s);
    }

    void check(std::uint64_t offset, const locality& s) {
        const std::uint64_t initiators_at = offset + 32;
        for (std::size_t i = 0; i < s.initiators.size(); ++i) {
            if (!domains_.all.contains(s.initiators[i])) {
                report(initiators_at + 4 * i, "an initiator domain that the SRAT has",
                       s.initiators[i], "ignores the figures of this initiator");
            }
        }
        const std::uint64_t targets_at = initiators_at + 4 * s.initiators.size();
        for (std::size_t i = 0; i < s.targets.size(); ++i) {
            if (!domains_.all.contains(s.targets[i])) {
                report(targets_at + 4 * i, "a target domain that the SRAT has", s.targets[i],
                       "ignores the figures of this target");
            }
        }
    }

    void check(std::uint64_t offset, const side_cache& s) {
        if (!domains_.has_memory(s.memory_pxm)) {
            report(offset + 8, "a domain with enabled memory in the SRAT", s.memory_pxm,
                   "ignores the cache");
        }
    }

private:
    /// Only revision 1 has a range here.
    void check_range(std::uint64_t offset, const memory_attributes& s) {
        if (revision_ >= 2 || !s.memory_valid(revision_) || s.range_length == 0 ||
            s.range_length - 1 > std::numeric_limits<std::uint64_t>::max() - s.range_base) {
            return;
        }
        const range wanted{s.range_base, s.range_base + (s.range_length - 1)};
        if (!domains_.covers(s.memory_pxm, wanted)) {
            defects_.add(offset + 24, [&] {
                return defect_text{
                    fmt::format("a range inside the SRAT's ranges of domain {}", s.memory_pxm),
                    fmt::format("0x{:x}-0x{:x}", wanted.begin, wanted.last),
                    "does not use the range"};
            });
        }
    }

    void report(std::uint64_t offset, std::string_view expected, std::uint32_t pxm,
                std::string_view linux_does) {
        defects_.add(offset, [&] {
            return defect_text{std::string(expected), fmt::format("domain {}", pxm),
                               std::string(linux_does)};
        });
    }

    unsigned revision_;
    const srat_domains& domains_;
    defect_list& defects_;
};

} // namespace

std::vector<defect> check_hmat_against_srat(const hmat& attributes, const srat& affinity) {
    defect_list defects("HMAT");
    const srat_domains domains(affinity);
    checker checker(attributes.header.revision, domains, defects);
    const auto offsets = structure_offsets(attributes);
    for (std::size_t i = 0; i < attributes.structures.size(); ++i) {
        std::visit([&](const auto& s) { checker.check(offsets[i], s); }, attributes.structures[i]);
    }
    return std::move(defects).take();
}

} // namespace hetmem::acpi
