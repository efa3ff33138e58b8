#include "heap/arena.hpp"

#include "heap/records.hpp"

#include <memory>

namespace hetmem::heap {

arena* arena::make(std::byte* start, std::size_t slices) noexcept {
    const std::size_t words = bitmap::words_for(slices);
    const std::size_t bytes = sizeof(arena) + 4 * words * sizeof(std::uint64_t);
    auto* const record = static_cast<std::byte*>(map_zeroed(bytes));
    if (record == nullptr) {
        return nullptr;
    }
    arena* const made = std::construct_at(reinterpret_cast<arena*>(record));
    auto* const bits = reinterpret_cast<std::uint64_t*>(record + sizeof(arena));
    made->busy = bitmap(bits);
    made->committed = bitmap(bits + words);
    made->pending = bitmap(bits + 2 * words);
    made->zeroed = bitmap(bits + 3 * words);
    made->start = start;
    made->slices = slices;
    made->record_bytes = bytes;
    made->longest_free = slices;
    return made;
}

void arena::destroy(arena* unused) noexcept {
    unmap(unused, unused->record_bytes);
}

std::size_t arena::find(std::size_t count, std::size_t alignment, bool with_memory) noexcept {
    std::size_t& longest = with_memory ? longest_committed : longest_free;
    if (count > longest) {
        return none;
    }
    const auto usable = [&](std::size_t i) {
        return ~busy.word(i) & (with_memory ? committed.word(i) : ~pending.word(i));
    };
    const auto not_usable = [&](std::size_t i) { return ~usable(i); };
    const std::size_t step = alignment < slice_bytes ? slice_bytes : alignment;
    std::size_t seen = 0;
    for (std::size_t at = first_free; at < slices;) {
        const std::size_t free = find_one(usable, at, slices);
        if (free == slices) {
            break;
        }
        const auto address = reinterpret_cast<std::uintptr_t>(address_of(free));
        const std::size_t first =
            free + (((address + step - 1) & ~(step - 1)) - address) / slice_bytes;
        // No farther than is needed: a large free range is not walked through for one slice.
        const std::size_t stop = first + count < slices ? first + count : slices;
        const std::size_t end = find_one(not_usable, free, stop);
        if (end >= first + count) {
            return first;
        }
        seen = end - free > seen ? end - free : seen;
        at = end + 1;
    }
    // With an alignment ranges were seen but no longer ones than `stop` allowed.
    if (step == slice_bytes) {
        longest = seen;
    }
    return none;
}

void arena::taken(std::size_t first, std::size_t count) noexcept {
    busy.set(first, count);
    if (first == first_free) {
        first_free = first + count;
    }
}

void arena::given(std::size_t first, std::size_t count) noexcept {
    busy.clear(first, count);
    first_free = first < first_free ? first : first_free;
    longest_committed = slices;
    longest_free = slices;
}

} // namespace hetmem::heap
