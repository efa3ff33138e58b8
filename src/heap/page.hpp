// heap/page.hpp: what is known of a page (blocks of one size) or a run (one large object).
//
// The record of a page lies apart from the page. A page belongs to one thread's cache, and that
// thread allocates and frees in it without locks or atomic read-modify-write; other threads push
// what they free onto `remote`, which the owner empties when it runs out of blocks (the free-list
// sharding of Leijen, Zorn, de Moura: Mimalloc, 2019). When its thread ends, a page is abandoned to
// its heap: owner 0, and guarded by the heap's lock.
//
// Nothing is counted twice: allocated and freed only grow, and the difference is what is in use.
// What is to happen when a page becomes empty, or ceases to be full, is said by one number,
// `alarm`: the value of `freed` at which the owner must look at the page.
#pragma once

#include "heap/size_class.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace hetmem::heap {

struct arena;
struct body;
struct cache;

/// A free block: its first word links it.
struct block {
    block* next;
};

/// Where a page is in its cache.
enum class page_place : std::uint8_t { nowhere, current, partial, full, spare, abandoned };

inline constexpr std::uint8_t run_class = 255;
/// Owner of runs: neither a thread nor 0.
inline constexpr std::uintptr_t no_thread = 1;

struct alignas(64) page {
    // What a thread that frees looks at; it changes little, so that other threads can read it
    // beside the owner's work.
    std::atomic<std::uintptr_t> owner = 0; ///< a thread, 0 (abandoned), or no_thread
    std::byte* start = nullptr;
    std::uint64_t inverse = 0;                   ///< as in class_facts
    std::atomic<std::uint32_t> carved_bytes = 0; ///< beyond it no block was made yet
    std::uint32_t block_bytes = 0;
    std::atomic<body*> heap = nullptr; ///< nullptr while the record is unused
    arena* from = nullptr;
    std::size_t slices = 0;
    std::uint8_t size_class = 0; ///< or run_class
    bool zeroed = false;         ///< read as zero when the page was made

    // The owner's.
    alignas(64) block* free = nullptr;
    std::atomic<std::uint64_t> allocated = 0; ///< blocks handed out, ever
    std::atomic<std::uint64_t> freed = 0;     ///< blocks come back, ever, but for those in remote
    std::uint64_t alarm = 0;
    page* next = nullptr;
    page* prev = nullptr;
    cache* home = nullptr;
    std::uint32_t carve_limit = 0; ///< carved_bytes of a page that is used up
    page_place place = page_place::nowhere;

    // Everybody's.
    /// Blocks freed by other threads, linked: the first one's offset from start + 1 in the upper
    /// half, how many in the lower; 0 for none.
    alignas(64) std::atomic<std::uint64_t> remote = 0;

    bool is_block(std::size_t offset) const noexcept {
        return offset < carved_bytes.load(std::memory_order_relaxed) && offset * inverse < inverse;
    }
    std::size_t offset_of(const void* object) const noexcept {
        return static_cast<std::size_t>(static_cast<const std::byte*>(object) - start);
    }
    std::size_t bytes() const noexcept { return slices * slice_bytes; }

    /// One writer only: no atomic read-modify-write.
    static void add(std::atomic<std::uint64_t>& counter, std::uint64_t count) noexcept {
        counter.store(counter.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
    }
    /// Blocks in use as the owner sees it: those in remote are among them.
    std::uint64_t used() const noexcept {
        // Who sees all freed sees what the owner did to free the last one.
        return allocated.load(std::memory_order_relaxed) - freed.load(std::memory_order_acquire);
    }
    std::uint64_t remote_count() const noexcept {
        return remote.load(std::memory_order_acquire) & 0xffffffff;
    }
    bool has_blocks() const noexcept {
        return free != nullptr || carved_bytes.load(std::memory_order_relaxed) < carve_limit ||
               remote.load(std::memory_order_relaxed) != 0;
    }
    /// At least an eighth of the page.
    bool has_many_remote() const noexcept {
        return remote_count() * block_bytes >= carve_limit / 8;
    }
    void never_alarm() noexcept { alarm = freed.load(std::memory_order_relaxed) - 1; }
    void alarm_at_next_free() noexcept { alarm = freed.load(std::memory_order_relaxed) + 1; }
    void alarm_when_empty() noexcept { alarm = allocated.load(std::memory_order_relaxed); }

    /// Everything but start, slices, from and zeroed, for blocks of this class.
    void prepare_blocks(unsigned of_class) noexcept;
    /// Makes some more blocks of what is not carved yet; false when there is nothing left.
    bool carve() noexcept;
    /// Takes over what other threads have freed; whether that was anything.
    bool collect() noexcept;
    /// By a thread that does not own the page.
    void push_remote(block* freed_block, std::size_t offset) noexcept;
};

/// Pages linked by next and prev.
class page_list {
public:
    page* first() const noexcept { return first_; }
    void push_front(page* p) noexcept {
        p->prev = nullptr;
        p->next = first_;
        (first_ == nullptr ? last_ : first_->prev) = p;
        first_ = p;
    }
    void push_back(page* p) noexcept {
        p->next = nullptr;
        p->prev = last_;
        (last_ == nullptr ? first_ : last_->next) = p;
        last_ = p;
    }
    void remove(page* p) noexcept {
        (p->prev == nullptr ? first_ : p->prev->next) = p->next;
        (p->next == nullptr ? last_ : p->next->prev) = p->prev;
    }
    page* pop_front() noexcept {
        page* const p = first_;
        if (p != nullptr) {
            remove(p);
        }
        return p;
    }

private:
    page* first_ = nullptr;
    page* last_ = nullptr;
};

} // namespace hetmem::heap
