#include "heap/cache.hpp"

#include "heap/body.hpp"

namespace hetmem::heap {

// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): see cache.hpp
constinit page no_page;

namespace {

/// So many full pages are looked at before a new one is asked for.
constexpr unsigned looks = 8;
constexpr unsigned most_spares = 8;

bool has_stock(page& p) noexcept {
    return p.free != nullptr || p.collect() || p.carve();
}

} // namespace

void cache::prepare(body& of, std::uintptr_t owner) noexcept {
    direct.fill(&no_page);
    bins.fill({});
    heap = &of;
    thread = owner;
    spares = {};
    spare_count = 0;
    keeps_empty = false;
    trims_seen = of.trims.load(std::memory_order_relaxed);
}

page* cache::refill(unsigned size_class) noexcept {
    const unsigned trims = heap->trims.load(std::memory_order_relaxed);
    if (trims != trims_seen) {
        trims_seen = trims;
        flush();
        heap->memory.release_idle(0);
    }
    bin& from = bins[size_class];
    page* p = from.current;
    if (p != &no_page && has_stock(*p)) {
        return p;
    }
    {
        const lock_guard held(lock);
        if (p != &no_page) {
            p->place = page_place::full;
            p->alarm_at_next_free();
            from.full.push_back(p);
            make_current(size_class, &no_page);
        }
        p = from.partial.pop_front();
        if (p == nullptr) {
            p = reusable(from, false);
        }
    }
    if (p == nullptr) {
        p = fresh(size_class);
    }
    if (p == nullptr) {
        const lock_guard held(lock);
        p = reusable(from, true);
    }
    if (p == nullptr) {
        return nullptr;
    }
    make_current(size_class, p);
    return has_stock(*p) ? p : nullptr;
}

void cache::make_current(unsigned size_class, page* p) noexcept {
    bins[size_class].current = p;
    if (p != &no_page) {
        p->place = page_place::current;
        p->never_alarm();
    }
    const std::size_t last = classes[size_class].bytes / smallest_bytes;
    if (last < direct.size()) {
        const std::size_t first =
            size_class == 0 ? 0 : classes[size_class - 1].bytes / smallest_bytes + 1;
        for (std::size_t i = first; i <= last; ++i) {
            direct[i] = p;
        }
    }
}

page* cache::reusable(bin& of, bool look_at_all) noexcept {
    const page* const first = of.full.first();
    for (unsigned n = 0; n < looks || look_at_all; ++n) {
        page* const p = of.full.first();
        if (p == nullptr || (p == first && n > 0)) {
            return nullptr;
        }
        of.full.remove(p);
        // A page that another thread is freeing into just now is better left until it is done.
        if (p->free != nullptr || ((look_at_all || p->has_many_remote()) && p->collect())) {
            return p;
        }
        of.full.push_back(p);
    }
    return nullptr;
}

page* cache::fresh(unsigned size_class) noexcept {
    page* spare = nullptr;
    if (classes[size_class].slices == 1) {
        const lock_guard held(lock);
        spare = spares.pop_front();
        spare_count -= spare == nullptr ? 0 : 1;
    }
    if (spare == nullptr) {
        return heap->take_page(size_class, *this);
    }
    if (spare->size_class != size_class) {
        heap->change_class(*spare, size_class);
    }
    return spare;
}

void cache::count_freed(page& p, std::uint64_t freed) noexcept {
    const lock_guard held(lock);
    p.freed.store(freed, std::memory_order_release);
    bin& of = bins[p.size_class];
    if (p.place == page_place::full) {
        of.full.remove(&p);
    } else if (p.place == page_place::partial) {
        of.partial.remove(&p);
    } else {
        p.never_alarm();
        return;
    }
    if (p.used() == 0) {
        retire(p);
        return;
    }
    p.place = page_place::partial;
    p.alarm_when_empty();
    of.partial.push_front(&p);
}

void cache::retire(page& p) noexcept {
    bin& of = bins[p.size_class];
    if (of.partial.first() == nullptr) {
        p.place = page_place::partial;
        p.never_alarm();
        of.partial.push_front(&p);
    } else if (p.slices == 1 && spare_count < most_spares) {
        p.place = page_place::spare;
        spares.push_front(&p);
        ++spare_count;
    } else {
        heap->give_page(p);
        return;
    }
    keeps_empty = true;
}

void cache::flush() noexcept {
    const lock_guard held(lock);
    keeps_empty = false;
    for (unsigned i = 0; i < class_count; ++i) {
        flush(bins[i], i);
    }
    while (page* const p = spares.pop_front()) {
        heap->give_page(*p);
    }
    spare_count = 0;
}

void cache::flush(bin& of, unsigned size_class) noexcept {
    if (of.current != &no_page) {
        page& p = *of.current;
        p.collect();
        p.never_alarm();
        if (p.used() == 0) {
            make_current(size_class, &no_page);
            heap->give_page(p);
        }
    }
    page_list looked_at = of.full;
    of.full = {};
    while (page* const p = of.partial.pop_front()) {
        looked_at.push_back(p);
    }
    while (page* const p = looked_at.pop_front()) {
        p->collect();
        if (p->used() == 0) {
            heap->give_page(*p);
        } else if (p->free != nullptr) {
            p->place = page_place::partial;
            p->alarm_when_empty();
            of.partial.push_back(p);
        } else {
            p->place = page_place::full;
            p->alarm_at_next_free();
            of.full.push_back(p);
        }
    }
}

void cache::give_empty(page_list& list) noexcept {
    for (page* p = list.first(); p != nullptr;) {
        page* const after = p->next;
        if (p->used() == p->remote_count()) {
            list.remove(p);
            heap->give_page(*p);
        }
        p = after;
    }
}

void cache::flush_unnoticed() noexcept {
    const lock_guard held(lock);
    for (bin& each : bins) {
        give_empty(each.partial);
        give_empty(each.full);
    }
    give_empty(spares);
    spare_count = 0;
}

void cache::collect() noexcept {
    for (bin& each : bins) {
        if (each.current != &no_page) {
            each.current->collect();
            each.current->never_alarm();
        }
        for (page* p = each.partial.first(); p != nullptr; p = p->next) {
            if (p->collect()) {
                p->alarm_when_empty();
            }
        }
        for (page* p = each.full.first(); p != nullptr; p = p->next) {
            if (p->collect()) {
                p->alarm_at_next_free();
            }
        }
    }
}

void cache::abandon() noexcept {
    for (unsigned i = 0; i < class_count; ++i) {
        bin& each = bins[i];
        if (each.current != &no_page) {
            each.partial.push_front(each.current);
            each.current = &no_page;
        }
        while (page* const p = each.partial.pop_front()) {
            heap->abandon(*p);
        }
        while (page* const p = each.full.pop_front()) {
            heap->abandon(*p);
        }
    }
    while (page* const p = spares.pop_front()) {
        heap->give_page(*p);
    }
}

} // namespace hetmem::heap
