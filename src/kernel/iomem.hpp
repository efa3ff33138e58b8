// kernel/iomem.hpp: "Soft Reserved" ranges of /proc/iomem (until Linux 6.19; later kernels show
// such memory on the dax bus only).
#pragma once

#include "kernel/rooted.hpp"

#include <cstdint>
#include <vector>

namespace hetmem::kernel {

struct physical_range {
    std::uint64_t base = 0;
    std::uint64_t length = 0;
};

struct soft_reserved {
    outcome read;
    /// There are such ranges, but ordinary users see zeros instead of addresses.
    bool hidden = false;
    std::vector<physical_range> ranges; ///< ascending
};

soft_reserved read_soft_reserved(const rooted_reader& reader);

} // namespace hetmem::kernel
