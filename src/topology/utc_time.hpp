// utc_time.hpp: the time as it stands in what is kept.
#pragma once

#include <string>

namespace hetmem::detail {

/// Now, "2026-11-23T08:00:00Z".
std::string utc_now();

} // namespace hetmem::detail
