// figure_layer.hpp: what one source says of one quantity, for every (initiator, target) pair.
//
// A topology keeps the layers of all its sources side by side; merging is looking through them from
// the strongest to the weakest, so the losers are never lost and nothing is stored twice. A full
// matrix (HMAT) is stored densely, a handful of pairs (sysfs) as a sorted list.
#pragma once

#include <hetmem/topology.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace hetmem::detail {

class figure_layer {
public:
    enum class storage : std::uint8_t { dense, sparse };

    figure_layer(source from, quantity what, unsigned level, std::size_t initiators,
                 std::size_t targets, storage how);

    source from() const { return from_; }
    quantity what() const { return what_; }
    unsigned level() const { return level_; }

    /// Values are in base units, or topology::unknown_value / unreachable_value.
    void set(std::size_t initiator, std::size_t target, std::uint64_t value);
    /// Must be called after the last set() and before the first look-up.
    void finish();

    std::uint64_t at(std::size_t initiator, std::size_t target) const;
    /// Fills one value a target.
    void row(std::size_t initiator, std::span<std::uint64_t> values) const;
    /// Writable row of a dense layer, for sources that have whole rows.
    std::span<std::uint64_t> dense_row(std::size_t initiator);
    /// The row without a copy when the layer is dense; empty otherwise.
    std::span<const std::uint64_t> stored_row(std::size_t initiator) const;

    bool empty() const;
    /// Sparse layers: every pair that is set, by (initiator, target). Dense ones: empty.
    struct cell {
        std::uint32_t initiator;
        std::uint32_t target;
        std::uint64_t value;
    };
    std::span<const cell> cells() const { return sparse_; }

private:
    source from_;
    quantity what_;
    unsigned level_;
    std::size_t initiators_;
    std::size_t targets_;
    storage how_;
    std::vector<std::uint64_t> dense_;
    std::vector<cell> sparse_;
};

} // namespace hetmem::detail
