// The functions that a program finds instead of the C library's. They do what malloc(3),
// posix_memalign(3), malloc_usable_size(3) and malloc_trim(3) say; a pointer that some other malloc
// handed out is left alone.
#include "heap/heap.hpp"
#include "preload/heaps.hpp"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <limits>

#define HETMEM_MALLOC_EXPORT extern "C" __attribute__((visibility("default")))

namespace {

using hetmem::preload::heap_for;
using heap_type = hetmem::heap::heap;

constexpr std::size_t ordinary_alignment = alignof(std::max_align_t);
constexpr std::size_t largest = std::numeric_limits<std::ptrdiff_t>::max();

void* out_of_memory() noexcept {
    errno = ENOMEM;
    return nullptr;
}

void* allocate(std::size_t bytes, std::size_t alignment) noexcept {
    if (bytes > largest || alignment > hetmem::heap::largest_alignment) [[unlikely]] {
        return out_of_memory();
    }
    void* const object = heap_for(bytes).allocate(bytes, std::max(alignment, ordinary_alignment));
    return object != nullptr ? object : out_of_memory();
}

std::size_t page() noexcept {
    return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

void* reallocate(void* object, std::size_t bytes) noexcept {
    if (object == nullptr) {
        return allocate(bytes, ordinary_alignment);
    }
    if (bytes == 0) {
        heap_type::free(object);
        return nullptr;
    }
    // A block that became large (or small) changes its heap: only its own heap leaves it in place.
    // Nothing comes of what is not ours, since nobody knows how much there is to copy.
    void* const moved =
        bytes <= largest ? heap_for(bytes).reallocate(object, bytes, ordinary_alignment) : nullptr;
    return moved != nullptr ? moved : out_of_memory();
}

} // namespace

HETMEM_MALLOC_EXPORT void* malloc(std::size_t size) noexcept {
    return allocate(size, ordinary_alignment);
}

HETMEM_MALLOC_EXPORT void free(void* ptr) noexcept {
    heap_type::free(ptr);
}

HETMEM_MALLOC_EXPORT void* calloc(std::size_t nmemb, std::size_t size) noexcept {
    std::size_t all = 0;
    if (__builtin_mul_overflow(nmemb, size, &all) || all > largest) {
        return out_of_memory();
    }
    void* const object = heap_for(all).allocate_zeroed(all, ordinary_alignment);
    return object != nullptr ? object : out_of_memory();
}

HETMEM_MALLOC_EXPORT void* realloc(void* ptr, std::size_t size) noexcept {
    return reallocate(ptr, size);
}

HETMEM_MALLOC_EXPORT void* reallocarray(void* ptr, std::size_t nmemb, std::size_t size) noexcept {
    std::size_t all = 0;
    return __builtin_mul_overflow(nmemb, size, &all) ? out_of_memory() : reallocate(ptr, all);
}

HETMEM_MALLOC_EXPORT void* memalign(std::size_t alignment, std::size_t size) noexcept {
    // The C library's rounds up too.
    return alignment > hetmem::heap::largest_alignment ? out_of_memory()
                                                       : allocate(size, std::bit_ceil(alignment));
}

HETMEM_MALLOC_EXPORT void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
    if (!std::has_single_bit(alignment)) {
        errno = EINVAL;
        return nullptr;
    }
    return allocate(size, alignment);
}

HETMEM_MALLOC_EXPORT int posix_memalign(void** memptr, std::size_t alignment,
                                        std::size_t size) noexcept {
    if (!std::has_single_bit(alignment) || alignment % sizeof(void*) != 0) {
        return EINVAL;
    }
    const int before = errno;
    void* const made = allocate(size, alignment);
    errno = before; // it tells by its result alone
    if (made == nullptr) {
        return ENOMEM;
    }
    *memptr = made;
    return 0;
}

HETMEM_MALLOC_EXPORT void* valloc(std::size_t size) noexcept {
    return allocate(size, page());
}

HETMEM_MALLOC_EXPORT void* pvalloc(std::size_t size) noexcept {
    const std::size_t unit = page();
    return size > largest ? out_of_memory() : allocate((size + unit - 1) / unit * unit, unit);
}

HETMEM_MALLOC_EXPORT std::size_t malloc_usable_size(void* ptr) noexcept {
    return heap_type::usable_size(ptr);
}

HETMEM_MALLOC_EXPORT int malloc_trim(std::size_t) noexcept {
    return hetmem::preload::trim_all() != 0 ? 1 : 0;
}

// Nothing of it applies here; programs that tune the C library's malloc do not look at the result.
HETMEM_MALLOC_EXPORT int mallopt(int, int) noexcept {
    return 1;
}

HETMEM_MALLOC_EXPORT struct mallinfo2 mallinfo2() noexcept {
    const hetmem::heap::heap_counts counts = hetmem::preload::count_all();
    struct mallinfo2 info {};
    info.arena = counts.held;
    info.uordblks = counts.in_use;
    info.fordblks = counts.held - std::min(counts.held, counts.in_use);
    return info;
}

/// What a call of a pure virtual function would run into. There are none; the C++ library that has
/// it is not here.
// NOLINTNEXTLINE(bugprone-reserved-identifier, readability-identifier-naming): the ABI's name
extern "C" [[noreturn]] __attribute__((visibility("hidden"))) void __cxa_pure_virtual() noexcept {
    __builtin_trap();
}
