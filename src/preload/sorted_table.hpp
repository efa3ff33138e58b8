// preload/sorted_table.hpp: ranges of addresses in order, in memory from mmap: the malloc's own
// records cannot come from malloc.
//
//     struct range { std::uintptr_t start; std::size_t length; };
//     sorted_table<range> ranges;
//     ranges.insert({start, length});
//     range* one = ranges.find(address);
//
// Not thread-safe. Keeps its memory for ever.
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace hetmem::preload {

template <class Range> class sorted_table {
    static_assert(std::is_trivially_copyable_v<Range>);

public:
    /// False when there is no memory.
    bool insert(const Range& one) noexcept {
        if (count_ == capacity_ && !grow()) {
            return false;
        }
        Range* const place = first_after(one.start);
        std::copy_backward(place, table_ + count_, table_ + count_ + 1);
        *place = one;
        ++count_;
        return true;
    }
    /// The range that has this address; a null pointer when there is none.
    Range* find(std::uintptr_t address) noexcept {
        Range* const place = first_after(address);
        if (place == table_) {
            return nullptr;
        }
        Range* const before = place - 1;
        return address - before->start < before->length ? before : nullptr;
    }
    void remove(Range* one) noexcept {
        std::copy(one + 1, table_ + count_, one);
        --count_;
    }
    void clear() noexcept { count_ = 0; }
    std::span<Range> all() noexcept { return {table_, count_}; }

private:
    Range* first_after(std::uintptr_t address) noexcept {
        return std::upper_bound(
            table_, table_ + count_, address,
            [](std::uintptr_t wanted, const Range& one) { return wanted < one.start; });
    }
    bool grow() noexcept {
        const std::size_t bytes = capacity_ * sizeof(Range);
        const std::size_t more = bytes == 0 ? 4096 : 2 * bytes;
        void* const mapped = bytes == 0 ? ::mmap(nullptr, more, PROT_READ | PROT_WRITE,
                                                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                                        : ::mremap(table_, bytes, more, MREMAP_MAYMOVE);
        if (mapped == MAP_FAILED) {
            return false;
        }
        table_ = static_cast<Range*>(mapped);
        capacity_ = more / sizeof(Range);
        return true;
    }

    Range* table_ = nullptr;
    std::size_t count_ = 0;
    std::size_t capacity_ = 0;
};

} // namespace hetmem::preload
