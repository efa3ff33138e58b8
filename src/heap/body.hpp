// heap/body.hpp: what all threads share of one heap.
#pragma once

#include "heap/cache.hpp"
#include "heap/lock.hpp"
#include "heap/records.hpp"
#include "heap/space.hpp"

#include <array>
#include <atomic>
#include <cstdint>

namespace hetmem::heap {

struct body {
    /// Never the same for two heaps: caches of destroyed ones are told by it. First, for it is read
    /// at each allocation.
    std::uint64_t id = 0;
    std::uint32_t index = 0; ///< in the registry
    /// Counts calls of trim(): other threads' caches follow when they next look.
    std::atomic<unsigned> trims = 0;
    void* owner = nullptr;
    space memory;

    // Taken after the registry's lock and before that of `memory`.
    mutex lock;
    cache* caches = nullptr;
    std::array<page_list, class_count> abandoned{};
    std::atomic<std::uint32_t> abandoned_count = 0;

    // What pages and runs that are gone have had, and large objects.
    std::atomic<std::uint64_t> past_allocations = 0;
    std::atomic<std::uint64_t> in_use_peak = 0;
    /// in_use is counted anew when so many slices are busy: the peak costs nothing in between.
    std::atomic<std::size_t> busy_at_next_count = 0;

    body(backing& from, void* of) noexcept : owner(of), memory(from) {}

    void add(cache& c) noexcept;
    void remove(cache& c) noexcept;

    /// A page for this class, abandoned or new; nullptr without memory.
    page* take_page(unsigned size_class, cache& home) noexcept;
    /// An empty page of the calling thread is to hold other objects.
    void change_class(page& p, unsigned size_class) noexcept;
    /// An empty page, or a run.
    void give_page(page& p) noexcept;
    /// With the lock held: a page whose thread is gone.
    void abandon(page& p) noexcept;
    /// Gives it back if it is abandoned and empty.
    void look_at_abandoned(page& p) noexcept;
    /// Gives back empty pages that are abandoned, or in caches of other threads.
    void flush_others() noexcept;
    /// With the lock held.
    void collect_abandoned() noexcept;
    /// In a forked child, with all locks held.
    void forget_other_threads(std::uintptr_t survivor) noexcept;
    /// Likewise, where the memory is not there: as a heap that never had anything.
    void forget_everything() noexcept;

    /// With the locks of `memory` and of the records held: no address leads here any more.
    void forget_pages() noexcept;

    void* allocate_run(std::size_t bytes, std::size_t alignment, bool& zeroed) noexcept;
    void free_run(page& run) noexcept;

    heap_counts count() noexcept;

private:
    /// The record of slices that are nobody's yet; nullptr without memory.
    page* take_slices(std::size_t slices, std::size_t alignment) noexcept;
    void grown() noexcept;
    page* adopt(unsigned size_class, cache& home) noexcept;
};

// Shared by all heaps, and constant-initialized: malloc needs them before any constructor runs.
// NOLINTBEGIN(*-avoid-non-const-global-variables, bugprone-dynamic-static-initializers)
extern constinit record_pool<page> page_records;
extern constinit record_pool<cache> cache_records;
// NOLINTEND(*-avoid-non-const-global-variables, bugprone-dynamic-static-initializers)

} // namespace hetmem::heap
