// Whether the figures of an HMAT are complete, sensible and told once.
#include "check/parts.hpp"
#include "check/sense.hpp"

#include "topology/figures.hpp"
#include "topology/value_text.hpp"

#include <acpi/self_check.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <span>
#include <unordered_map>
#include <utility>

namespace hetmem::detail {
namespace {

constexpr std::uint64_t shortest_latency = 1'000;                // 1 ns
constexpr std::uint64_t longest_latency = 100'000'000;           // 100 us
constexpr std::uint64_t smallest_bandwidth = 1'000'000;          // 1 MB/s
constexpr std::uint64_t largest_bandwidth = 100'000'000'000'000; // 100 TB/s
constexpr std::uint64_t linux_limit = std::numeric_limits<std::uint32_t>::max();

// ---- what is there at all -----------------------------------------------------------------------

struct what_is_told {
    bool of[quantity_count] = {};
    bool latency() const { return of[0] || of[1]; }
    bool bandwidth() const { return of[2] || of[3]; }
    bool anything() const { return latency() || bandwidth(); }
};

/// Of each column of the matrices.
std::vector<what_is_told> told_of_targets(const hmat_figures& figures) {
    std::vector<what_is_told> all(figures.targets().size());
    for (std::size_t q = 0; q < quantity_count; ++q) {
        for (std::size_t i = 0; i < figures.initiators().size(); ++i) {
            const auto row = figures.row(all_quantities[q], i);
            for (std::size_t t = 0; t < row.size(); ++t) {
                all[t].of[q] = all[t].of[q] || hmat_figures::known(row[t]);
            }
        }
    }
    return all;
}

bool tells_anything(const hmat_figures& figures, std::size_t row) {
    return std::ranges::any_of(all_quantities, [&](quantity what) {
        return std::ranges::any_of(figures.row(what, row), hmat_figures::known);
    });
}

class completeness {
public:
    completeness(const check_subject& subject, const srat_domains& domains,
                 const hmat_figures& figures, check_result& result)
        : subject_(subject), domains_(domains), figures_(figures), result_(result),
          told_(told_of_targets(figures)) {}

    void look() {
        look_at_memory();
        look_at_initiators();
        for (const quantity what : {quantity::write_latency, quantity::write_bandwidth}) {
            look_at_writing(what);
        }
    }

private:
    what_is_told of(std::uint32_t pxm) const {
        const auto column = figures_.column_of(pxm);
        return column ? told_[*column] : what_is_told{};
    }

    void look_at_memory() {
        told nothing(result_, "memory-without-figures");
        told half(result_, "half-figures");
        for (const auto& [pxm, domain] : domains_.all) {
            if (!domain.memory) {
                continue;
            }
            const what_is_told figures = of(pxm);
            if (!figures.anything()) {
                finding* const found = nothing.add(domain_name(subject_, pxm), [] {
                    return "No initiator has a latency or a bandwidth to it.";
                });
                if (found != nullptr && domain.hot_plug_only) {
                    found->level = severity::info;
                    found->what += " All of it may be plugged in later.";
                }
            } else if (figures.latency() != figures.bandwidth()) {
                half.add(domain_name(subject_, pxm), [&] {
                    return fmt::format("There is a {} of it and no {}.",
                                       figures.latency() ? "latency" : "bandwidth",
                                       figures.latency() ? "bandwidth" : "latency");
                });
            }
        }
    }

    void look_at_initiators() {
        told nothing(result_, "initiator-without-figures");
        for (const auto& [pxm, domain] : domains_.all) {
            if (!domain.processors) {
                continue;
            }
            const auto row = figures_.row_of(pxm);
            if (!row || !tells_anything(figures_, *row)) {
                nothing.add(domain_name(subject_, pxm),
                            [] { return "No memory has a figure from its processors."; });
            }
        }
    }

    void look_at_writing(quantity writing) {
        told uneven(result_, "uneven-write-figures");
        const auto reading =
            writing == quantity::write_latency ? quantity::read_latency : quantity::read_bandwidth;
        std::vector<std::uint32_t> with;
        std::vector<std::uint32_t> without;
        for (const auto& [pxm, domain] : domains_.all) {
            const what_is_told figures = of(pxm);
            if (domain.memory && figures.of[static_cast<std::size_t>(reading)]) {
                (figures.of[static_cast<std::size_t>(writing)] ? with : without).push_back(pxm);
            }
        }
        if (!with.empty() && !without.empty()) {
            uneven.add(std::string(words_of(writing)), [&] {
                return fmt::format("Told of {}; not of {}.", list_of_domains(with),
                                   list_of_domains(without));
            });
        }
    }

    const check_subject& subject_;
    const srat_domains& domains_;
    const hmat_figures& figures_;
    check_result& result_;
    std::vector<what_is_told> told_;
};

// ---- each figure --------------------------------------------------------------------------------

bool sensible(acpi::data_type kind, std::uint64_t value) {
    return acpi::is_latency(kind) ? value >= shortest_latency && value <= longest_latency
                                  : value >= smallest_bandwidth && value <= largest_bandwidth;
}

std::string text_of(acpi::data_type kind, std::uint64_t value) {
    return format_value(acpi::is_latency(kind) ? quantity::read_latency : quantity::read_bandwidth,
                        value);
}

struct placed_matrix {
    const acpi::locality* matrix;
    std::uint64_t offset;
};

std::vector<placed_matrix> matrices_of(const acpi::hmat& table) {
    std::vector<placed_matrix> matrices;
    const auto offsets = structure_offsets(table);
    for (std::size_t i = 0; i < table.structures.size(); ++i) {
        if (const auto* matrix = std::get_if<acpi::locality>(&table.structures[i])) {
            matrices.push_back({matrix, offsets[i]});
        }
    }
    return matrices;
}

/// Entries of one structure that are wrong in the same way, told at the first.
template <class IsWrong, class Text>
void tell_entries(told& list, const placed_matrix& where, IsWrong is_wrong, Text text) {
    const auto& entries = where.matrix->entries;
    const auto first = std::ranges::find_if(entries, is_wrong);
    if (first == entries.end()) {
        return;
    }
    const auto place = static_cast<std::size_t>(first - entries.begin());
    const std::size_t columns = where.matrix->targets.size();
    list.add(fmt::format("domain {} -> domain {}", where.matrix->initiators[place / columns],
                         where.matrix->targets[place % columns]),
             [&] {
                 const auto count = std::count_if(first, entries.end(), is_wrong);
                 return text(*first) +
                        (count > 1 ? fmt::format(" So have {} more pairs.", count - 1) : "");
             });
}

void tell_values(const acpi::hmat& table, check_result& result) {
    told implausible(result, "figure-implausible");
    told overflow(result, "hmat-overflow");
    for (const placed_matrix& where : matrices_of(table)) {
        const acpi::locality& m = *where.matrix;
        if (!acpi::is_known(m.kind)) {
            continue;
        }
        const acpi::normalizer figures = m.normalizer(table.header.revision);
        const auto lost = [&](std::uint16_t entry) {
            return figures(entry).state == acpi::cell_state::known &&
                   m.base_unit > linux_limit / entry;
        };
        const auto odd = [&](std::uint16_t entry) {
            const acpi::cell cell = figures(entry);
            return cell.state == acpi::cell_state::known && !lost(entry) &&
                   !sensible(m.kind, cell.value);
        };
        tell_entries(overflow, where, lost, [&](std::uint16_t entry) {
            return fmt::format("The {} {} x {} (structure at offset {}) does not fit 32 bits.",
                               acpi::to_string(m.kind), entry, m.base_unit, where.offset);
        });
        tell_entries(implausible, where, odd, [&](std::uint16_t entry) {
            return fmt::format("The {} is {} (structure at offset {}).", acpi::to_string(m.kind),
                               text_of(m.kind, figures(entry).value), where.offset);
        });
    }
}

void tell_contradictions(const acpi::hmat& table, check_result& result) {
    told contradict(result, "figures-contradict");
    for (const defect& d : acpi::check_hmat_against_itself(table)) {
        contradict.add(fmt::format("HMAT, offset {}", d.offset),
                       [&] { return fmt::format("Expected {}; found {}.", d.expected, d.found); });
    }
}

// ---- what Linux keeps ---------------------------------------------------------------------------

/// The matrix of a quantity that Linux keeps, with its rows and columns by domain.
class kept_matrix {
public:
    explicit kept_matrix(const placed_matrix& where)
        : where_(where), rows_(places(where.matrix->initiators)),
          columns_(places(where.matrix->targets)) {}

    std::uint64_t offset() const { return where_.offset; }

    /// A pair of which an earlier matrix tells and this one does not.
    std::optional<std::pair<std::uint32_t, std::uint32_t>>
    lost_of(const acpi::locality& earlier) const {
        std::vector<std::optional<std::size_t>> columns;
        for (const std::uint32_t target : earlier.targets) {
            columns.push_back(place(columns_, target));
        }
        for (std::size_t i = 0; i < earlier.initiators.size(); ++i) {
            const auto row = place(rows_, earlier.initiators[i]);
            const auto entries = earlier.row(i);
            for (std::size_t t = 0; t < entries.size(); ++t) {
                const bool kept =
                    row && columns[t] && says(where_.matrix->entry(*row, *columns[t]));
                if (says(entries[t]) && !kept) {
                    return std::pair(earlier.initiators[i], earlier.targets[t]);
                }
            }
        }
        return std::nullopt;
    }

private:
    using place_map = std::unordered_map<std::uint32_t, std::size_t>;

    static place_map places(const std::vector<std::uint32_t>& domains) {
        place_map places;
        for (std::size_t i = 0; i < domains.size(); ++i) {
            places.emplace(domains[i], i);
        }
        return places;
    }
    static std::optional<std::size_t> place(const place_map& places, std::uint32_t domain) {
        const auto found = places.find(domain);
        return found == places.end() ? std::nullopt : std::optional(found->second);
    }
    static bool says(std::uint16_t entry) {
        return entry != acpi::entry_unknown && entry != acpi::entry_unreachable;
    }

    placed_matrix where_;
    place_map rows_;
    place_map columns_;
};

void tell_replaced(const acpi::hmat& table, check_result& result) {
    told replaced(result, "figures-replaced");
    const auto matrices = matrices_of(table);
    std::set<std::uint64_t> already; // by offset: a matrix of "access" is kept twice
    for (const quantity what : all_quantities) {
        std::vector<placed_matrix> of_it;
        for (const placed_matrix& where : matrices) {
            if (where.matrix->hierarchy() == 0 && speaks_of(where.matrix->kind, what)) {
                of_it.push_back(where);
            }
        }
        if (of_it.size() < 2) {
            continue;
        }
        const kept_matrix last(of_it.back());
        of_it.pop_back();
        for (const placed_matrix& earlier : of_it) {
            const auto lost = last.lost_of(*earlier.matrix);
            if (lost && already.insert(earlier.offset).second) {
                replaced.add(fmt::format("HMAT, offset {}", earlier.offset), [&] {
                    return fmt::format("It has the {} from domain {} to domain {}; the last such "
                                       "matrix, at offset {}, has not.",
                                       words_of(what), lost->first, lost->second, last.offset());
                });
            }
        }
    }
}

} // namespace

void check_figures(const check_subject& subject, check_result& result) {
    const acpi::hmat* const hmat = table_of(subject.hmat);
    if (hmat == nullptr) {
        return;
    }
    tell_values(*hmat, result);
    tell_contradictions(*hmat, result);
    tell_replaced(*hmat, result);
    const acpi::srat* const srat = table_of(subject.srat);
    if (srat == nullptr) {
        return;
    }
    const auto figures = hmat_figures::of(*hmat);
    if (!figures) {
        result.not_looked_at.emplace_back(
            "the figures of the HMAT: it names more domains than a machine can have");
    } else if (figures->any()) {
        const srat_domains domains = domains_of(*srat);
        completeness(subject, domains, *figures, result).look();
    }
}

} // namespace hetmem::detail
