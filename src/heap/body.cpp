#include "heap/body.hpp"

namespace hetmem::heap {

// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): see body.hpp
constinit record_pool<page> page_records;
constinit record_pool<cache> cache_records;
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

namespace {

/// So many abandoned pages are looked at before a new one is made.
constexpr unsigned looks = 8;

} // namespace

void body::add(cache& c) noexcept {
    const lock_guard held(lock);
    c.prev = nullptr;
    c.next = caches;
    if (caches != nullptr) {
        caches->prev = &c;
    }
    caches = &c;
}

void body::remove(cache& c) noexcept {
    (c.prev == nullptr ? caches : c.prev->next) = c.next;
    if (c.next != nullptr) {
        c.next->prev = c.prev;
    }
}

page* body::take_slices(std::size_t slices, std::size_t alignment) noexcept {
    page* const p = page_records.take();
    if (p == nullptr) {
        return nullptr;
    }
    const slice_run got = memory.take(slices, alignment);
    if (got.from == nullptr) {
        page_records.give(p);
        return nullptr;
    }
    p->start = got.start;
    p->slices = slices;
    p->from = got.from;
    p->zeroed = got.zeroed;
    return p;
}

page* body::take_page(unsigned size_class, cache& home) noexcept {
    if (abandoned_count.load(std::memory_order_relaxed) != 0) {
        if (page* const p = adopt(size_class, home)) {
            return p;
        }
    }
    page* const p = take_slices(classes[size_class].slices, slice_bytes);
    if (p == nullptr) {
        return nullptr;
    }
    p->home = &home;
    p->prepare_blocks(size_class);
    // In this order: whoever sees this heap in it sees that it is not abandoned.
    p->owner.store(home.thread, std::memory_order_relaxed);
    p->heap.store(this, std::memory_order_release);
    page_map_set(*p, p);
    grown();
    return p;
}

page* body::adopt(unsigned size_class, cache& home) noexcept {
    const lock_guard held(lock);
    page_list& list = abandoned[size_class];
    for (unsigned n = 0; n < looks; ++n) {
        page* const p = list.pop_front();
        if (p == nullptr) {
            return nullptr;
        }
        if (p->has_blocks()) {
            abandoned_count.fetch_sub(1, std::memory_order_relaxed);
            p->home = &home;
            p->place = page_place::nowhere;
            p->owner.store(home.thread, std::memory_order_relaxed);
            return p;
        }
        list.push_back(p);
    }
    return nullptr;
}

void body::change_class(page& p, unsigned size_class) noexcept {
    // Whoever counts the pages holds this lock.
    const lock_guard held(memory.lock());
    past_allocations.fetch_add(p.allocated.load(std::memory_order_relaxed),
                               std::memory_order_relaxed);
    p.prepare_blocks(size_class);
    p.zeroed = false;
}

void body::give_page(page& p) noexcept {
    memory.give(p, past_allocations);
    p.heap.store(nullptr, std::memory_order_relaxed);
    page_records.give(&p);
}

void body::abandon(page& p) noexcept {
    p.place = page_place::abandoned;
    p.home = nullptr;
    // A thread that frees the last object either sees that the page is abandoned or is seen here.
    p.owner.store(0, std::memory_order_seq_cst);
    p.collect();
    if (p.used() == 0) {
        give_page(p);
        return;
    }
    abandoned[p.size_class].push_back(&p);
    abandoned_count.fetch_add(1, std::memory_order_relaxed);
}

void body::look_at_abandoned(page& p) noexcept {
    const lock_guard held(lock);
    // It may have become somebody's since, or something else altogether.
    if (p.heap.load(std::memory_order_acquire) != this ||
        p.owner.load(std::memory_order_relaxed) != 0) {
        return;
    }
    p.collect();
    if (p.used() == 0) {
        abandoned[p.size_class].remove(&p);
        abandoned_count.fetch_sub(1, std::memory_order_relaxed);
        give_page(p);
    }
}

void body::flush_others() noexcept {
    const lock_guard held(lock);
    for (cache* c = caches; c != nullptr; c = c->next) {
        c->flush_unnoticed();
    }
    for (page_list& list : abandoned) {
        for (page* p = list.first(); p != nullptr;) {
            page* const next = p->next;
            p->collect();
            if (p->used() == 0) {
                list.remove(p);
                abandoned_count.fetch_sub(1, std::memory_order_relaxed);
                give_page(*p);
            }
            p = next;
        }
    }
}

void body::collect_abandoned() noexcept {
    for (page_list& list : abandoned) {
        for (page* p = list.first(); p != nullptr; p = p->next) {
            p->collect();
        }
    }
}

void body::forget_other_threads(std::uintptr_t survivor) noexcept {
    memory.forget_other_threads();
    memory.for_each_page([&](page& p) {
        const std::uintptr_t of = p.owner.load(std::memory_order_relaxed);
        if (of == no_thread) {
            return;
        }
        // Freed by other threads while the process was copied: record and blocks may be of
        // different moments, so the blocks stay unused for ever.
        // (Not written needlessly: every record written is a page of memory copied.)
        if (p.remote_count() != 0) {
            p.remote.store(0, std::memory_order_relaxed);
        }
        if (of == survivor || of == 0) {
            return;
        }
        // Of a thread that was in the midst of using it: nothing is allocated from it any more, and
        // it is given back when its objects are freed.
        p.free = nullptr;
        p.carve_limit = p.carved_bytes.load(std::memory_order_relaxed);
        p.home = nullptr;
        p.owner.store(0, std::memory_order_relaxed);
        p.place = page_place::abandoned;
        abandoned[p.size_class].push_back(&p);
        abandoned_count.fetch_add(1, std::memory_order_relaxed);
    });
    for (cache* c = caches; c != nullptr;) {
        cache* const after = c->next;
        if (c->thread != survivor) {
            remove(*c);
            c->lock.forget_holder();
            cache_records.give_locked(c);
        }
        c = after;
    }
}

void body::forget_everything() noexcept {
    forget_pages();
    memory.forget_other_threads();
    memory.forget_all();
    abandoned.fill({});
    abandoned_count.store(0, std::memory_order_relaxed);
    while (cache* const c = caches) {
        remove(*c);
        c->lock.forget_holder();
        cache_records.give_locked(c);
    }
}

void body::forget_pages() noexcept {
    memory.for_each_page([this](page& p) {
        past_allocations.fetch_add(p.allocated.load(std::memory_order_relaxed),
                                   std::memory_order_relaxed);
        page_map_set(p, nullptr);
        p.heap.store(nullptr, std::memory_order_relaxed);
        page_records.give_locked(&p);
    });
}

void* body::allocate_run(std::size_t bytes, std::size_t alignment, bool& zeroed) noexcept {
    page* const p = take_slices((bytes + slice_bytes - 1) / slice_bytes, alignment);
    if (p == nullptr) {
        return nullptr;
    }
    p->size_class = run_class;
    p->allocated.store(1, std::memory_order_relaxed);
    p->freed.store(0, std::memory_order_relaxed);
    p->remote.store(0, std::memory_order_relaxed);
    p->owner.store(no_thread, std::memory_order_relaxed);
    p->heap.store(this, std::memory_order_release);
    page_map_set(*p, p);
    zeroed = p->zeroed;
    grown();
    return p->start;
}

void body::free_run(page& run) noexcept {
    give_page(run);
    memory.release_excess();
}

heap_counts body::count() noexcept {
    heap_counts all;
    {
        const lock_guard held(memory.lock());
        all.allocations = past_allocations.load(std::memory_order_relaxed);
        memory.for_each_page([&](const page& p) {
            const std::uint64_t allocated = p.allocated.load(std::memory_order_relaxed);
            const std::uint64_t gone = p.freed.load(std::memory_order_relaxed) + p.remote_count();
            // The three were not read at one moment.
            const std::uint64_t live = allocated > gone ? allocated - gone : 0;
            all.allocations += allocated;
            all.live += live;
            all.in_use += p.size_class == run_class ? p.bytes() : live * p.block_bytes;
        });
        all.held = memory.held();
        all.held_peak = memory.held_peak();
    }
    std::uint64_t peak = in_use_peak.load(std::memory_order_relaxed);
    while (peak < all.in_use && !in_use_peak.compare_exchange_weak(peak, all.in_use)) {
    }
    all.in_use_peak = peak < all.in_use ? all.in_use : peak;
    return all;
}

void body::grown() noexcept {
    const std::size_t now = memory.busy();
    std::size_t next = busy_at_next_count.load(std::memory_order_relaxed);
    if (now > next && busy_at_next_count.compare_exchange_strong(next, now + now / 16)) {
        count();
    }
}

} // namespace hetmem::heap
