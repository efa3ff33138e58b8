#include "memory/address_space.hpp"

#include <bit>
#include <limits>

#include <sys/mman.h>

namespace hetmem::detail {

byte_range reserve_space(std::size_t length, std::size_t alignment) {
    constexpr std::size_t most = std::numeric_limits<std::size_t>::max() / 4;
    if (length > most || alignment > most) {
        return {};
    }
    const std::size_t with_guard = length + base_page;
    const std::size_t slack = alignment > base_page ? alignment : 0;
    void* const found =
        ::mmap(nullptr, with_guard + slack, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (found == MAP_FAILED) {
        return {};
    }
    auto* const start = static_cast<std::byte*>(found);
    const auto number = std::bit_cast<std::uintptr_t>(start);
    const std::size_t before = slack == 0 ? 0 : round_up(number, alignment) - number;
    if (before != 0) {
        ::munmap(start, before);
    }
    if (before != slack) {
        ::munmap(start + before + with_guard, slack - before);
    }
    return {start + before, length};
}

void empty_space(byte_range part) noexcept {
    if (part.length == 0) {
        return;
    }
    void* const got =
        ::mmap(part.start, part.length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (got == MAP_FAILED) {
        // At the limit of mappings (vm.max_map_count): the memory goes all the same.
        ::madvise(part.start, part.length, MADV_DONTNEED);
    }
}

void release_space(byte_range whole) noexcept {
    if (whole.start != nullptr) {
        ::munmap(whole.start, whole.length + base_page);
    }
}

} // namespace hetmem::detail
