// The processors of the SRAT beside those of the MADT.
#include "check/parts.hpp"
#include "check/sense.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

namespace hetmem::detail {
namespace {

/// An id counts among those of its kind: APIC ids, and UIDs of Arm or RISC-V processors.
enum class id_kind : std::uint8_t { apic, gicc, rintc };
using processor = std::pair<id_kind, std::uint32_t>;

class srat_processors {
public:
    void add(const acpi::apic_affinity& s) { add(s, id_kind::apic, s.apic_id); }
    void add(const acpi::x2apic_affinity& s) { add(s, id_kind::apic, s.x2apic_id); }
    void add(const acpi::gicc_affinity& s) { add(s, id_kind::gicc, s.processor_uid); }
    void add(const acpi::rintc_affinity& s) { add(s, id_kind::rintc, s.processor_uid); }
    void add(const auto&) {}

    const std::set<processor>& all() const { return all_; }

private:
    void add(const auto& s, id_kind kind, std::uint32_t id) {
        if (s.enabled()) {
            all_.emplace(kind, id);
        }
    }
    std::set<processor> all_;
};

/// Nothing for what stands for no processor.
std::optional<processor> processor_of(const acpi::madt_processor& p) {
    constexpr std::uint8_t local_apic = 0;
    constexpr std::uint8_t gicc = 11;
    constexpr std::uint8_t rintc = 24;
    constexpr std::uint32_t no_apic = 0xFF;
    constexpr std::uint32_t no_x2apic = 0xFFFFFFFF;
    switch (p.type) {
    case gicc:
        return processor{id_kind::gicc, p.id};
    case rintc:
        return processor{id_kind::rintc, p.id};
    default:
        return p.id == (p.type == local_apic ? no_apic : no_x2apic)
                   ? std::nullopt
                   : std::optional(processor{id_kind::apic, p.id});
    }
}

std::string list_of(const std::vector<processor>& processors) {
    constexpr std::size_t enough = 8;
    std::string text;
    for (std::size_t i = 0; i < std::min(processors.size(), enough); ++i) {
        text += fmt::format("{}{}", i == 0 ? "" : ", ", processors[i].second);
    }
    if (processors.size() > enough) {
        text += fmt::format(" and {} more", processors.size() - enough);
    }
    return text;
}

} // namespace

void check_processors(const check_subject& subject, check_result& result) {
    const acpi::srat* const srat = table_of(subject.srat);
    const acpi::madt* const madt = table_of(subject.madt);
    if (srat == nullptr || madt == nullptr) {
        return;
    }
    srat_processors in_srat;
    for (const auto& structure : srat->structures) {
        std::visit([&](const auto& s) { in_srat.add(s); }, structure);
    }
    std::set<processor> enabled;
    std::set<processor> listed; // switched off, or to be plugged in
    for (const acpi::madt_processor& p : madt->processors) {
        if (const auto id = processor_of(p)) {
            listed.insert(*id);
            if (p.enabled) {
                enabled.insert(*id);
            }
        }
    }
    const auto without = [](const std::set<processor>& all, const std::set<processor>& others) {
        std::vector<processor> rest;
        std::ranges::set_difference(all, others, std::back_inserter(rest));
        return rest;
    };
    told outside(result, "cpu-outside-srat");
    if (const auto rest = without(enabled, in_srat.all()); !rest.empty()) {
        outside.add("SRAT", [&] {
            return fmt::format("{} of {} processors are in no domain; their APIC ids or UIDs: {}.",
                               rest.size(), enabled.size(), list_of(rest));
        });
    }
    told unknown(result, "srat-unknown-cpu");
    if (const auto rest = without(in_srat.all(), listed); !rest.empty()) {
        unknown.add("SRAT", [&] {
            return fmt::format("{} of {} processors are not in the MADT; their APIC ids or UIDs: "
                               "{}.",
                               rest.size(), in_srat.all().size(), list_of(rest));
        });
    }
}

} // namespace hetmem::detail
