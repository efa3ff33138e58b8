#include "heap/page_map.hpp"

#include "heap/records.hpp"

namespace hetmem::heap {

// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): see page_map.hpp
constinit std::atomic<page_map_leaf*> page_map_root[std::size_t{1} << (address_bits - 32)] = {};

bool page_map_cover(const std::byte* start, std::size_t bytes) noexcept {
    const auto first = reinterpret_cast<std::uintptr_t>(start);
    const std::uintptr_t last = first + bytes - 1;
    if (last < first || last >> address_bits != 0) {
        return false;
    }
    for (std::uintptr_t i = first >> 32; i <= last >> 32; ++i) {
        if (page_map_root[i].load(std::memory_order_acquire) != nullptr) {
            continue;
        }
        // Zeroed memory is a leaf of null pointers.
        auto* const fresh = static_cast<page_map_leaf*>(map_zeroed(sizeof(page_map_leaf)));
        if (fresh == nullptr) {
            return false;
        }
        page_map_leaf* other = nullptr;
        if (!page_map_root[i].compare_exchange_strong(other, fresh, std::memory_order_acq_rel)) {
            unmap(fresh, sizeof(page_map_leaf));
        }
    }
    return true;
}

void page_map_set(const page& of, page* to) noexcept {
    const std::size_t count = of.size_class == run_class ? 1 : of.slices;
    auto address = reinterpret_cast<std::uintptr_t>(of.start);
    for (std::size_t i = 0; i < count; ++i, address += slice_bytes) {
        page_map_root[address >> 32]
            .load(std::memory_order_relaxed)
            ->pages[(address / slice_bytes) % 65536]
            .store(to, std::memory_order_release);
    }
}

} // namespace hetmem::heap
