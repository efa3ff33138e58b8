// kernel/policy.hpp: the kernel's memory policy and page moves (mbind(2), set_mempolicy(2),
// move_pages(2), madvise(2)), for any node number below node_limit.
//
// Functions return 0 or an errno value, as `outcome`; they never throw and print nothing. A seccomp
// filter's EPERM and ENOSYS come through as they are. They use system calls directly, no libnuma.
#pragma once

#include <hetmem/id_set.hpp>

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace hetmem::kernel {

enum class policy : std::uint8_t { default_, preferred, bind, interleave, preferred_many };

/// The policy of a mapping; pages that are there stay where they are. `nodes` is empty for
/// default_, one node for preferred.
int set_range_policy(void* start, std::size_t length, policy mode, const id_set& nodes);
/// The policy of the calling thread (inherited by what it starts, kept over exec).
int set_thread_policy(policy mode, const id_set& nodes);
/// What get_mempolicy(2) says of the calling thread.
struct thread_policy {
    int mode = 0;
    id_set nodes;
};
int get_thread_policy(thread_policy& found);
/// The policy of the mapping at an address (MPOL_DEFAULT where it has none), with its flags; and
/// that of a range as it was read.
int get_range_policy(const void* at, thread_policy& found);
int set_range_policy(void* start, std::size_t length, const thread_policy& as_read);

/// mbind(2) with MPOL_MF_MOVE: the mapping prefers `node` from now on, and the pages that are there
/// move to it, in one walk of the kernel's. A preferred policy calls no OOM killer, but pages for
/// which the node has no room may land on another one; nothing tells how many moved.
int prefer_and_move(void* start, std::size_t length, unsigned node);
/// The same without moving anything: EIO when a page that is there is on another node.
int prefer_and_check(void* start, std::size_t length, unsigned node);

/// move_pages(2) with targets. Every element of `status` is set before the call, so that "not
/// written" is seen as `not_told`: the node number, a negative errno, or not_told. Returns 0, or
/// the errno value; part may have moved even then. EAGAIN: pages stayed that could not be moved
/// now, and those behind them were not tried. Only pages that nobody else maps are moved
/// (MPOL_MF_MOVE). pid 0: this process.
inline constexpr int not_told = -1000;
int move_pages(pid_t pid, std::span<void* const> pages, int node, std::span<int> status);
/// The query: where pages are. -ENOENT does not prove absence (Linux 6.1 with NUMA balancing).
int query_pages(pid_t pid, std::span<void* const> pages, std::span<int> status);

/// MADV_POPULATE_WRITE, resumed after EINTR and EAGAIN.
int populate(void* start, std::size_t length);

} // namespace hetmem::kernel
