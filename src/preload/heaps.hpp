// preload/heaps.hpp: which heap a block comes from.
//
// There is an ordinary heap, and a placed one when the environment asks for it (settings.hpp). The
// ordinary one has what is allocated before the environment can be read, and with
// HETMEM_MALLOC_LARGE all blocks that are not large; otherwise everything is placed.
//
// Nothing here has a constructor: malloc is called before any has run.
#pragma once

#include "heap/heap.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace hetmem::preload {

namespace detail {
// NOLINTBEGIN(*-avoid-non-const-global-variables, bugprone-dynamic-static-initializers)
extern std::atomic<heap::heap*> small_heap; ///< a null pointer until the environment was read
extern std::atomic<heap::heap*> large_heap;
extern std::atomic<std::size_t> large_from;
// NOLINTEND(*-avoid-non-const-global-variables, bugprone-dynamic-static-initializers)
heap::heap& first_heap(std::size_t bytes) noexcept;
} // namespace detail

/// The heap for a block of this size.
inline heap::heap& heap_for(std::size_t bytes) noexcept {
    heap::heap* const small = detail::small_heap.load(std::memory_order_acquire);
    if (small == nullptr) [[unlikely]] {
        return detail::first_heap(bytes);
    }
    return bytes < detail::large_from.load(std::memory_order_relaxed)
               ? *small
               : *detail::large_heap.load(std::memory_order_relaxed);
}

std::size_t trim_all() noexcept;
heap::heap_counts count_all() noexcept;

} // namespace hetmem::preload
