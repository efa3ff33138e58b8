// memory/guard.hpp: may this piece of memory be taken without anybody being killed for it?
//
// The kernel calls its OOM killer when an allocation finds no page in all the nodes that it may
// use, or when a cgroup cannot get below its limit. A preferred policy may use every node of the
// cpuset, so it is enough to stay away from both ends. Before a piece is populated, all of these
// must hold:
//
//   - what is available on the target, less its headroom, is at least the piece;
//   - what is available on all nodes of the cpuset together, less the reserve, is at least the
//   piece;
//   - what every cgroup above this process may still take, less the reserve, is at least the piece;
//
// where pieces that other threads of ours are just populating count as taken. The reserve (32 MiB a
// populating thread) is for everything that happens between the look and the touch.
//
// A look costs 10-50 us (three or more files of sysfs and proc) and populating 2 MiB 100-400 us. So
// a look is good for a while: one that found the slack S (the smallest of the three) covers what
// follows until
//
//       (bytes admitted since) + (time since) x 64 GB/s  >=  S / 2.
//
// 64 GB/s is more than all cores of a socket together fault in, so even if every other program did
// nothing but take memory, half of S would still be there when the next look is taken. Close to the
// end S is small and every piece has its own look. A look is never older than that, across commits
// too: nothing is cached for its own sake.
//
// One guard serves the whole process: pieces of all regions and pools count, and thousands of pools
// do not keep thousands of files open. Thread-safe, and usable in a forked child, where a lock that
// another thread held stays locked: the child begins anew.
#pragma once

#include <hetmem/error.hpp>
#include <hetmem/id_set.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

namespace hetmem::detail {

/// Why something could not be had, and how much could.
struct shortfall {
    shortage reason = shortage::target;
    std::string what;
    std::uint64_t available = 0; ///< bytes
    /// no_space_on_device where devices and file systems are full, as they say it themselves.
    std::errc code = std::errc::not_enough_memory;
};

/// Where the figures come from: the kernel, or made-up ones in tests.
class memory_reader {
public:
    virtual ~memory_reader() = default;
    struct cgroup_room {
        std::uint64_t available = ~std::uint64_t{0};
        std::string name; ///< "memory.max of /x"
    };
    virtual id_set allowed_nodes() = 0;
    /// Nothing when the node is gone.
    virtual std::optional<std::uint64_t> node_available(unsigned node) = 0;
    virtual std::uint64_t all_available(const id_set& nodes) = 0;
    virtual cgroup_room cgroup() = 0;
    virtual std::chrono::nanoseconds now() = 0;
};
std::unique_ptr<memory_reader> kernel_reader();

class guard {
public:
    using make_reader = std::unique_ptr<memory_reader> (*)();
    explicit guard(make_reader make = kernel_reader);
    ~guard();
    guard(const guard&) = delete;
    guard& operator=(const guard&) = delete;

    /// The one that everything but tests uses; never destroyed, since memory may be asked for while
    /// the program ends.
    static guard& of_process();

    /// No target: what is of no node's account (file systems in memory).
    struct request {
        std::optional<unsigned> node;
        std::uint64_t bytes = 0;
        std::uint64_t headroom = 0; ///< stays available on the node
        std::uint64_t reserve = 0;  ///< stays available in the system and each cgroup
    };
    /// Nothing: go ahead, and say finished() when the pages are there (or are not wanted any more).
    /// Throws target_lost when the node is gone.
    std::optional<shortfall> admit(const request& piece);
    void finished(std::uint64_t bytes);

    /// What could be had at most, by a fresh look; `bytes` is ignored.
    shortfall room(const request& piece);

    /// The nodes that the calling thread's cpuset allows, now (3 us).
    id_set allowed();
    /// Whether that is this node and no other. Then the kernel can place pages nowhere else, and
    /// neither a policy nor a look at where they are is needed.
    bool is_only_node(unsigned node);

private:
    struct state;
    state& of_this_process();

    make_reader make_;
    std::atomic<state*> state_; // owned; that of a parent process is left alone
};

} // namespace hetmem::detail
