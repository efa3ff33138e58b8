// Whether the SRAT makes sense by itself.
#include "check/parts.hpp"
#include "check/sense.hpp"

#include <fmt/format.h>

#include <map>

namespace hetmem::detail {
namespace {

void look_at_twice(const check_subject& subject, const srat_domains& domains,
                   check_result& result) {
    told twice(result, "srat-range-twice");
    std::map<std::uint32_t, const srat_range*> last_ending; // of each domain
    for (const srat_range& now : domains.ranges) {
        const srat_range*& before = last_ending[now.pxm];
        if (before != nullptr && now.range.base <= last_of(before->range)) {
            twice.add(domain_name(subject, now.pxm), [&] {
                return fmt::format("{} at offset {} and {} at offset {} have addresses in common.",
                                   to_text(before->range), before->offset, to_text(now.range),
                                   now.offset);
            });
        }
        if (before == nullptr || last_of(now.range) > last_of(before->range)) {
            before = &now;
        }
    }
}

void look_at_empty_ranges(const check_subject& subject, const acpi::srat& table,
                          check_result& result) {
    told zero(result, "srat-zero-range");
    const auto offsets = structure_offsets(table);
    for (std::size_t i = 0; i < table.structures.size(); ++i) {
        const auto* memory = std::get_if<acpi::memory_affinity>(&table.structures[i]);
        if (memory != nullptr && memory->enabled() && memory->range_length == 0) {
            zero.add(domain_name(subject, memory->pxm(table.header.revision)), [&] {
                return fmt::format("The range at offset {} has base 0x{:x} and length 0.",
                                   offsets[i], memory->base);
            });
        }
    }
}

} // namespace

void check_affinity(const check_subject& subject, check_result& result) {
    const acpi::srat* const srat = table_of(subject.srat);
    if (srat == nullptr) {
        return;
    }
    const srat_domains domains = domains_of(*srat);
    look_at_twice(subject, domains, result);
    look_at_empty_ranges(subject, *srat, result);
    told empty(result, "srat-empty-domain");
    for (const auto& entry : domains.all) {
        const srat_domain& domain = entry.second;
        if (!domain.processors && !domain.memory && !domain.generic_initiator &&
            !domain.generic_port) {
            empty.add(domain_name(subject, entry.first), [&] {
                return fmt::format("The structure at offset {} is the first that names it.",
                                   domain.offset);
            });
        }
    }
}

} // namespace hetmem::detail
