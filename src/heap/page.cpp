#include "heap/page.hpp"

namespace hetmem::heap {

void page::prepare_blocks(unsigned of_class) noexcept {
    const class_facts& facts = classes[of_class];
    free = nullptr;
    allocated.store(0, std::memory_order_relaxed);
    freed.store(0, std::memory_order_relaxed);
    remote.store(0, std::memory_order_relaxed);
    inverse = facts.inverse;
    block_bytes = facts.bytes;
    carved_bytes.store(0, std::memory_order_relaxed);
    carve_limit = facts.capacity * facts.bytes;
    size_class = static_cast<std::uint8_t>(of_class);
    place = page_place::nowhere;
}

bool page::carve() noexcept {
    const std::uint32_t carved = carved_bytes.load(std::memory_order_relaxed);
    if (carved == carve_limit) {
        return false;
    }
    // About a page of the kernel at a time: memory that nobody asks for is not touched.
    constexpr std::uint32_t at_once = 4096;
    std::uint32_t count = 1;
    if (block_bytes < at_once) {
        const std::uint32_t left = carve_limit - carved;
        count = (at_once < left ? at_once : left) / block_bytes;
    }
    std::byte* at = start + carved;
    auto* const first = reinterpret_cast<block*>(at);
    for (std::uint32_t i = 1; i < count; ++i) {
        reinterpret_cast<block*>(at)->next = reinterpret_cast<block*>(at + block_bytes);
        at += block_bytes;
    }
    reinterpret_cast<block*>(at)->next = free;
    free = first;
    carved_bytes.store(carved + count * block_bytes, std::memory_order_relaxed);
    return true;
}

bool page::collect() noexcept {
    if (remote.load(std::memory_order_relaxed) == 0) {
        return false;
    }
    const std::uint64_t taken = remote.exchange(0, std::memory_order_acquire);
    auto* const first = reinterpret_cast<block*>(start + ((taken >> 32) - 1));
    if (free != nullptr) {
        block* last = first;
        while (last->next != nullptr) {
            last = last->next;
        }
        last->next = free;
    }
    free = first;
    add(freed, taken & 0xffffffff);
    return true;
}

void page::push_remote(block* freed_block, std::size_t offset) noexcept {
    std::uint64_t old = remote.load(std::memory_order_relaxed);
    std::uint64_t with = 0;
    do {
        freed_block->next =
            old == 0 ? nullptr : reinterpret_cast<block*>(start + ((old >> 32) - 1));
        with = (static_cast<std::uint64_t>(offset) + 1) << 32 | ((old & 0xffffffff) + 1);
    } while (!remote.compare_exchange_weak(old, with, std::memory_order_seq_cst,
                                           std::memory_order_relaxed));
}

} // namespace hetmem::heap
