// notices.hpp: words that one source writes and join_published() looks for.
#pragma once

#include <string_view>

namespace hetmem::detail {

/// notice::why of what this user may not read.
inline constexpr std::string_view for_root_only = "readable by root only";
/// notice::what of a machine of which no figure is known at all.
inline constexpr std::string_view all_figures = "latency and bandwidth of all memories";

} // namespace hetmem::detail
