#include "memory/address_space.hpp"

#include "heap/map_aligned.hpp"

#include <limits>

#include <sys/mman.h>

namespace hetmem::detail {

byte_range reserve_space(std::size_t length, std::size_t alignment) {
    constexpr std::size_t most = std::numeric_limits<std::size_t>::max() / 4;
    if (length > most || alignment > most) {
        return {};
    }
    void* const start = heap::map_aligned(length + base_page, alignment, PROT_NONE);
    if (start == nullptr) {
        return {};
    }
    return {static_cast<std::byte*>(start), length};
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
