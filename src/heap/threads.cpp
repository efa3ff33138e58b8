#include "heap/threads.hpp"

#include "heap/records.hpp"

#include <pthread.h>

namespace hetmem::heap {

// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): see threads.hpp
constinit thread_local thread_local_state here;

namespace {

constexpr std::size_t most_heaps = 65536;

struct table_entry {
    std::uint64_t heap_id;
    cache* found;
};

} // namespace

/// One a thread, from the kernel; what is not touched of the table costs nothing.
struct thread_record {
    thread_record* next;
    thread_record* prev;
    std::uintptr_t thread;
    std::size_t end; ///< no entry at or after it was ever used
    table_entry table[most_heaps];
};

namespace {

struct heap_registry {
    mutex lock; // first of all locks
    std::uint64_t last_id = 0;
    std::size_t end = 0; ///< no heap at or after it
    body* heaps[most_heaps] = {};
    thread_record* threads = nullptr;
    bool has_key = false;
    pthread_key_t key = 0;
};
// What the process has one of.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables)
constinit heap_registry registry;

/// At the end of a thread; also of one that came back since, in a destructor of somebody else's.
void thread_ends(void* of) noexcept {
    auto* const ending = static_cast<thread_record*>(of);
    here = {};
    {
        const lock_guard held(registry.lock);
        for (std::size_t i = 0; i < ending->end; ++i) {
            const table_entry& entry = ending->table[i];
            body* const heap = registry.heaps[i];
            if (entry.found == nullptr || heap == nullptr || heap->id != entry.heap_id) {
                continue;
            }
            const lock_guard heap_held(heap->lock);
            entry.found->abandon();
            heap->remove(*entry.found);
            cache_records.give(entry.found);
        }
        (ending->prev == nullptr ? registry.threads : ending->prev->next) = ending->next;
        if (ending->next != nullptr) {
            ending->next->prev = ending->prev;
        }
    }
    unmap(ending, sizeof(thread_record));
}

thread_record* enter_thread() noexcept {
    auto* const fresh = static_cast<thread_record*>(map_zeroed(sizeof(thread_record)));
    if (fresh == nullptr) {
        return nullptr;
    }
    fresh->thread = this_thread();
    pthread_key_t key = 0;
    {
        const lock_guard held(registry.lock);
        key = registry.key;
        fresh->next = registry.threads;
        if (fresh->next != nullptr) {
            fresh->next->prev = fresh;
        }
        registry.threads = fresh;
    }
    here.record = fresh;
    // May allocate, from this very heap: by now this thread has a record.
    pthread_setspecific(key, fresh);
    return fresh;
}

} // namespace

cache* existing_cache(const body& of) noexcept {
    if (here.heap_id == of.id) {
        return here.last;
    }
    if (here.record == nullptr) {
        return nullptr;
    }
    const table_entry& entry = here.record->table[of.index];
    if (entry.found == nullptr || entry.heap_id != of.id) {
        return nullptr;
    }
    here.heap_id = of.id;
    here.last = entry.found;
    return entry.found;
}

cache* find_cache(body& of) noexcept {
    if (cache* const found = existing_cache(of)) {
        return found;
    }
    if (here.record == nullptr) {
        if (enter_thread() == nullptr) {
            return nullptr;
        }
        if (cache* const found = existing_cache(of)) {
            return found;
        }
    }
    cache* const fresh = cache_records.take();
    if (fresh == nullptr) {
        return nullptr;
    }
    fresh->prepare(of, this_thread());
    of.add(*fresh);
    thread_record& record = *here.record;
    record.table[of.index] = {of.id, fresh};
    record.end = of.index < record.end ? record.end : of.index + std::size_t{1};
    here.heap_id = of.id;
    here.last = fresh;
    return fresh;
}

bool enter_heap(body& fresh) noexcept {
    const lock_guard held(registry.lock);
    // Not when a thread first needs it: then the key may be somebody else's last one.
    registry.has_key = registry.has_key || pthread_key_create(&registry.key, thread_ends) == 0;
    if (!registry.has_key) {
        return false;
    }
    std::size_t index = 0;
    while (index < registry.end && registry.heaps[index] != nullptr) {
        ++index;
    }
    if (index == most_heaps) {
        return false;
    }
    registry.end = index == registry.end ? index + 1 : registry.end;
    registry.heaps[index] = &fresh;
    fresh.index = static_cast<std::uint32_t>(index);
    fresh.id = ++registry.last_id;
    return true;
}

void leave_heap(body& dying) noexcept {
    {
        const lock_guard held(registry.lock);
        registry.heaps[dying.index] = nullptr;
        while (registry.end > 0 && registry.heaps[registry.end - 1] == nullptr) {
            --registry.end;
        }
    }
    while (cache* const c = dying.caches) {
        dying.remove(*c);
        cache_records.give(c);
    }
}

void lock_everything() noexcept {
    registry.lock.lock();
    for (std::size_t i = 0; i < registry.end; ++i) {
        body* const heap = registry.heaps[i];
        if (heap == nullptr) {
            continue;
        }
        heap->lock.lock();
        // What other threads have freed to us is taken now: while the process is copied they go on,
        // and the child cannot trust what it finds in their lists.
        if (cache* const mine = existing_cache(*heap)) {
            mine->collect();
        }
        heap->collect_abandoned();
        heap->memory.lock().lock();
    }
    cache_records.lock().lock();
    page_records.lock().lock();
}

void unlock_everything() noexcept {
    page_records.lock().unlock();
    cache_records.lock().unlock();
    for (std::size_t i = registry.end; i-- > 0;) {
        body* const heap = registry.heaps[i];
        if (heap != nullptr) {
            heap->memory.lock().unlock();
            heap->lock.unlock();
        }
    }
    registry.lock.unlock();
}

void forget_other_threads() noexcept {
    for (std::size_t i = 0; i < registry.end; ++i) {
        body* const heap = registry.heaps[i];
        if (heap == nullptr) {
            continue;
        }
        if (heap->memory.enter_child()) {
            heap->forget_other_threads(this_thread());
        } else {
            heap->forget_everything();
            heap->id = ++registry.last_id; // this thread had a cache by the old one
        }
    }
    for (thread_record* r = registry.threads; r != nullptr;) {
        thread_record* const next = r->next;
        if (r != here.record) {
            unmap(r, sizeof(thread_record));
        }
        r = next;
    }
    registry.threads = here.record;
    if (here.record != nullptr) {
        here.record->next = nullptr;
        here.record->prev = nullptr;
    }
}

} // namespace hetmem::heap
