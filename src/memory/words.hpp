// memory/words.hpp: how the texts of errors put things.
#pragma once

#include <cstdint>
#include <string>

namespace hetmem::detail {

/// "431 MiB", "1.5 GiB", "64 KiB", "nothing": as exact as is useful to who must free that much.
std::string in_words(std::uint64_t bytes);

} // namespace hetmem::detail
