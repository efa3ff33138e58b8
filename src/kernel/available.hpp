// kernel/available.hpp: how much memory could be taken now without anybody being killed for it.
//
// Read when asked, never cached. "Available" on a node is free memory plus file cache that can be
// dropped, less the zones' high watermarks: MemFree alone refuses too much (cache counts as used)
// and promises too much (the last pages below the watermarks are not for us). The formula is close
// to that of MemAvailable (si_mem_available() in mm/show_mem.c), for one node and more cautious:
//
//     reserve   = over the zones: min(managed, high watermark + largest lowmem_reserve)
//     free      = nr_free_pages - reserve
//     cache     = nr_active_file + nr_inactive_file - nr_mapped - nr_dirty - nr_writeback
//     available = free + cache - min(cache / 2, low watermarks)
//
// with free and cache not below 0 (but free pages that the reserve lacks count against the cache):
// mapped files are somebody's running program, dirty ones have to be written first, and some cache
// is always in use.
#pragma once

#include "kernel/rooted.hpp"

#include <hetmem/id_set.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hetmem::kernel {

/// One node's share, bytes. From nodeN/vmstat and /proc/zoneinfo.
struct node_available {
    unsigned node = 0;
    std::uint64_t available = 0; ///< free + droppable cache - high watermarks; 0 when negative
    std::uint64_t free = 0;      ///< free - high watermarks: can be had without reclaim
};

/// Reads nodes repeatedly with as little work as possible: files stay open, watermarks are read
/// once (they change with sysctls and hotplug only). Use from one thread.
class node_reader {
public:
    /// Nodes that do not exist are told by read() as nothing. `root`: "/", or a copy of a machine.
    explicit node_reader(const id_set& nodes, const std::filesystem::path& root = "/");
    ~node_reader();
    node_reader(const node_reader&) = delete;
    node_reader& operator=(const node_reader&) = delete;
    /// Nothing when the node is gone.
    std::optional<node_available> read(unsigned node);
    /// `available` of all its nodes together.
    std::uint64_t read_all();

private:
    struct state;
    std::unique_ptr<state> state_;
};

/// The tightest cgroup above this process.
struct cgroup_available {
    std::uint64_t available = ~std::uint64_t{0}; ///< bytes; all ones: no limit anywhere
    std::string path;                            ///< of the cgroup that is the tightest
    std::string limit; ///< "memory.max", "memory.high", "memory.limit_in_bytes"
};

/// min over this process' cgroup and all above it that can be seen of (limit - current + what can
/// be dropped of its file cache). cgroup v2 (memory.max, memory.high, memory.stat), and v1's memory
/// controller (memory.limit_in_bytes). Files stay open; limits that are set later and a move to
/// another cgroup are noticed. Use from one thread.
class cgroup_reader {
public:
    explicit cgroup_reader(const std::filesystem::path& root = "/");
    ~cgroup_reader();
    cgroup_reader(const cgroup_reader&) = delete;
    cgroup_reader& operator=(const cgroup_reader&) = delete;
    /// What can be dropped is looked up only where less than `enough` bytes are left without it: it
    /// costs more than all the rest (memory.stat sums over CPUs and children).
    cgroup_available read(std::uint64_t enough = ~std::uint64_t{0});

private:
    struct state;
    std::unique_ptr<state> state_;
};

/// nodeN/hugepages/hugepages-SIZEkB: free_hugepages as the kernel counts them;
/// nothing when the node or the size is not there.
struct huge_pool {
    std::uint64_t total = 0; ///< pages
    std::uint64_t free = 0;  ///< pages
};
std::optional<huge_pool> read_huge_pool(unsigned node, std::uint64_t page_bytes,
                                        const std::filesystem::path& root = "/");

} // namespace hetmem::kernel
