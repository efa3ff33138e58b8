#include "heap/records.hpp"

#include <sys/mman.h>

namespace hetmem::heap {

void* map_zeroed(std::size_t bytes) noexcept {
    void* const start = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return start == MAP_FAILED ? nullptr : start;
}

void unmap(void* start, std::size_t bytes) noexcept {
    ::munmap(start, bytes);
}

} // namespace hetmem::heap
