#include "topology/utc_time.hpp"

#include <ctime>

#include <fmt/chrono.h>

namespace hetmem::detail {

std::string utc_now() {
    return fmt::format("{:%FT%TZ}", fmt::gmtime(std::time(nullptr)));
}

} // namespace hetmem::detail
