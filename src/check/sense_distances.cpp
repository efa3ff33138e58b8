// Whether the distances of the SLIT fit the SRAT, themselves and the HMAT.
#include "check/parts.hpp"
#include "check/predict_subject.hpp"
#include "check/sense.hpp"

#include "topology/value_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hetmem::detail {
namespace {

void look_at_size(const srat_domains& domains, const acpi::slit& slit, check_result& result) {
    told short_of(result, "slit-short");
    std::vector<std::uint32_t> beyond;
    for (const auto& [pxm, domain] : domains.all) {
        if (pxm >= slit.rows() && (domain.processors || domain.memory)) {
            beyond.push_back(pxm);
        }
    }
    if (!beyond.empty()) {
        short_of.add("SLIT, offset 36", [&] {
            return fmt::format("The SLIT has the domains below {}; the SRAT has {} too.",
                               slit.rows(), list_of_domains(beyond));
        });
    }
}

void look_at_symmetry(const check_subject& subject, const acpi::slit& slit, check_result& result) {
    told asymmetric(result, "slit-asymmetric");
    for (std::size_t a = 0; a < slit.rows(); ++a) {
        for (std::size_t b = a + 1; b < slit.rows(); ++b) {
            const auto there = slit.distance(a, b);
            const auto back = slit.distance(b, a);
            if (there && back && *there != *back) {
                asymmetric.add(
                    [&] {
                        return pair_name(subject, static_cast<std::uint32_t>(a),
                                         static_cast<std::uint32_t>(b));
                    },
                    [&] {
                        return fmt::format("The distance is {}, and {} the other way.", *there,
                                           *back);
                    });
            }
        }
    }
}

struct seen_memory {
    std::uint32_t pxm;
    unsigned distance;
    std::uint64_t latency;
};

/// Two memories, one initiator: the nearer is slower by more than rounding explains.
void look_from(const check_subject& subject, std::uint32_t initiator,
               std::vector<seen_memory>& memories, told& contradicts) {
    constexpr double more = 1.10;
    std::ranges::sort(memories, {},
                      [](const seen_memory& m) { return std::pair(m.distance, m.latency); });
    const seen_memory* slowest = nullptr; // of those that are nearer than `now`
    const seen_memory* slowest_so_far = nullptr;
    for (const seen_memory& now : memories) {
        if (slowest_so_far != nullptr && slowest_so_far->distance < now.distance) {
            slowest = slowest_so_far;
        }
        if (slowest != nullptr &&
            static_cast<double>(slowest->latency) > static_cast<double>(now.latency) * more) {
            contradicts.add(domain_name(subject, initiator), [&] {
                return fmt::format("{} is at distance {} with {}, {} at distance {} with {}.",
                                   domain_name(subject, slowest->pxm), slowest->distance,
                                   format_value(quantity::read_latency, slowest->latency),
                                   domain_name(subject, now.pxm), now.distance,
                                   format_value(quantity::read_latency, now.latency));
            });
            return;
        }
        if (slowest_so_far == nullptr || now.latency > slowest_so_far->latency) {
            slowest_so_far = &now;
        }
    }
}

void look_at_hmat(const check_subject& subject, const srat_domains& domains, const acpi::slit& slit,
                  const hmat_figures& figures, check_result& result) {
    told contradicts(result, "slit-contradicts-hmat");
    for (const std::uint32_t initiator : figures.initiators()) {
        const auto holder = domains.all.find(initiator);
        if (holder == domains.all.end() || !holder->second.processors) {
            continue;
        }
        const auto row = *figures.row_of(initiator);
        std::vector<seen_memory> memories;
        for (std::size_t column = 0; column < figures.targets().size(); ++column) {
            const std::uint64_t latency = figures.at(quantity::read_latency, row, column);
            const std::uint32_t memory = figures.targets()[column];
            const auto distance = slit.distance(initiator, memory);
            if (hmat_figures::known(latency) && distance) {
                memories.push_back({memory, *distance, latency});
            }
        }
        look_from(subject, initiator, memories, contradicts);
    }
}

} // namespace

void check_distances(const check_subject& subject, check_result& result) {
    const acpi::slit* const slit = table_of(subject.slit);
    if (slit == nullptr) {
        return;
    }
    look_at_symmetry(subject, *slit, result);
    const acpi::srat* const srat = table_of(subject.srat);
    if (srat == nullptr) {
        return;
    }
    const srat_domains domains = domains_of(*srat);
    look_at_size(domains, *slit, result);
    const acpi::hmat* const hmat = table_of(subject.hmat);
    // Distances that Linux does not use cannot lead it astray.
    if (hmat != nullptr && predict_linux(subject).slit_used) {
        if (const auto figures = hmat_figures::of(*hmat)) {
            look_at_hmat(subject, domains, *slit, *figures, result);
        }
    }
}

} // namespace hetmem::detail
