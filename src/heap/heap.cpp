#include "heap/heap.hpp"

#include "heap/body.hpp"
#include "heap/page_map.hpp"
#include "heap/records.hpp"
#include "heap/threads.hpp"

#include <bit>
#include <cstring>
#include <memory>

namespace hetmem::heap {

struct heap::state final : body {
    using body::body;
};

namespace {

static_assert(largest_object == std::size_t{1} << address_bits); // sums below cannot overflow

void* pop(page& p) noexcept {
    block* const first = p.free;
    p.free = first->next;
    // The next one may have been freed on another processor.
    __builtin_prefetch(p.free, 1);
    page::add(p.allocated, 1);
    return first;
}

/// An object of blocks: a pointer that is the beginning of a block which was made.
bool is_object(const page& p, const void* object) noexcept {
    return p.size_class == run_class ? object == p.start : p.is_block(p.offset_of(object));
}

std::size_t bytes_of(const page& p) noexcept {
    return p.size_class == run_class ? p.bytes() : p.block_bytes;
}

void* allocate_block(body& from, unsigned size_class, bool& zeroed) noexcept {
    cache* const mine = find_cache(from);
    if (mine == nullptr) {
        return nullptr;
    }
    page* p = mine->bins[size_class].current;
    if (p->free == nullptr) {
        p = mine->refill(size_class);
    }
    if (p == nullptr) {
        return nullptr;
    }
    zeroed = p->zeroed && p->freed.load(std::memory_order_relaxed) == 0;
    return pop(*p);
}

/// What the fast ways do not do. `zeroed` tells whether the object is zero but for its first word.
[[gnu::noinline]] void* allocate_slowly(body& from, std::size_t bytes, std::size_t alignment,
                                        bool& zeroed) noexcept {
    zeroed = false;
    bytes = bytes == 0 ? 1 : bytes;
    if (bytes > largest_object || alignment > largest_alignment ||
        !std::has_single_bit(alignment)) {
        return nullptr;
    }
    const unsigned size_class =
        alignment <= slice_bytes ? aligned_class_of(bytes, alignment) : class_count;
    const std::size_t run_alignment = alignment < slice_bytes ? slice_bytes : alignment;
    for (;;) {
        void* object = nullptr;
        if (size_class < class_count) {
            object = allocate_block(from, size_class, zeroed);
        }
        // Where there is no memory for a page of several slices, one object may find room.
        if (object == nullptr && (size_class == class_count || classes[size_class].slices > 1)) {
            object = from.allocate_run(bytes, run_alignment, zeroed);
        }
        cache* const mine = object == nullptr ? existing_cache(from) : nullptr;
        if (mine == nullptr || !mine->keeps_empty) {
            return object;
        }
        // Pages that this thread keeps for other sizes may be what is missing.
        mine->flush();
        from.flush_others();
    }
}

[[gnu::noinline]] bool free_elsewhere(page& p, void* object) noexcept {
    if (p.size_class == run_class) {
        if (object != p.start) {
            return false;
        }
        p.heap.load(std::memory_order_relaxed)->free_run(p);
        return true;
    }
    const std::size_t offset = p.offset_of(object);
    if (!p.is_block(offset)) {
        return false;
    }
    // Once the object is pushed the page may become anything; the heap is ours until we return.
    body* const of = p.heap.load(std::memory_order_relaxed);
    p.push_remote(static_cast<block*>(object), offset);
    if (p.owner.load(std::memory_order_seq_cst) == 0 && p.remote_count() == p.used()) {
        of->look_at_abandoned(p);
    }
    return true;
}

[[gnu::noinline]] void count_alarming(page& p, std::uint64_t freed) noexcept {
    p.home->count_freed(p, freed);
}

} // namespace

heap::heap(backing& memory, void* owner) noexcept : state_(nullptr) {
    void* const record = map_zeroed(sizeof(state));
    if (record == nullptr) {
        return;
    }
    state_ = std::construct_at(static_cast<state*>(record), memory, owner);
    if (!enter_heap(*state_)) {
        unmap(record, sizeof(state));
        state_ = nullptr;
    }
}

heap::~heap() {
    if (state_ == nullptr) {
        return;
    }
    leave_heap(*state_);
    {
        const lock_guard held(state_->memory.lock());
        const lock_guard records_held(page_records.lock());
        state_->forget_pages();
    }
    state_->memory.release_all();
    std::destroy_at(state_);
    unmap(state_, sizeof(state));
}

void* heap::allocate(std::size_t bytes, std::size_t alignment) noexcept {
    state* const s = state_;
    if (s == nullptr) [[unlikely]] {
        return nullptr;
    }
    if (here.heap_id == s->id && alignment <= smallest_bytes) [[likely]] {
        page* p = &no_page;
        if (bytes <= cache::direct_bytes) [[likely]] {
            p = here.last->direct[(bytes + smallest_bytes - 1) / smallest_bytes];
        } else if (bytes <= largest_small_bytes) {
            p = here.last->bins[class_of(bytes)].current;
        }
        if (p->free != nullptr) [[likely]] {
            return pop(*p);
        }
    }
    bool zeroed = false;
    return allocate_slowly(*s, bytes, alignment, zeroed);
}

void* heap::allocate_zeroed(std::size_t bytes, std::size_t alignment) noexcept {
    if (state_ == nullptr) {
        return nullptr;
    }
    // To find out whether a small object is zero takes longer than to make it so.
    bool zeroed = false;
    void* const object = bytes <= cache::direct_bytes
                             ? allocate(bytes, alignment)
                             : allocate_slowly(*state_, bytes, alignment, zeroed);
    if (object != nullptr) {
        std::memset(object, 0, zeroed ? sizeof(block) : bytes);
    }
    return object;
}

void* heap::reallocate(void* object, std::size_t bytes, std::size_t alignment) noexcept {
    if (object == nullptr) {
        return allocate(bytes, alignment);
    }
    page* const p = page_of(object);
    if (p == nullptr || !is_object(*p, object) || bytes > largest_object ||
        !std::has_single_bit(alignment)) {
        return nullptr;
    }
    const std::size_t old = bytes_of(*p);
    const bool may_stay = p->heap.load(std::memory_order_relaxed) == state_ &&
                          reinterpret_cast<std::uintptr_t>(object) % alignment == 0;
    if (may_stay && p->size_class == run_class && bytes > largest_small_bytes) {
        const std::size_t slices = (bytes + slice_bytes - 1) / slice_bytes;
        if (slices < p->slices) {
            state_->memory.shrink(*p, slices);
            state_->memory.release_excess();
            return object;
        }
        if (slices == p->slices || state_->memory.extend(*p, slices)) {
            return object;
        }
    } else if (may_stay && bytes <= old && bytes >= old / 2) {
        return object;
    }
    void* const fresh = allocate(bytes, alignment);
    if (fresh == nullptr) {
        return may_stay && bytes <= old ? object : nullptr;
    }
    std::memcpy(fresh, object, bytes < old ? bytes : old);
    free(object);
    return fresh;
}

std::size_t heap::trim() noexcept {
    if (state_ == nullptr) {
        return 0;
    }
    const unsigned now = state_->trims.fetch_add(1, std::memory_order_relaxed) + 1;
    if (cache* const mine = existing_cache(*state_)) {
        mine->trims_seen = now;
        mine->flush();
    }
    state_->flush_others();
    return state_->memory.release_idle(0);
}

heap_counts heap::counts() const noexcept {
    return state_ == nullptr ? heap_counts{} : state_->count();
}

bool heap::free(void* object) noexcept {
    page* const p = page_of(object);
    if (p == nullptr) [[unlikely]] {
        return object == nullptr;
    }
    if (p->owner.load(std::memory_order_relaxed) != this_thread()) [[unlikely]] {
        return free_elsewhere(*p, object);
    }
    auto* const freed = static_cast<block*>(object);
    // The last one freed, again: the one double free that costs nothing to notice.
    if (!p->is_block(p->offset_of(object)) || freed == p->free) [[unlikely]] {
        return false;
    }
    freed->next = p->free;
    p->free = freed;
    const std::uint64_t count = p->freed.load(std::memory_order_relaxed) + 1;
    if (count == p->alarm) [[unlikely]] {
        count_alarming(*p, count);
    } else {
        // From now on the page may be taken away, if other threads have freed the rest.
        p->freed.store(count, std::memory_order_release);
    }
    return true;
}

std::size_t heap::usable_size(const void* object) noexcept {
    const page* const p = page_of(object);
    return p == nullptr || !is_object(*p, object) ? 0 : bytes_of(*p);
}

void* heap::owner_of(const void* object) noexcept {
    const page* const p = page_of(object);
    return p == nullptr || !is_object(*p, object) ? nullptr
                                                  : p->heap.load(std::memory_order_relaxed)->owner;
}

void heap::prepare_fork() noexcept {
    lock_everything();
}

void heap::parent_after_fork() noexcept {
    unlock_everything();
}

void heap::child_after_fork() noexcept {
    forget_other_threads();
    unlock_everything();
}

} // namespace hetmem::heap
