// kernel/node.hpp: /sys/devices/system/node, as the kernel shows it.
//
//     node_list nodes = read_nodes(reader);
//     for (const node& n : nodes.nodes) { use(n.number, n.total_bytes, n.access0); }
#pragma once

#include "kernel/rooted.hpp"

#include <hetmem/id_set.hpp>

#include <cstdint>
#include <optional>
#include <vector>

namespace hetmem::kernel {

/// nodeN/accessC/initiators: the best initiators of node N and what they reach. A figure of 0 is
/// the kernel's way to say that it has none; it stays 0 here.
struct access_class {
    std::vector<unsigned> initiators; ///< node numbers, ascending
    std::optional<std::uint64_t> read_latency_ns;
    std::optional<std::uint64_t> write_latency_ns;
    std::optional<std::uint64_t> read_bandwidth_mb;
    std::optional<std::uint64_t> write_bandwidth_mb;
};

/// nodeN/memory_side_cache/indexL, numbers as printed
/// (Documentation/ABI/stable/sysfs-devices-node).
struct side_cache {
    unsigned level = 0;
    std::optional<std::uint64_t> size_bytes;
    std::optional<std::uint64_t> line_size_bytes;
    std::optional<std::uint64_t> indexing;     ///< 0 direct-mapped, 1 complex, 2 other
    std::optional<std::uint64_t> write_policy; ///< 0 write-back, 1 write-through, 2 other
    std::optional<std::uint64_t> address_mode; ///< 0 reserved, 1 extended-linear; since Linux 6.15
};

/// nodeN/hugepages/hugepages-<size>kB
struct huge_page_counts {
    std::uint64_t page_bytes = 0;
    std::uint64_t total = 0; ///< pages
    std::uint64_t free = 0;  ///< pages
};

/// One nodeN directory.
struct node {
    unsigned number = 0;
    id_set cpus;
    std::optional<std::uint64_t> total_bytes; ///< MemTotal
    std::optional<std::uint64_t> free_bytes;  ///< MemFree
    /// One value for each of node_list::distance_columns; empty when there is no such row.
    std::vector<std::uint8_t> distances;
    std::optional<access_class> access0;      ///< best initiators of any kind
    std::optional<access_class> access1;      ///< best initiators that are CPUs
    std::vector<side_cache> caches;           ///< ascending by level
    std::vector<huge_page_counts> huge_pages; ///< ascending by page size
    std::vector<std::uint32_t> memory_blocks; ///< numbers, ascending
};

struct node_list {
    outcome listed; ///< whether and why not /sys/devices/system/node could be listed
    std::optional<id_set> online;
    std::optional<id_set> possible;
    std::optional<id_set> has_cpu;
    std::optional<id_set> has_memory;
    std::optional<id_set> has_generic_initiator;
    std::vector<node> nodes; ///< ascending by number; numbers may be sparse
    /// The nodes that the values of a distance row speak of, in their order.
    std::vector<unsigned> distance_columns;

    /// Nothing when the node is not there.
    const node* find(unsigned number) const;
    std::optional<unsigned> distance(unsigned from, unsigned to) const;
};

/// Empty `nodes` when the kernel has none (built without NUMA) or a copy lacks them.
node_list read_nodes(const rooted_reader& reader);

struct memory_totals {
    std::optional<std::uint64_t> total_bytes; ///< MemTotal
    std::optional<std::uint64_t> free_bytes;  ///< MemFree
};

/// The whole machine's, from /proc/meminfo: for kernels without node directories.
memory_totals read_memory_totals(const rooted_reader& reader);

/// What of a node changes all the time, read afresh: of a pool its page size is known already.
memory_totals read_node_totals(const rooted_reader& reader, unsigned node);
/// Leaves what it was when it cannot be read.
void read_again(const rooted_reader& reader, unsigned node, huge_page_counts& pool);

} // namespace hetmem::kernel
