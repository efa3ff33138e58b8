#include "heap/space.hpp"

#include "heap/page.hpp"

namespace hetmem::heap {
namespace {

constexpr std::size_t first_arena_slices = (std::size_t{4} << 20) / slice_bytes;
constexpr std::size_t largest_arena_slices = (std::size_t{1} << 30) / slice_bytes;
/// Small requests take memory ahead, a quarter of what there is, up to this.
constexpr std::size_t most_ahead_bytes = std::size_t{2} << 20;
/// Up to this a request is small: pages.
constexpr std::size_t page_slices = 8;
/// When freed runs leave more than that idle, it is given back down to half of it.
constexpr std::size_t excess_bytes = std::size_t{64} << 20;

constexpr std::size_t round_up(std::size_t value, std::size_t to) noexcept {
    return (value + to - 1) / to * to;
}

} // namespace

space::space(backing& memory) noexcept
    : memory_(memory), granule_slices_(memory.granule() / slice_bytes) {}

space::place space::find(std::size_t slices, std::size_t alignment, bool with_memory) noexcept {
    for (arena* a = arenas_; a != nullptr; a = a->next) {
        const std::size_t first = a->find(slices, alignment, with_memory);
        if (first != arena::none) {
            return {a, first};
        }
    }
    return {};
}

slice_run space::take_zeroed_mark(const place& at, std::size_t count) noexcept {
    const bool zeroed = at.from->zeroed.count(at.first, count) == count;
    at.from->zeroed.clear(at.first, count);
    return {at.from, at.from->address_of(at.first), zeroed};
}

slice_run space::take(std::size_t slices, std::size_t alignment) noexcept {
    const bool small = slices <= page_slices || slices < granule_slices_;
    bool may_go_ahead = small;
    bool tried_again = false;
    const lock_guard held(lock_);
    for (;;) {
        place at = find(slices, alignment, true);
        if (at.from != nullptr) {
            mark_busy(*at.from, at.first, slices);
            return take_zeroed_mark(at, slices);
        }
        if (small && growing_) {
            grown_.wait(lock_);
            continue;
        }
        at = find(slices, alignment, false);
        const std::size_t ahead = may_go_ahead && at.from != nullptr ? ahead_of(at, slices) : 0;
        growing_ = growing_ || small;
        const bool more =
            at.from == nullptr ? add_arena(slices, alignment) : claim(at, slices, ahead);
        if (small) {
            growing_ = false;
            grown_.wake_all();
        }
        if (more && at.from != nullptr) {
            return take_zeroed_mark(at, slices);
        }
        if (more) {
            continue;
        }
        if (ahead > 0) {
            may_go_ahead = false;
            continue;
        }
        // What is idle, in pieces too small for this request, may make room for it elsewhere; and a
        // request that fails leaves nothing behind.
        if (release(0) == 0 || tried_again) {
            return {};
        }
        tried_again = true;
    }
}

bool space::add_arena(std::size_t slices, std::size_t alignment) noexcept {
    const std::size_t granule = granule_slices_ * slice_bytes;
    const std::size_t needed = round_up(slices, granule_slices_);
    std::size_t wanted = reserved_slices_ < first_arena_slices     ? first_arena_slices
                         : reserved_slices_ < largest_arena_slices ? reserved_slices_
                                                                   : largest_arena_slices;
    wanted = round_up(wanted, granule_slices_);
    if (needed > wanted / 2) {
        wanted = needed;
    }
    const std::size_t aligned = alignment < granule ? granule : alignment;
    // An object that has an arena to itself gets its memory before there are records, which are
    // large, too: a request that fails, however large, takes nothing.
    const bool full = needed > largest_arena_slices;
    bool zeroed = false;
    arena* made = nullptr;
    {
        const unlock_guard open(lock_);
        void* start = memory_.reserve(wanted * slice_bytes, aligned);
        if (start == nullptr && wanted > needed) {
            wanted = needed;
            start = memory_.reserve(wanted * slice_bytes, aligned);
        }
        if (start != nullptr) {
            auto* const bytes = static_cast<std::byte*>(start);
            if ((!full || memory_.commit(start, wanted * slice_bytes, zeroed)) &&
                page_map_cover(bytes, wanted * slice_bytes)) {
                made = arena::make(bytes, wanted);
            }
            if (made == nullptr) {
                memory_.release(start, wanted * slice_bytes);
            }
        }
    }
    if (made == nullptr) {
        return false;
    }
    arena** last = &arenas_;
    while (*last != nullptr) {
        last = &(*last)->next;
    }
    *last = made;
    reserved_slices_ += wanted;
    if (full) {
        has_memory(*made, 0, wanted, zeroed);
    }
    return true;
}

/// How many slices behind the granules of this request to take with it.
std::size_t space::ahead_of(const place& at, std::size_t count) const noexcept {
    const std::size_t quarter = static_cast<std::size_t>(held() / 4);
    const std::size_t wanted =
        (quarter < most_ahead_bytes ? quarter : most_ahead_bytes) / slice_bytes;
    const std::size_t end = round_up(at.first + count, granule_slices_);
    std::size_t ahead = 0;
    while (count + ahead + granule_slices_ <= wanted && end + ahead < at.from->slices &&
           !at.from->committed.test(end + ahead) && !at.from->pending.test(end + ahead)) {
        ahead += granule_slices_;
    }
    return ahead;
}

bool space::claim(const place& at, std::size_t count, std::size_t ahead) noexcept {
    arena& from = *at.from;
    mark_busy(from, at.first, count);
    const std::size_t granule = granule_slices_;
    const std::size_t begin = at.first / granule * granule;
    const std::size_t end = round_up(at.first + count, granule) + ahead;
    for (std::size_t i = begin; i < end; i += granule) {
        if (!from.committed.test(i)) {
            from.pending.set(i, granule);
        }
    }
    // Nobody else changes these granules: they have busy slices, or are pending.
    bool all = true;
    for (std::size_t i = begin; i < end;) {
        std::size_t stop = i;
        while (stop < end && from.pending.test(stop)) {
            stop += granule;
        }
        if (stop == i) {
            i += granule;
            continue;
        }
        if (all) {
            all = commit(from, i, stop - i);
        } else {
            from.pending.clear(i, stop - i);
        }
        i = stop;
    }
    if (!all) {
        unclaim(from, at.first, count);
    }
    return all;
}

void space::mark_busy(arena& from, std::size_t first, std::size_t count) noexcept {
    from.taken(first, count);
    busy_.store(busy() + count, std::memory_order_relaxed);
    idle_slices_ -= from.committed.count(first, count);
}

void space::unclaim(arena& from, std::size_t first, std::size_t count) noexcept {
    from.given(first, count);
    busy_.store(busy() - count, std::memory_order_relaxed);
    idle_slices_ += from.committed.count(first, count);
}

bool space::commit(arena& from, std::size_t first, std::size_t count) noexcept {
    bool zeroed = false;
    bool done = false;
    ++from.pins;
    {
        const unlock_guard open(lock_);
        done = memory_.commit(from.address_of(first), count * slice_bytes, zeroed);
    }
    --from.pins;
    from.pending.clear(first, count);
    if (done) {
        has_memory(from, first, count, zeroed);
    }
    return done;
}

void space::has_memory(arena& now, std::size_t first, std::size_t count, bool zeroed) noexcept {
    now.committed.set(first, count);
    if (zeroed) {
        now.zeroed.set(first, count);
    }
    now.longest_committed = now.slices;
    idle_slices_ += count - now.busy.count(first, count);
    held_ += count * slice_bytes;
    held_peak_ = held() > held_peak_ ? held() : held_peak_;
}

bool space::extend(page& run, std::size_t to) noexcept {
    const lock_guard held(lock_);
    arena& from = *run.from;
    const std::size_t first = from.index_of(run.start) + run.slices;
    const std::size_t count = to - run.slices;
    if (count > from.slices - first || from.busy.count(first, count) != 0 ||
        from.pending.count(first, count) != 0 || !claim({&from, first}, count, 0)) {
        return false;
    }
    from.zeroed.clear(first, count);
    run.slices = to;
    return true;
}

void space::shrink(page& run, std::size_t keep) noexcept {
    const lock_guard held(lock_);
    unclaim(*run.from, run.from->index_of(run.start) + keep, run.slices - keep);
    run.slices = keep;
}

void space::give(page& of, std::atomic<std::uint64_t>& past) noexcept {
    const lock_guard held(lock_);
    past.fetch_add(of.allocated.load(std::memory_order_relaxed), std::memory_order_relaxed);
    page_map_set(of, nullptr);
    unclaim(*of.from, of.from->index_of(of.start), of.slices);
}

bool space::is_idle(const arena& from, std::size_t granule_start) const noexcept {
    return from.committed.test(granule_start) && !from.pending.test(granule_start) &&
           from.busy.count(granule_start, granule_slices_) == 0;
}

std::size_t space::decommit_idle(arena& from, std::size_t keep) noexcept {
    const std::size_t granule = granule_slices_;
    std::size_t bytes = 0;
    ++from.pins;
    for (std::size_t i = 0; i < from.slices && idle_slices_ * slice_bytes > keep;) {
        if (!is_idle(from, i)) {
            i += granule;
            continue;
        }
        std::size_t count = 0;
        while (i + count < from.slices && is_idle(from, i + count) &&
               (idle_slices_ - count) * slice_bytes > keep) {
            count += granule;
        }
        from.pending.set(i, count);
        from.committed.clear(i, count);
        from.zeroed.clear(i, count);
        idle_slices_ -= count;
        {
            const unlock_guard open(lock_);
            memory_.decommit(from.address_of(i), count * slice_bytes);
        }
        from.pending.clear(i, count);
        from.longest_free = from.slices;
        held_ -= count * slice_bytes;
        bytes += count * slice_bytes;
        i += count;
    }
    --from.pins;
    return bytes;
}

std::size_t space::release(std::size_t keep) noexcept {
    std::size_t bytes = 0;
    arena* unused = nullptr;
    for (arena** link = &arenas_; *link != nullptr;) {
        arena* const a = *link;
        // The next object that large has a new one.
        const bool was_for_one = a->slices > largest_arena_slices;
        const std::size_t keep_here = was_for_one && a->is_empty() ? 0 : keep;
        const std::size_t here =
            idle_slices_ * slice_bytes > keep ? decommit_idle(*a, keep_here) : 0;
        bytes += here;
        if (here > 0) {
            // The lock was let go, and the list may be another: find our place again.
            for (link = &arenas_; *link != a;) {
                link = &(*link)->next;
            }
        }
        if ((keep == 0 || was_for_one) && a->is_empty() && a->committed.count(0, a->slices) == 0) {
            *link = a->next;
            reserved_slices_ -= a->slices;
            a->next = unused;
            unused = a;
        } else {
            link = &a->next;
        }
    }
    if (unused != nullptr) {
        const unlock_guard open(lock_);
        while (unused != nullptr) {
            arena* const next = unused->next;
            memory_.release(unused->start, unused->slices * slice_bytes);
            arena::destroy(unused);
            unused = next;
        }
    }
    return bytes;
}

std::size_t space::release_idle(std::size_t keep) noexcept {
    const lock_guard held(lock_);
    return release(keep);
}

void space::release_excess() noexcept {
    const lock_guard held(lock_);
    if (idle_slices_ * slice_bytes > excess_bytes) {
        release(excess_bytes / 2);
    }
}

void space::release_all() noexcept {
    for (const arena* a = arenas_; a != nullptr; a = a->next) {
        memory_.release(a->start, a->slices * slice_bytes);
    }
    forget_all();
}

void space::forget_all() noexcept {
    while (arenas_ != nullptr) {
        arena* const a = arenas_;
        arenas_ = a->next;
        arena::destroy(a);
    }
    reserved_slices_ = 0;
    idle_slices_ = 0;
    held_ = 0;
    busy_ = 0;
}

void space::forget_other_threads() noexcept {
    growing_ = false;
    grown_.forget_waiters();
}

} // namespace hetmem::heap
