// heap/cache.hpp: what one thread holds of one heap: pages to allocate small objects from.
//
// Used by its thread, which needs no lock for the current pages. The others are in lists that a
// lock guards: a thread that trims takes out of them what has become empty unnoticed. It touches
// only pages whose objects were all freed by other threads, so the owner, which has nothing left to
// free there, touches them under the lock only, too. For each size class there is a current page,
// pages that have free blocks (partial), and pages that had none when they were last looked at
// (full): other threads free into those unnoticed, so a few of them, the oldest, are looked at
// before a new page is asked for. Thus every page is looked at again before a heap has grown by an
// eighth.
#pragma once

#include "heap/lock.hpp"
#include "heap/page.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace hetmem::heap {

struct body;

/// The current page where there is none: it has no blocks and is never written. Not const, since
/// a current page that there is gets written.
// NOLINTNEXTLINE(*-avoid-non-const-global-variables, bugprone-dynamic-static-initializers)
extern constinit page no_page;

struct bin {
    page* current = &no_page;
    page_list partial;
    page_list full;
};

struct cache {
    /// Objects up to this size find their page by (bytes + 15) / 16.
    static constexpr std::size_t direct_bytes = 1024;

    std::array<page*, direct_bytes / smallest_bytes + 1> direct{};
    std::array<bin, class_count> bins{};
    body* heap = nullptr;
    std::uintptr_t thread = 0;
    /// Empty pages of one slice, whatever they were for.
    page_list spares;
    unsigned spare_count = 0;
    unsigned trims_seen = 0;
    /// Whether flush() may find something: empty pages were kept since the last one.
    bool keeps_empty = false;
    /// Of the lists. Taken after the heap's lock and before that of its space; by other threads
    /// than the cache's only while they hold the heap's.
    light_lock lock;
    cache* next = nullptr; ///< of the heap
    cache* prev = nullptr;

    /// As a new one of this heap and thread.
    void prepare(body& of, std::uintptr_t owner) noexcept;

    /// The bin's page is out of blocks: finds it some, or another page. nullptr: there is no
    /// memory.
    page* refill(unsigned size_class) noexcept;
    /// A free in a page of this cache, the last thing being to count it, reaches the page's alarm.
    void count_freed(page& p, std::uint64_t freed) noexcept;
    /// Gives all empty pages back to the heap.
    void flush() noexcept;
    /// By another thread, with the heap's lock held: gives back pages that became empty unnoticed.
    void flush_unnoticed() noexcept;
    /// Collects what other threads have freed. With the heap's lock held.
    void collect() noexcept;
    /// All pages back to the heap, those with objects as abandoned ones. With the heap's lock held.
    void abandon() noexcept;

private:
    void make_current(unsigned size_class, page* p) noexcept;
    // With the lock held.
    page* reusable(bin& of, bool look_at_all) noexcept;
    void give_empty(page_list& list) noexcept;
    void retire(page& p) noexcept;
    void flush(bin& of, unsigned size_class) noexcept;

    page* fresh(unsigned size_class) noexcept;
};

} // namespace hetmem::heap
