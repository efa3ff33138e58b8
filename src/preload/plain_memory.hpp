// preload/plain_memory.hpp: address space, and ordinary memory in it.
//
// Address space is reserved PROT_NONE, which promises no memory and so counts nowhere, whatever
// /proc/sys/vm/overcommit_memory says. Memory comes when it is touched, as with any malloc.
#pragma once

#include "heap/heap.hpp"

#include <cstddef>

namespace hetmem::preload {

inline constexpr std::size_t mebibyte = std::size_t{1} << 20;

/// Address space; nullptr when there is none.
void* reserve_space(std::size_t length, std::size_t alignment) noexcept;
void release_space(void* start, std::size_t length) noexcept;
/// May be read and written from now on. False when the commit limit is reached.
bool make_usable(void* start, std::size_t length) noexcept;
/// Gives the pages back; what is read there afterwards is zero, if it may be read at all.
void drop_pages(void* start, std::size_t length) noexcept;
/// Address space without anything in it, over whatever was there.
bool clear_space(void* start, std::size_t length) noexcept;

/// Of the policy that the process has.
// final, so its destructor needs not be virtual: NOLINTNEXTLINE(*-virtual-class-destructor)
class plain_memory final : public heap::backing {
public:
    constexpr plain_memory() = default;
    std::size_t granule() const noexcept override { return heap::slice_bytes; }
    void* reserve(std::size_t length, std::size_t alignment) noexcept override;
    bool commit(void* start, std::size_t length, bool& zeroed) noexcept override;
    void decommit(void* start, std::size_t length) noexcept override;
    void release(void* start, std::size_t length) noexcept override;
};

} // namespace hetmem::preload
