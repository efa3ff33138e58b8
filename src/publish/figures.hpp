// publish/figures.hpp: the merged figures of a whole row at a time, for matrices.
#pragma once

#include <hetmem/topology.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace hetmem::detail {

inline constexpr std::size_t quantity_count = std::size(all_quantities);

constexpr std::size_t index_of(quantity what) {
    return static_cast<std::size_t>(what);
}

/// From one initiator to every target: base units or topology::unknown_value, unreachable_value.
struct merged_row {
    std::vector<std::uint64_t> values;
    std::vector<source> from;
};

/// Reads rows of a topology's level 0, each value from its strongest source, into buffers that are
/// used again: asking pair by pair would look every source up a million times on a large machine.
class row_reader {
public:
    explicit row_reader(const topology& machine);

    /// Valid until the next call.
    const merged_row& read(quantity what, initiator_id from);
    /// Whether any source says anything about this quantity.
    bool has(quantity what) const { return !sources_[index_of(what)].empty(); }

private:
    const topology* machine_;
    std::array<std::vector<source>, quantity_count> sources_;
    merged_row row_;
    std::vector<std::uint64_t> weaker_;
};

} // namespace hetmem::detail
