// publish/defect_groups.hpp: faults of firmware tables, said once where they differ in their place
// only.
#pragma once

#include <hetmem/defect.hpp>

#include <cstdint>
#include <span>
#include <vector>

namespace hetmem::detail {

struct defect_group {
    const defect* first;                ///< points into what was grouped
    std::vector<std::uint64_t> offsets; ///< of all of them, in their order
};

std::vector<defect_group> group_defects(std::span<const defect> defects);

} // namespace hetmem::detail
