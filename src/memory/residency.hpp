// memory/residency.hpp: counting where pages are, for what <hetmem/residency.hpp> promises.
#pragma once

#include "memory/migrate.hpp"

#include <hetmem/residency.hpp>

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <vector>

namespace hetmem::detail {

/// What to do where nothing is mapped: throw EINVAL, or pass over it.
enum class gaps : std::uint8_t { refused, allowed };

/// The runs (ascending) of process `pid` (0: this one) counted. Mappings that lie in a run as a
/// whole by numa_maps, parts of one page by page. Throws as hetmem::where.
residency count_pages(pid_t pid, std::span<const address_run> runs, gaps unmapped = gaps::refused);

/// In its place among shares that are in order; nothing of an empty one.
void add_share(std::vector<resident_share>& shares, const resident_share& more);

} // namespace hetmem::detail
