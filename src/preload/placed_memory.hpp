// preload/placed_memory.hpp: memory where a placement says.
//
// Which memory a part of the address space is of is decided when it is committed, in units of 2 MiB
// (or of a device's alignment where that is larger), and told to the kernel as a preferred policy:
// never bind, which would have the kernel kill when a node is full. Pages of nodes come when they
// are touched. So
//
//   prefer       the node, then whatever the kernel likes
//   bind, chain  the first memory that has room, as node_room.hpp counts; nullptr from malloc when
//                none has. What others take before it is touched makes pages go elsewhere.
//   interleave   by address in stripes; a full node's share goes where the kernel likes
//
// Devices give whole extents at once, zeroed.
#pragma once

#include "heap/heap.hpp"
#include "preload/dax_extents.hpp"
#include "preload/node_room.hpp"
#include "preload/settings.hpp"
#include "preload/sorted_table.hpp"

#include <pthread.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace hetmem::preload {

/// A reservation of address space.
struct reservation {
    std::uintptr_t start = 0;
    std::size_t length = 0;
    unsigned char* units = nullptr; ///< what each unit of it is; see placed_memory.cpp
};

// final, so its destructor needs not be virtual: NOLINTNEXTLINE(*-virtual-class-destructor)
class placed_memory final : public heap::backing, private node_observer {
public:
    explicit placed_memory(const placement& where) noexcept;
    placed_memory(const placed_memory&) = delete;
    placed_memory& operator=(const placed_memory&) = delete;

    std::size_t granule() const noexcept override { return unit_; }
    void* reserve(std::size_t length, std::size_t alignment) noexcept override;
    bool commit(void* start, std::size_t length, bool& zeroed) noexcept override;
    void decommit(void* start, std::size_t length) noexcept override;
    void release(void* start, std::size_t length) noexcept override;

    const placement& where() const noexcept { return *where_; }
    /// Bytes on each device, and on nodes those that were assigned, by leg.
    std::size_t assigned(std::size_t leg) noexcept;
    /// True for what this class has reserved.
    bool owns(std::uintptr_t address) noexcept;

    void before_fork() noexcept;
    void in_parent() noexcept;
    void in_child() noexcept;

private:
    bool available(int node, std::size_t& bytes) noexcept override;
    std::size_t touched(int node) noexcept override;
    std::uint64_t now() noexcept override;

    struct part {
        char* start;
        std::size_t length;
    };
    unsigned char* units_of(const reservation& in, const void* address) const noexcept;
    bool place(const reservation& in, part what) noexcept;
    std::size_t place_on(std::size_t leg, const reservation& in, part what) noexcept;
    std::size_t leg_of_stripe(const char* address) const noexcept;
    void use_again(const reservation& in, part what) noexcept;
    void take_back(const reservation& in, part what) noexcept;
    bool set_policy(part what, int node) noexcept;

    const placement* where_;
    std::size_t unit_;
    std::size_t all_weights_ = 0;
    pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
    sorted_table<reservation> reservations_;
    std::array<node_room, most_legs> rooms_{};
    std::array<std::size_t, most_legs> on_device_{};
    dax_extents extents_;
    bool policy_refused_ = false;
};

} // namespace hetmem::preload
