// hetmem/residency.hpp: where memory really is.
//
//     hetmem::residency r = hetmem::where(buffer, size);
//     r.on_node(2);                       // bytes there now
//     hetmem::residency all = hetmem::where_process(pid);
//     hetmem::target_of(pointer);         // "node2"
//
// Counted from /proc/PID/numa_maps, which is right where the kernel's page query (move_pages) is
// not (Linux 6.1 with NUMA balancing answers "absent" for pages that are there); ranges that share
// a mapping with other memory are asked page by page. Thread-safe. What is counted may have changed
// by the time it is looked at, unless the memory is locked and nobody moves it.
#pragma once

#include <hetmem/export.hpp>
#include <hetmem/units.hpp>

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace hetmem {

/// Bytes on one memory.
struct resident_share {
    std::string target; ///< "node2", "dax0.0"
    int node = -1;      ///< -1 for a dax device
    byte_size bytes;
    friend bool operator==(const resident_share&, const resident_share&) = default;
};

struct residency {
    std::vector<resident_share> shares; ///< nodes ascending, then dax devices by name; none is 0
    byte_size absent;  ///< never touched, given back, swapped out, or lost with its dax device
    byte_size unknown; ///< there, but the kernel does not tell where

    HETMEM_EXPORT byte_size on_node(int node) const;
    HETMEM_EXPORT byte_size on(std::string_view target) const;
    HETMEM_EXPORT byte_size present() const; ///< all shares together
    /// Share by share.
    HETMEM_EXPORT residency& operator+=(const residency& more);
    friend bool operator==(const residency&, const residency&) = default;
};

/// One mapping of a process.
struct mapping_residency {
    std::uint64_t start = 0;
    std::uint64_t length = 0; ///< bytes
    std::string name;         ///< the file, "[heap]", "[stack]", or "" for anonymous memory
    std::string policy;       ///< as the kernel prints it: "default", "prefer:2", "bind:0-1"
    byte_size page;           ///< of the kernel's pages: 4 KiB unless from a pool of huge pages
    residency where;
};

/// Any range of this process; the pages that it touches count whole. Throws hetmem::error (EINVAL)
/// for a range that is not mapped, not_permitted when the kernel refuses.
HETMEM_EXPORT residency where(const void* start, std::size_t length);
inline residency where(std::span<const std::byte> range) {
    return where(range.data(), range.size());
}

/// All of a process. Throws not_permitted naming what would help, hetmem::error (ESRCH) when there
/// is no such process.
HETMEM_EXPORT residency where_process(pid_t pid);
/// Each mapping of a process that can have pages, ascending.
HETMEM_EXPORT std::vector<mapping_residency> where_mappings(pid_t pid);

/// The name of the memory that the page of an address is on ("node2", "dax0.0"); nothing when no
/// page is there yet. Throws as where().
HETMEM_EXPORT std::optional<std::string> target_of(const void* address);

} // namespace hetmem
