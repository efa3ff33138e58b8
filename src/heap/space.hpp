// heap/space.hpp: the address space and memory of one heap, in slices.
//
// Slices that are free keep their memory until trim() or until much of it is idle. Memory comes in
// granules. No lock is held while the backing works: the slices are marked first, so that others go
// on with the rest. Requests smaller than a granule wait for the granule that is on its way instead
// of asking for another.
#pragma once

#include "heap/arena.hpp"
#include "heap/heap.hpp"
#include "heap/lock.hpp"
#include "heap/page_map.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace hetmem::heap {

struct slice_run {
    arena* from = nullptr; ///< nullptr: there is no memory
    std::byte* start = nullptr;
    bool zeroed = false;
};

class space {
public:
    explicit space(backing& memory) noexcept;

    slice_run take(std::size_t slices, std::size_t alignment) noexcept;
    /// Makes a run longer where it is, if what follows is free and there is memory for it.
    bool extend(page& run, std::size_t to) noexcept;
    /// The slices from `keep` on are free again.
    void shrink(page& run, std::size_t keep) noexcept;
    /// Takes the page or run out of the page map, and its slices back; what it had allocated is
    /// added to `past`, so that whoever counts under the lock misses nothing.
    void give(page& of, std::atomic<std::uint64_t>& past) noexcept;

    /// Gives memory of free slices back until no more than `keep` bytes of it are left, and with
    /// it what was reserved for one object alone; with 0 all address space that is not used. Bytes
    /// given back.
    std::size_t release_idle(std::size_t keep) noexcept;
    /// The same when much lies idle.
    void release_excess() noexcept;
    /// Everything, when nobody uses it any more.
    void release_all() noexcept;
    /// The same where the memory is not there, in a forked child: the backing is not called.
    void forget_all() noexcept;
    bool enter_child() noexcept { return memory_.enter_child(); }

    /// With the lock held: every page and run, `action(page&)`.
    template <class Action> void for_each_page(Action&& action) noexcept {
        for (arena* a = arenas_; a != nullptr; a = a->next) {
            const auto busy = [a](std::size_t i) { return a->busy.word(i); };
            for (std::size_t i = find_one(busy, 0, a->slices); i < a->slices;
                 i = find_one(busy, i, a->slices)) {
                // Slices that are being made a page are not in the map yet.
                page* const p = page_of(a->address_of(i));
                i += p == nullptr ? 1 : p->slices;
                if (p != nullptr) {
                    action(*p);
                }
            }
        }
    }

    mutex& lock() noexcept { return lock_; }
    /// In a forked child, with the lock held.
    void forget_other_threads() noexcept;
    std::uint64_t held() const noexcept { return held_.load(std::memory_order_relaxed); }
    /// Slices of pages and runs.
    std::size_t busy() const noexcept { return busy_.load(std::memory_order_relaxed); }
    /// With the lock held.
    std::uint64_t held_peak() const noexcept { return held_peak_; }

private:
    struct place {
        arena* from = nullptr;
        std::size_t first = 0;
    };

    // All of these with the lock held; those that call the backing let go of it meanwhile.
    place find(std::size_t slices, std::size_t alignment, bool with_memory) noexcept;
    bool add_arena(std::size_t slices, std::size_t alignment) noexcept;
    bool claim(const place& at, std::size_t count, std::size_t ahead) noexcept;
    void mark_busy(arena& from, std::size_t first, std::size_t count) noexcept;
    void unclaim(arena& from, std::size_t first, std::size_t count) noexcept;
    bool commit(arena& from, std::size_t first, std::size_t count) noexcept;
    void has_memory(arena& now, std::size_t first, std::size_t count, bool zeroed) noexcept;
    std::size_t ahead_of(const place& at, std::size_t count) const noexcept;
    bool is_idle(const arena& from, std::size_t granule_start) const noexcept;
    std::size_t decommit_idle(arena& from, std::size_t keep) noexcept;
    std::size_t release(std::size_t keep) noexcept;
    static slice_run take_zeroed_mark(const place& at, std::size_t count) noexcept;

    mutex lock_;
    condition grown_;
    bool growing_ = false; ///< somebody is in the backing for a request smaller than a granule
    backing& memory_;
    std::size_t granule_slices_;
    arena* arenas_ = nullptr; ///< in the order of their making: the oldest is filled first
    std::size_t reserved_slices_ = 0;
    std::atomic<std::uint64_t> held_ = 0; ///< written with the lock held
    std::uint64_t held_peak_ = 0;
    std::atomic<std::size_t> busy_ = 0; ///< written with the lock held
    std::size_t idle_slices_ = 0;       ///< free, with memory
};

} // namespace hetmem::heap
