// kernel/iomem.hpp: "Soft Reserved" ranges of /proc/iomem (until Linux 6.19; later kernels show
// such memory on the dax bus only).
#pragma once

#include "kernel/rooted.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
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

/// "  40000000-5fffffff : Soft Reserved", indented by depth.
struct iomem_line {
    std::uint64_t first = 0;
    std::uint64_t last = 0; ///< the last byte
    std::string_view what;
    bool nested = false; ///< within the line before that is less indented
};
/// Nothing when it is not of the form.
std::optional<iomem_line> parse_iomem_line(std::string_view line);

soft_reserved read_soft_reserved(const rooted_reader& reader);

} // namespace hetmem::kernel
