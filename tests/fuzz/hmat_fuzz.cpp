// Any bytes as an HMAT; when an SRAT follows it, the two are checked against each other.
#include "tests/fuzz/table_fuzz.hpp"

#include <acpi/cross_check.hpp>
#include <acpi/hmat.hpp>
#include <acpi/srat.hpp>

#include <cstdint>
#include <limits>
#include <variant>
#include <vector>

using namespace hetmem::acpi;
using hetmem::fuzz::require;

namespace {

constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
constexpr cell_marks marks{most, most - 1, most - 2};

/// Cell by cell and row by row must agree, and rows must stay inside the matrix.
void normalize_all(const locality& matrix, unsigned revision) {
    const auto figures = matrix.normalizer(revision);
    std::vector<std::uint64_t> values(matrix.targets.size());
    std::size_t seen = 0;
    for (std::size_t i = 0; i < matrix.initiators.size() && seen < matrix.entries.size(); ++i) {
        const auto row = matrix.row(i);
        figures.row(row, values, marks);
        for (std::size_t t = 0; t < row.size(); ++t) {
            const cell c = figures(matrix.entry(i, t));
            require(c.state != cell_state::known || values[t] == c.value ||
                    values[t] == marks.overflow);
            require(c.state != cell_state::overflow || values[t] == marks.overflow);
            require(c.state != cell_state::unreachable || values[t] == marks.unreachable);
            require(c.state != cell_state::unknown || values[t] == marks.unknown);
        }
        seen += row.size();
    }
    require(seen == (matrix.targets.empty() ? 0 : matrix.entries.size()));
    require(matrix.cache_level(revision).value_or(0) <= 3);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = hetmem::fuzz::as_bytes(data, size);
    const auto read = decode_hmat(bytes);
    hetmem::fuzz::check_decoded(read, bytes, "HMAT");
    if (!read.table) {
        return 0;
    }
    for (const auto& structure : read.table->structures) {
        if (const auto* matrix = std::get_if<locality>(&structure)) {
            normalize_all(*matrix, read.table->header.revision);
        }
    }
    if (const auto srat = decode_srat(read.table->trailing); srat.table) {
        require(check_hmat_against_srat(*read.table, *srat.table).size() <= max_defects + 1);
    }
    hetmem::fuzz::check_sealed(*read.table, decode_hmat);
    return 0;
}
