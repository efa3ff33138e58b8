// heap/page_map.hpp: from an address to the page it is in, without locks.
//
// Two levels: 4 GiB of address space each, then slices. Leaves are made when address space is
// reserved and stay for ever; untouched parts of them take no memory.
#pragma once

#include "heap/page.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace hetmem::heap {

/// Addresses that user space can have with four levels of page tables, and one bit more.
inline constexpr unsigned address_bits = 48;

struct page_map_leaf {
    std::atomic<page*> pages[65536];
};
// One for all heaps, and constant-initialized: malloc needs it before any constructor runs.
// NOLINTNEXTLINE(*-avoid-non-const-global-variables, bugprone-dynamic-static-initializers)
extern constinit std::atomic<page_map_leaf*> page_map_root[std::size_t{1} << (address_bits - 32)];

/// nullptr for memory that is of no heap.
inline page* page_of(const void* object) noexcept {
    const auto address = reinterpret_cast<std::uintptr_t>(object);
    if (address >> address_bits != 0) {
        return nullptr;
    }
    const page_map_leaf* const leaf = page_map_root[address >> 32].load(std::memory_order_acquire);
    if (leaf == nullptr) {
        return nullptr;
    }
    return leaf->pages[(address / slice_bytes) % 65536].load(std::memory_order_acquire);
}

/// Before anything is mapped in that range; false when there is no memory, or the address too
/// large.
bool page_map_cover(const std::byte* start, std::size_t bytes) noexcept;
/// Runs are found by their first slice only: that is where the object begins.
void page_map_set(const page& of, page* to) noexcept;

} // namespace hetmem::heap
