#include "check/hmat_figures.hpp"

#include "topology/figures.hpp"
#include "topology/value_text.hpp"

#include <algorithm>
#include <utility>

namespace hetmem::detail {
namespace {

/// Four times as many as the largest machine that Linux runs on has.
constexpr std::size_t most_cells = std::size_t{4} << 20;

void keep_once(std::vector<std::uint32_t>& domains) {
    std::ranges::sort(domains);
    domains.erase(std::unique(domains.begin(), domains.end()), domains.end());
}

std::optional<std::size_t> place_of(std::span<const std::uint32_t> domains, std::uint32_t domain) {
    const auto found = std::ranges::lower_bound(domains, domain);
    if (found == domains.end() || *found != domain) {
        return std::nullopt;
    }
    return static_cast<std::size_t>(found - domains.begin());
}

} // namespace

bool better(quantity what, std::uint64_t a, std::uint64_t b) {
    return is_latency(what) ? a < b : a > b;
}

std::optional<hmat_figures> hmat_figures::of(const acpi::hmat& table) {
    hmat_figures figures;
    const auto each_matrix = [&](const auto& take) {
        for (const auto& structure : table.structures) {
            const auto* matrix = std::get_if<acpi::locality>(&structure);
            if (matrix != nullptr && matrix->hierarchy() == 0 && acpi::is_known(matrix->kind)) {
                take(*matrix);
            }
        }
    };
    each_matrix([&](const acpi::locality& m) {
        figures.initiators_.insert(figures.initiators_.end(), m.initiators.begin(),
                                   m.initiators.end());
        figures.targets_.insert(figures.targets_.end(), m.targets.begin(), m.targets.end());
    });
    keep_once(figures.initiators_);
    keep_once(figures.targets_);
    if (!figures.targets_.empty() &&
        figures.initiators_.size() > most_cells / figures.targets_.size()) {
        return std::nullopt;
    }
    for (auto& values : figures.values_) {
        values.assign(figures.initiators_.size() * figures.targets_.size(), unknown);
    }
    each_matrix([&](const acpi::locality& m) {
        for (const quantity what : all_quantities) {
            if (speaks_of(m.kind, what)) {
                figures.take(m, table.header.revision, what);
            }
        }
    });
    return figures;
}

void hmat_figures::take(const acpi::locality& matrix, unsigned revision, quantity what) {
    std::vector<std::size_t> columns;
    columns.reserve(matrix.targets.size());
    for (const std::uint32_t target : matrix.targets) {
        columns.push_back(*place_of(targets_, target));
    }
    const acpi::normalizer figures = matrix.normalizer(revision);
    std::vector<std::uint64_t> row(matrix.targets.size());
    auto& values = values_[static_cast<std::size_t>(what)];
    for (std::size_t i = 0; i < matrix.initiators.size(); ++i) {
        const auto entries = matrix.row(i);
        figures.row(entries, row, {unknown, unreachable, unknown});
        const std::size_t begin = *place_of(initiators_, matrix.initiators[i]) * targets_.size();
        for (std::size_t t = 0; t < entries.size(); ++t) {
            std::uint64_t& value = values[begin + columns[t]];
            value = value == unknown ? row[t] : value;
        }
    }
}

std::optional<std::size_t> hmat_figures::row_of(std::uint32_t initiator) const {
    return place_of(initiators_, initiator);
}

std::optional<std::size_t> hmat_figures::column_of(std::uint32_t target) const {
    return place_of(targets_, target);
}

std::uint64_t hmat_figures::value(quantity what, std::uint32_t initiator,
                                  std::uint32_t target) const {
    const auto row = row_of(initiator);
    const auto column = column_of(target);
    return row && column ? at(what, *row, *column) : unknown;
}

bool hmat_figures::any() const {
    return std::ranges::any_of(
        values_, [](const auto& values) { return std::ranges::any_of(values, known); });
}

} // namespace hetmem::detail
