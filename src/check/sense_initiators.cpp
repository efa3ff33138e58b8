// From where each memory is reached best: whether that can be.
#include "check/parts.hpp"
#include "check/sense.hpp"

#include "topology/value_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace hetmem::detail {
namespace {

/// How much two figures of one thing may differ before it means something, as Linux has it for
/// tiers (mm/memory-tiers.c).
constexpr double tolerance = 0.10;
/// Local memory is a little slower than remote memory in some honest tables: figures are rounded.
constexpr double rounding = 0.02;

bool differs(std::uint64_t a, std::uint64_t b, double by) {
    const auto [least, most] = std::minmax(a, b);
    return static_cast<double>(most - least) > static_cast<double>(least) * by;
}

/// The order in which Linux looks for the best initiator (drivers/acpi/numa/hmat.c).
constexpr std::array linux_order = {quantity::write_latency, quantity::read_latency,
                                    quantity::write_bandwidth, quantity::read_bandwidth};

/// A domain that has both processors and memory.
struct whole_domain {
    std::uint32_t pxm = 0;
    std::optional<std::size_t> row; // in the matrices
    std::optional<std::size_t> column;
    std::optional<memory_kind> kind; // as far as the machine tells
};

/// Memory that has processors beside it is ordinary memory unless somebody knows better.
bool alike(const whole_domain& a, const whole_domain& b) {
    return !a.kind || !b.kind || *a.kind == *b.kind;
}

std::vector<whole_domain> whole_domains(const check_subject& subject, const srat_domains& domains,
                                        const hmat_figures& figures) {
    const auto kinds = kinds_of(subject);
    std::vector<whole_domain> whole;
    for (const auto& [pxm, domain] : domains.all) {
        if (domain.processors && domain.memory) {
            const auto kind = kinds.find(pxm);
            whole.push_back({pxm, figures.row_of(pxm), figures.column_of(pxm),
                             kind == kinds.end() ? std::nullopt : std::optional(kind->second)});
        }
    }
    return whole;
}

class initiator_checks {
public:
    initiator_checks(const check_subject& subject, const srat_domains& domains,
                     const hmat_figures& figures, check_result& result)
        : subject_(subject), domains_(domains), figures_(figures), result_(result),
          whole_(whole_domains(subject, domains, figures)) {}

    void look() {
        look_at_own_memory();
        look_at_remote_memory();
        look_at_both_ways();
    }

    void look_at_attached(const acpi::hmat& table) {
        told not_best(result_, "attached-not-best");
        std::set<std::uint32_t> looked_at; // a hostile table may name one pair a million times
        for (const auto& structure : table.structures) {
            const auto* attributes = std::get_if<acpi::memory_attributes>(&structure);
            if (attributes == nullptr || !attributes->initiator_valid() ||
                !attributes->memory_valid(table.header.revision) ||
                !looked_at.insert(attributes->memory_pxm).second) {
                continue;
            }
            tell_better(attributes->initiator_pxm, attributes->memory_pxm, not_best);
        }
    }

private:
    std::uint64_t value(quantity what, const whole_domain& from, const whole_domain& to) const {
        return from.row && to.column ? figures_.at(what, *from.row, *to.column)
                                     : hmat_figures::unknown;
    }

    void look_at_own_memory() {
        told unreachable(result_, "self-unreachable");
        for (const whole_domain& own : whole_) {
            for (const quantity what : all_quantities) {
                if (value(what, own, own) == hmat_figures::unreachable) {
                    unreachable.add(pair_name(subject_, own.pxm, own.pxm), [&] {
                        return fmt::format("The {} has the entry 0xFFFF.", words_of(what));
                    });
                    break;
                }
            }
        }
    }

    /// Along the row (another memory is faster) and along the column (another initiator is).
    void look_at_remote_memory() {
        told slower(result_, "local-slower");
        for (const whole_domain& local : whole_) {
            for (const quantity what : all_quantities) {
                const std::uint64_t own = value(what, local, local);
                if (hmat_figures::known(own) && tell_faster(what, local, own, slower)) {
                    break;
                }
            }
        }
    }

    bool is_faster(quantity what, std::uint64_t remote, std::uint64_t own) const {
        return hmat_figures::known(remote) && better(what, remote, own) &&
               differs(remote, own, rounding);
    }

    bool tell_faster(quantity what, const whole_domain& local, std::uint64_t own, told& slower) {
        for (const whole_domain& other : whole_) {
            if (other.pxm == local.pxm || !alike(local, other)) {
                continue;
            }
            const std::uint64_t to_other = value(what, local, other);
            if (is_faster(what, to_other, own)) {
                slower.add(domain_name(subject_, local.pxm), [&] {
                    return fmt::format("The {} of its processors is {} to their own memory, and "
                                       "{} to that of {}.",
                                       words_of(what), format_value(what, own),
                                       format_value(what, to_other),
                                       domain_name(subject_, other.pxm));
                });
                return true;
            }
            const std::uint64_t from_other = value(what, other, local);
            if (is_faster(what, from_other, own)) {
                slower.add(domain_name(subject_, local.pxm), [&] {
                    return fmt::format("The {} of its memory is {} from its own processors, and "
                                       "{} from those of {}.",
                                       words_of(what), format_value(what, own),
                                       format_value(what, from_other),
                                       domain_name(subject_, other.pxm));
                });
                return true;
            }
        }
        return false;
    }

    void look_at_both_ways() {
        told asymmetric(result_, "asymmetric");
        for (std::size_t a = 0; a < whole_.size(); ++a) {
            for (std::size_t b = a + 1; b < whole_.size(); ++b) {
                if (alike(whole_[a], whole_[b])) {
                    tell_asymmetric(whole_[a], whole_[b], asymmetric);
                }
            }
        }
    }

    void tell_asymmetric(const whole_domain& a, const whole_domain& b, told& asymmetric) {
        for (const quantity what : all_quantities) {
            const std::uint64_t there = value(what, a, b);
            const std::uint64_t back = value(what, b, a);
            if (hmat_figures::known(there) && hmat_figures::known(back) &&
                differs(there, back, tolerance)) {
                asymmetric.add([&] { return pair_name(subject_, a.pxm, b.pxm); },
                               [&] {
                                   return fmt::format("The {} is {}, and {} the other way.",
                                                      words_of(what), format_value(what, there),
                                                      format_value(what, back));
                               });
                return;
            }
        }
    }

    /// What can be linked: processors and Generic Initiators.
    bool can_be_linked(std::uint32_t pxm) const {
        const auto found = domains_.all.find(pxm);
        return found != domains_.all.end() &&
               (found->second.processors || found->second.generic_initiator);
    }

    void tell_better(std::uint32_t attached, std::uint32_t memory, told& not_best) {
        const auto column = figures_.column_of(memory);
        const auto attached_row = figures_.row_of(attached);
        if (!column || !attached_row) {
            return;
        }
        for (std::size_t row = 0; row < figures_.initiators().size(); ++row) {
            const std::uint32_t other = figures_.initiators()[row];
            if (other == attached || !can_be_linked(other)) {
                continue;
            }
            for (const quantity what : linux_order) {
                const std::uint64_t of_attached = figures_.at(what, *attached_row, *column);
                const std::uint64_t of_other = figures_.at(what, row, *column);
                if (!hmat_figures::known(of_attached) || !hmat_figures::known(of_other) ||
                    of_attached == of_other) {
                    continue;
                }
                if (better(what, of_other, of_attached)) {
                    not_best.add(domain_name(subject_, memory), [&] {
                        return fmt::format(
                            "It is attached to {}, with a {} of {}; from {} it is {}.",
                            domain_name(subject_, attached), words_of(what),
                            format_value(what, of_attached), domain_name(subject_, other),
                            format_value(what, of_other));
                    });
                    return;
                }
                break; // it is worse in what counts first
            }
        }
    }

    const check_subject& subject_;
    const srat_domains& domains_;
    const hmat_figures& figures_;
    check_result& result_;
    std::vector<whole_domain> whole_;
};

} // namespace

void check_initiators(const check_subject& subject, check_result& result) {
    const acpi::hmat* const hmat = table_of(subject.hmat);
    const acpi::srat* const srat = table_of(subject.srat);
    if (hmat == nullptr || srat == nullptr) {
        return;
    }
    const auto figures = hmat_figures::of(*hmat);
    if (!figures) {
        return; // check_figures() tells
    }
    const srat_domains domains = domains_of(*srat);
    initiator_checks checks(subject, domains, *figures, result);
    checks.look();
    checks.look_at_attached(*hmat);
}

} // namespace hetmem::detail
