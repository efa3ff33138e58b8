// The request that most subcommands of vm_place begin with: PLACEMENT MIB and the options of a
// region.
#pragma once

#include "tests/vm/programs/arguments.hpp"

#include <hetmem/placement.hpp>
#include <hetmem/region.hpp>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace vm {

/// --headroom=MIB, --overflow=NAME.
hetmem::placement placement_of(std::string_view text, const arguments& asked);
/// --pages=base|transparent|2m|1g, --threads=N, --reserve=MIB, --contiguous, --dirty,
/// --keep-on-fork,
/// --locked.
hetmem::region_options options_of(const arguments& asked);
hetmem::page_size pages_of(const arguments& asked);
/// The region that is asked for with the pattern of `seed` in it, nothing if that fails; `said` has
/// how it went, and its state as "first".
std::optional<hetmem::region> filled_region(nlohmann::json& said, const arguments& asked,
                                            std::uint64_t seed);
/// The n-th word as MiB.
hetmem::byte_size size_of(const arguments& asked, std::size_t n);

} // namespace vm
