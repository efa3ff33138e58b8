// heap/arena.hpp: one reservation of address space, and what each of its slices is.
//
// Guarded by the lock of the space that it belongs to.
#pragma once

#include "heap/bitmap.hpp"
#include "heap/heap.hpp"

#include <cstddef>
#include <cstdint>

namespace hetmem::heap {

struct arena {
    arena* next = nullptr;
    std::byte* start = nullptr;
    std::size_t slices = 0;
    std::size_t record_bytes = 0;
    /// Threads that are in the backing with a part of it: it must stay.
    unsigned pins = 0;
    /// Nothing free lies before; nothing longer than that is free. Upper bounds, to search less.
    std::size_t first_free = 0;
    std::size_t longest_committed = 0;
    std::size_t longest_free = 0;

    bitmap busy;      ///< of a page or run
    bitmap committed; ///< has memory (all slices of a granule together)
    bitmap pending;   ///< on its way from or to the backing
    bitmap zeroed;    ///< reads as zero

    /// Its record, from the kernel; nullptr without memory.
    static arena* make(std::byte* start, std::size_t slices) noexcept;
    static void destroy(arena* unused) noexcept;

    static constexpr std::size_t none = ~std::size_t{0};
    /// The first `count` slices together at a multiple of `alignment` bytes that are free: with
    /// memory, or with and without. None if there are none.
    std::size_t find(std::size_t count, std::size_t alignment, bool with_memory) noexcept;
    void taken(std::size_t first, std::size_t count) noexcept;
    void given(std::size_t first, std::size_t count) noexcept;
    bool is_empty() const noexcept {
        return pins == 0 && busy.count(0, slices) == 0 && pending.count(0, slices) == 0;
    }

    std::size_t index_of(const std::byte* address) const noexcept {
        return static_cast<std::size_t>(address - start) / slice_bytes;
    }
    std::byte* address_of(std::size_t index) const noexcept { return start + index * slice_bytes; }
};

} // namespace hetmem::heap
