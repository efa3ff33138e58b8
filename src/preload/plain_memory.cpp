#include "preload/plain_memory.hpp"

#include "heap/map_aligned.hpp"
#include "preload/files.hpp"

#include <sys/mman.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>

namespace hetmem::preload {
namespace {

constexpr int nothing = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

/// At overcommit_memory=2 what may be written counts as used until it is mapped anew: giving pages
/// back is not enough.
bool commit_is_limited() noexcept {
    constinit static std::atomic<int> known = -1;
    int limited = known.load(std::memory_order_relaxed);
    if (limited < 0) {
        input file("/proc/sys/vm/overcommit_memory");
        token word;
        limited = file.next(word) && word.text() == "2" ? 1 : 0;
        known.store(limited, std::memory_order_relaxed);
    }
    return limited == 1;
}

} // namespace

void* reserve_space(std::size_t length, std::size_t alignment) noexcept {
    const errno_keeper keeper;
    return length + alignment < length
               ? nullptr
               : heap::map_aligned(length, alignment, PROT_NONE, MAP_NORESERVE);
}

void release_space(void* start, std::size_t length) noexcept {
    const errno_keeper keeper;
    if (::munmap(start, length) != 0) { // no mappings left to cut one in two
        ::madvise(start, length, MADV_DONTNEED);
    }
}

bool make_usable(void* start, std::size_t length) noexcept {
    const errno_keeper keeper;
    return ::mprotect(start, length, PROT_READ | PROT_WRITE) == 0;
}

bool clear_space(void* start, std::size_t length) noexcept {
    const errno_keeper keeper;
    return ::mmap(start, length, PROT_NONE, nothing | MAP_FIXED, -1, 0) != MAP_FAILED;
}

void drop_pages(void* start, std::size_t length) noexcept {
    const errno_keeper keeper;
    if (commit_is_limited() && clear_space(start, length)) {
        return;
    }
    // Locked memory (mlockall) is not given back by advice; nor is anything when mappings run out.
    if (::madvise(start, length, MADV_DONTNEED) != 0 && !clear_space(start, length)) {
        std::memset(start, 0, length);
    }
}

void* plain_memory::reserve(std::size_t length, std::size_t alignment) noexcept {
    return reserve_space(length, alignment);
}
bool plain_memory::commit(void* start, std::size_t length, bool& zeroed) noexcept {
    zeroed = true;
    return make_usable(start, length);
}
void plain_memory::decommit(void* start, std::size_t length) noexcept {
    drop_pages(start, length);
}
void plain_memory::release(void* start, std::size_t length) noexcept {
    release_space(start, length);
}

} // namespace hetmem::preload
