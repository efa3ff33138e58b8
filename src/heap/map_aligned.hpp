// heap/map_aligned.hpp: anonymous mappings at multiples of more than a page. Needs libc only.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>

namespace hetmem::heap {

/// mmap(2) of private anonymous memory at a multiple of `alignment` (a power of two); what had to
/// be mapped around it is unmapped again. nullptr when it fails, with errno set. `length` is whole
/// pages.
inline void* map_aligned(std::size_t length, std::size_t alignment, int protection,
                         int more_flags = 0) noexcept {
    constexpr std::size_t page = 4096; // mmap aligns to it by itself
    const std::size_t slack = alignment > page ? alignment - page : 0;
    void* const mapped = ::mmap(nullptr, length + slack, protection,
                                MAP_PRIVATE | MAP_ANONYMOUS | more_flags, -1, 0);
    if (mapped == MAP_FAILED) {
        return nullptr;
    }
    char* const first = static_cast<char*>(mapped);
    const std::size_t before =
        slack == 0 ? 0 : -reinterpret_cast<std::uintptr_t>(first) & (alignment - 1);
    if (before != 0) {
        ::munmap(first, before);
    }
    if (before != slack) {
        ::munmap(first + before + length, slack - before);
    }
    return first + before;
}

} // namespace hetmem::heap
