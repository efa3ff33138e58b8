#include "memory/words.hpp"

#include <fmt/format.h>

namespace hetmem::detail {

std::string in_words(std::uint64_t bytes) {
    constexpr std::uint64_t kib = 1ULL << 10;
    constexpr std::uint64_t mib = 1ULL << 20;
    constexpr std::uint64_t gib = 1ULL << 30;
    if (bytes == 0) {
        return "nothing";
    }
    if (bytes < kib) {
        return fmt::format("{} bytes", bytes);
    }
    if (bytes < mib) {
        return fmt::format("{} KiB", bytes / kib);
    }
    if (bytes < 4 * gib) {
        return fmt::format("{} MiB", bytes / mib);
    }
    return fmt::format("{:.1f} GiB", static_cast<double>(bytes) / static_cast<double>(gib));
}

} // namespace hetmem::detail
