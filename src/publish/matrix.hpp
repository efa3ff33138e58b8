// publish/matrix.hpp: the initiator x target matrix as drawn: a row and a column each on an
// ordinary machine, groups of equal ones on a large machine, so that 1024 nodes do not become a
// million cells.
#pragma once

#include "publish/groups.hpp"

#include <hetmem/topology.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hetmem::detail {

/// The values that a set of pairs has. Unknown and unreachable pairs are kept apart from numbers.
struct spread {
    std::uint64_t low = ~std::uint64_t{0};
    std::uint64_t high = 0;
    bool known = false;
    bool unknown = false;
    bool unreachable = false;
    std::uint8_t sources = 0; ///< a bit for each hetmem::source

    void add(std::uint64_t value, source from);
    void add(const spread& other);
    bool empty() const { return !known && !unknown && !unreachable; }
    friend bool operator==(const spread&, const spread&) = default;
};

/// One cell. Where groups of nodes meet themselves, a node's own memory is told apart from that of
/// the others, since that is where figures differ; otherwise everything is in `others`.
struct matrix_cell {
    spread own;
    spread others;
    friend bool operator==(const matrix_cell&, const matrix_cell&) = default;
};

struct matrix {
    /// Four quantities, then the relative distance.
    static constexpr std::size_t layers = 5;
    static constexpr std::size_t distance_layer = 4;

    struct side {
        std::string name;
        positions members;
    };
    std::vector<side> rows;    ///< initiators
    std::vector<side> columns; ///< targets
    bool grouped = false;
    std::array<std::vector<matrix_cell>, layers> cells; ///< rows x columns
    std::array<spread, layers> all;                     ///< of every pair

    const matrix_cell& cell(std::size_t layer, std::size_t row, std::size_t column) const {
        return cells[layer][row * columns.size() + column];
    }
    /// Nothing in this layer is known or unreachable: a table of it would hold no information.
    bool blank(std::size_t layer) const { return !all[layer].known && !all[layer].unreachable; }
};

/// Rows or columns beyond which they are grouped.
inline constexpr std::size_t group_above = 32;
/// The same where all figures of a group are equal, so that grouping loses nothing.
inline constexpr std::size_t group_equal_above = 16;

matrix make_matrix(const topology& machine);

/// Which tables a matrix is drawn as, distances aside.
struct matrix_plan {
    struct table {
        std::size_t layer = 0;
        bool both = false; ///< reading and writing, which are equal
    };
    std::vector<table> tables;             ///< of quantities of which anything is known
    std::vector<std::string_view> unknown; ///< the others, in words
};
matrix_plan plan_of(const matrix& m);

/// How one table of a matrix is written.
struct cell_style {
    quantity what = quantity::read_latency;
    bool is_distance = false;
    unsigned decimals = 0;
    bool mark_sources = false; ///< a letter behind each value, because they differ
};
cell_style style_of(const matrix& m, std::size_t layer);

/// "80", "80-230", "?", "×", "80/120-130" (own/others), with source letters when asked.
std::string cell_text(const matrix_cell& cell, const cell_style& style);

/// How good a cell's figure is among all of its layer, 0 (the worst) to 1, by a logarithmic scale;
/// in a group that of others' memories, where there is one. Nothing when no figure is known.
std::optional<double> goodness(const matrix& m, std::size_t layer, const matrix_cell& cell);

/// The letter that marks a source in a cell: h for hmat, s for sysfs, ...
char letter_of(source from);

/// The sources in a bit set, strongest first.
std::vector<source> sources_in(std::uint8_t bits);

} // namespace hetmem::detail
