#include "check/domains.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <variant>

namespace hetmem::detail {
namespace {

class collector {
public:
    collector(srat_domains& into, unsigned revision) : into_(into), revision_(revision) {}

    void add(std::uint64_t, const acpi::unknown_structure&) {}
    void add(std::uint64_t at, const acpi::its_affinity& s) { domain(at, s.proximity_domain); }
    void add(std::uint64_t at, const acpi::apic_affinity& s) {
        if (s.enabled()) {
            domain(at, s.pxm(revision_)).processors = true;
        }
    }
    void add(std::uint64_t at, const acpi::memory_affinity& s) {
        if (!s.enabled()) {
            return;
        }
        const std::uint32_t pxm = s.pxm(revision_);
        srat_domain& holder = domain(at, pxm);
        if (s.range_length == 0 ||
            s.range_length - 1 > std::numeric_limits<std::uint64_t>::max() - s.base) {
            return;
        }
        holder.hot_plug_only = s.hot_pluggable() && (!holder.memory || holder.hot_plug_only);
        holder.memory = true;
        holder.bytes += s.range_length;
        into_.ranges.push_back(
            {pxm, {s.base, s.range_length}, s.hot_pluggable(), s.non_volatile(), at});
    }
    void add(std::uint64_t at, const acpi::generic_affinity& s) {
        if (s.enabled()) {
            srat_domain& holder = domain(at, s.proximity_domain);
            (s.is_port() ? holder.generic_port : holder.generic_initiator) = true;
        }
    }
    /// The other processors: x2APIC, GICC, RINTC.
    void add(std::uint64_t at, const auto& s) {
        if (s.enabled()) {
            domain(at, s.proximity_domain).processors = true;
        }
    }

private:
    srat_domain& domain(std::uint64_t at, std::uint32_t pxm) {
        const auto [found, is_new] = into_.all.try_emplace(pxm);
        if (is_new) {
            found->second.offset = at;
        }
        return found->second;
    }

    srat_domains& into_;
    unsigned revision_;
};

} // namespace

srat_domains domains_of(const acpi::srat& table) {
    srat_domains found;
    collector into(found, table.header.revision);
    const auto offsets = structure_offsets(table);
    for (std::size_t i = 0; i < table.structures.size(); ++i) {
        std::visit([&](const auto& s) { into.add(offsets[i], s); }, table.structures[i]);
    }
    std::ranges::stable_sort(found.ranges, {}, [](const srat_range& r) { return r.range.base; });
    return found;
}

std::string to_text(const address_range& range) {
    return fmt::format("0x{:x}-0x{:x}", range.base, last_of(range));
}

std::string list_of_domains(const std::vector<std::uint32_t>& domains) {
    constexpr std::size_t enough = 8;
    const std::size_t shown = std::min(domains.size(), enough);
    std::string text = domains.size() == 1 ? "domain " : "domains ";
    for (std::size_t i = 0; i < shown; ++i) {
        if (i > 0) {
            text += i + 1 == domains.size() ? " and " : ", ";
        }
        text += std::to_string(domains[i]);
    }
    if (shown < domains.size()) {
        text += fmt::format(" and {} more", domains.size() - shown);
    }
    return text;
}

} // namespace hetmem::detail
