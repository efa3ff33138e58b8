// Whether HMAT and SRAT speak of the same domains, and what the HMAT says of each at all.
#include "check/parts.hpp"
#include "check/sense.hpp"

#include <acpi/cross_check.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <ranges>

namespace hetmem::detail {
namespace {

/// As many nodes as x86-64 can have (CONFIG_NODES_SHIFT=10), and so as many domains.
constexpr std::uint32_t linux_domains = 1024;

void tell_missing(const check_subject& subject, const srat_domains& domains, check_result& result) {
    told missing(result, "hmat-missing");
    const bool hidden =
        std::ranges::find(subject.unread_tables, "HMAT") != subject.unread_tables.end();
    if (subject.hmat || hidden) {
        return;
    }
    std::vector<std::uint32_t> far;
    for (const auto& [pxm, domain] : domains.all) {
        if (domain.memory && !domain.processors && !domain.hot_plug_only) {
            far.push_back(pxm);
        }
    }
    if (!far.empty()) {
        missing.add("HMAT", [&] {
            return fmt::format("Memory without processors: {}. No table tells how fast it is.",
                               list_of_domains(far));
        });
    }
}

void tell_cross_check(const acpi::hmat& hmat, const acpi::srat& srat, check_result& result) {
    told unknown(result, "hmat-unknown-domain");
    told range(result, "hmat-range");
    for (const defect& d : acpi::check_hmat_against_srat(hmat, srat)) {
        told& list = d.expected.starts_with("a range") ? range : unknown;
        finding* const found = list.add(fmt::format("HMAT, offset {}", d.offset), [&] {
            return fmt::format("Expected {}; found {}.", d.expected, d.found);
        });
        if (found == nullptr) {
            continue;
        }
        if (d.linux_does.find("whole HMAT") != std::string::npos) {
            found->linux_does = "Ignores the whole HMAT.";
        } else if (&list == &unknown) {
            found->level = severity::warning;
            found->linux_does = "Ignores what is told of this domain.";
        }
    }
}

void tell_large(const check_subject& subject, const srat_domains& domains, check_result& result) {
    told large(result, "domain-too-large");
    for (const auto& entry : domains.all) {
        if (entry.first >= linux_domains) {
            large.add(fmt::format("SRAT, offset {}", entry.second.offset), [&] {
                return fmt::format("{} is not below {}.", domain_name(subject, entry.first),
                                   linux_domains);
            });
        }
    }
}

} // namespace

void check_hmat_domains(const check_subject& subject, check_result& result) {
    const acpi::hmat* const hmat = table_of(subject.hmat);
    const acpi::srat* const srat = table_of(subject.srat);
    if (srat != nullptr) {
        const srat_domains domains = domains_of(*srat);
        tell_missing(subject, domains, result);
        tell_large(subject, domains, result);
        if (hmat != nullptr) {
            tell_cross_check(*hmat, *srat, result);
        }
    }
    if (hmat != nullptr && subject.reader != nullptr) {
        told without(result, "hmat-without-srat");
        if (!subject.srat) {
            without.add("SRAT", [] { return "This machine has an HMAT and no SRAT."; });
        }
    }
    if (hmat == nullptr) {
        return;
    }
    told hint(result, "reservation-hint");
    const auto offsets = structure_offsets(*hmat);
    for (std::size_t i = 0; i < hmat->structures.size(); ++i) {
        const auto* attributes = std::get_if<acpi::memory_attributes>(&hmat->structures[i]);
        if (attributes != nullptr && attributes->reservation_hint(hmat->header.revision)) {
            hint.add(domain_name(subject, attributes->memory_pxm), [&] {
                return fmt::format("The memory attributes at offset {} have the reservation hint.",
                                   offsets[i]);
            });
        }
    }
}

} // namespace hetmem::detail
