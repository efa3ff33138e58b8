// check/hmat_figures.hpp: the figures of an HMAT as one matrix for each quantity, whatever the
// structures they stand in.
//
//     if (const auto figures = hmat_figures::of(table)) {
//         const auto latency = figures->value(quantity::read_latency, 0, 2);   // domains
//     }
#pragma once

#include <acpi/hmat.hpp>

#include <hetmem/topology.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace hetmem::detail {

inline constexpr std::size_t quantity_count = std::size(all_quantities);

/// Whether the first value is the better one.
bool better(quantity what, std::uint64_t a, std::uint64_t b);

/// Of the memory itself (hierarchy 0), which is all that Linux uses. Where several structures tell
/// one figure, the first. Rows and columns are positions in initiators() and targets().
class hmat_figures {
public:
    /// What no figure can be.
    static constexpr std::uint64_t unknown = ~std::uint64_t{0};
    static constexpr std::uint64_t unreachable = ~std::uint64_t{0} - 1;
    static bool known(std::uint64_t value) { return value < unreachable; }

    /// Nothing when the table names so many domains that they have no room here: such a table is
    /// not of a machine.
    static std::optional<hmat_figures> of(const acpi::hmat& table);

    std::span<const std::uint32_t> initiators() const { return initiators_; } ///< ascending
    std::span<const std::uint32_t> targets() const { return targets_; }       ///< ascending
    std::optional<std::size_t> row_of(std::uint32_t initiator) const;
    std::optional<std::size_t> column_of(std::uint32_t target) const;

    std::uint64_t at(quantity what, std::size_t row, std::size_t column) const {
        return values_[static_cast<std::size_t>(what)][row * targets_.size() + column];
    }
    std::span<const std::uint64_t> row(quantity what, std::size_t row) const {
        return std::span(values_[static_cast<std::size_t>(what)])
            .subspan(row * targets_.size(), targets_.size());
    }
    /// By domains; unknown for those that the table does not name.
    std::uint64_t value(quantity what, std::uint32_t initiator, std::uint32_t target) const;

    /// Whether any figure at all is known.
    bool any() const;

private:
    hmat_figures() = default;
    void take(const acpi::locality& matrix, unsigned revision, quantity what);

    std::vector<std::uint32_t> initiators_;
    std::vector<std::uint32_t> targets_;
    std::array<std::vector<std::uint64_t>, quantity_count> values_;
};

} // namespace hetmem::detail
