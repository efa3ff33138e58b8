// preload/dax_extents.hpp: pieces of a device-dax device, shared between programs by locks.
//
// The protocol is that of kernel/dax_extent.hpp, which needs the C++ library: each extent is locked
// (open-file-description lock on the device node) by a description of its own, which the mapping
// keeps. An extent is held exactly as long as any part of it is mapped.
//
// A forked child shares the mappings, and with them the locks. Therefore before_fork() copies the
// contents to private memory and in_child() puts the copies where the extents were: the child goes
// on with ordinary memory, and the parent alone holds the extents.
//
// Not thread-safe.
#pragma once

#include "preload/settings.hpp"
#include "preload/sorted_table.hpp"

#include <cstddef>
#include <cstdint>

namespace hetmem::preload {

struct dax_extent {
    std::uintptr_t start = 0;
    std::size_t length = 0;
    std::size_t used = 0; ///< bytes, kept by whoever hands them out
    const leg* from = nullptr;
    void* copy = nullptr; ///< while a fork is going on
};

class dax_extents {
public:
    /// Locks the first free range of the device, at most `wanted` bytes, maps it at `start` and
    /// makes it zero. How many bytes that were: whole units, which are multiples of the device's
    /// alignment; 0 when none can be had.
    std::size_t map(const leg& from, std::size_t unit, char* start, std::size_t wanted) noexcept;
    /// Gives it back; address space stays where it was mapped.
    void unmap(dax_extent* one) noexcept;
    /// A null pointer when no extent has this address.
    dax_extent* find(const void* address) noexcept;
    std::span<dax_extent> all() noexcept { return table_.all(); }

    void before_fork() noexcept;
    void in_parent() noexcept;
    /// There are no extents any more.
    void in_child() noexcept;

private:
    sorted_table<dax_extent> table_;
};

} // namespace hetmem::preload
