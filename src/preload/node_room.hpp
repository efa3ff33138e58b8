// preload/node_room.hpp: how much of a node can still be assigned to blocks that are touched later.
//
// Memory of malloc is handed out long before it is touched, and only what is touched is missing
// from what the kernel calls free. So a node has room for
//
//     available - headroom - (assigned to it by this process and not touched yet)
//
// What has been touched is in /proc/self/numa_maps, which takes up to 11 ms a GiB to read. It is
// read only when the node could be full: as long as everything that was ever assigned would fit
// beside what is available now, nothing needs to be known of it. And it is read seldom (at most a
// fiftieth of the time goes there), since touching alone does not change the room: as much as
// becomes touched is no longer available.
//
// Not thread-safe.
#pragma once

#include "preload/files.hpp"

#include <cstddef>
#include <cstdint>

namespace hetmem::preload {

/// What ordinary programs could take of a node: free memory and half of the file cache, as
/// nodeN/meminfo tells. The kernel keeps a part of the cache that is in use; half of it is a guess
/// on the safe side. False when the text does not tell.
bool parse_available(input& meminfo, std::size_t& bytes) noexcept;
/// The same of a node of this machine.
bool read_available(int node, std::size_t& bytes) noexcept;

/// A word "N2=512" of /proc/PID/numa_maps: pages on a node.
bool parse_node_pages(std::string_view word, std::size_t& node, std::size_t& pages) noexcept;
/// Bytes that are present, wherever, of the mappings that prefer the node and whose start `counts`.
std::size_t count_touched(input& numa_maps, int node,
                          bool (*counts)(void* context, std::uintptr_t start),
                          void* context) noexcept;

/// What touched memory is found with; for tests made up.
class node_observer {
public:
    virtual bool available(int node, std::size_t& bytes) noexcept = 0;
    virtual std::size_t touched(int node) noexcept = 0;
    /// Nanoseconds from some moment on.
    virtual std::uint64_t now() noexcept = 0;

protected:
    ~node_observer() = default;
};

class node_room {
public:
    void set(int node, std::size_t headroom) noexcept;
    /// As much of the request as there is room for, in whole units. It is assigned then.
    std::size_t take(std::size_t wanted, std::size_t unit, node_observer& observer) noexcept;
    void give_back(std::size_t bytes) noexcept;
    std::size_t assigned() const noexcept { return assigned_; }

private:
    std::size_t room(std::size_t wanted, node_observer& observer) noexcept;

    int node_ = -1;
    std::size_t headroom_ = 0;
    std::size_t assigned_ = 0;
    std::size_t last_room_ = 0; ///< by the last reading of what is touched, less what was taken
    std::uint64_t next_reading_ = 0; ///< when it may be read again
};

} // namespace hetmem::preload
