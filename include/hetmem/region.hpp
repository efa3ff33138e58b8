// hetmem/region.hpp: an owned range of memory on the memories that were asked for.
//
//     auto machine = hetmem::discover();
//     hetmem::region r(hetmem::byte_size::from_mib(4096), hetmem::bind(machine, "hbm"));
//     use(r.data(), r.size());
//     r.where();                          // bytes a target, counted now
//     r.migrate(hetmem::bind(machine, "node0"));
//
// Strict means strict: when the constructor returns, every page is where the placement says; when
// it throws target_full, nothing is held. Neither makes the kernel's OOM killer act: memory is
// populated in small pieces under a preferred policy, and before a piece is taken, what is
// available on the nodes of the cpuset and in every cgroup above this process must exceed a
// reserve. Against programs that take memory at the same moment without such care this is bounded,
// not absolute.
//
// Strict is true when the constructor returns. What may undo it later: demotion, swapping, a change
// of the cpuset, memory that is taken offline, KSM, MADV_DONTNEED, and a fork (a region is
// MADV_DONTFORK unless asked otherwise). verify() counts again; lock() prevents most of it.
// docs/placement.md lists what undoes what.
//
// One that was moved from may be assigned to, destroyed, and asked for data() (null) and size()
// (0). A region may be used from any thread. migrate(), lock() and the destructor need the caller's
// own order among themselves; where() and verify() may run beside everything but the destructor.
#pragma once

#include <hetmem/error.hpp>
#include <hetmem/export.hpp>
#include <hetmem/placement.hpp>
#include <hetmem/residency.hpp>
#include <hetmem/units.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

namespace hetmem {

enum class page_size : std::uint8_t {
    transparent, ///< 4 KiB pages that the kernel may join to huge ones (MADV_HUGEPAGE)
    base,        ///< 4 KiB pages only (MADV_NOHUGEPAGE)
    huge_2m,     ///< from the node's pool of 2 MiB pages; an empty pool is target_full
    huge_1g,     ///< from the node's pool of 1 GiB pages
};

struct region_options {
    page_size pages = page_size::transparent;
    /// One physically contiguous extent; dax targets only (EINVAL otherwise).
    bool contiguous = false;
    /// Dax targets: false leaves what the last user wrote. Everything else always comes zeroed.
    bool zeroed = true;
    /// A forked child gets a copy (not of huge pages of a pool that is empty; what is on a dax
    /// device or in a directory, which it would share, is never there in a child). Its copy and,
    /// after its writes, the parent's pages land where the kernel finds room.
    bool keep_on_fork = false;
    /// mlock(2): not swapped, not demoted. Needs RLIMIT_MEMLOCK.
    bool locked = false;
    /// Threads that populate; 0: as many as help.
    unsigned threads = 0;
    /// What must remain available in the system and in each cgroup, for each populating thread.
    byte_size reserve = byte_size::from_mib(32);
    /// The address is a multiple of this (a power of two); 0: of the page size.
    byte_size alignment{};
};

/// The pages of a region against its placement.
struct verification {
    bool kept = false; ///< every page is on a memory of the placement (and present)
    residency now;
    byte_size strayed; ///< on other memories
    byte_size absent;  ///< not present (swapped out, given back)
};

struct migrate_options {
    /// True: all of it gets there, or it is put back and target_full is thrown, whose strayed() is
    /// what could not be put back. False: as far as it goes; the result says how far.
    bool all_or_nothing = true;
    /// Threads that move; 0: as many as help.
    unsigned threads = 0;
    byte_size reserve = byte_size::from_mib(32);
    /// Called now and then, by one of the threads that migrate, never by two at once. Returning
    /// false stops: as far as it went, or put back (target_full with the code ECANCELED).
    std::function<bool(byte_size done, byte_size total)> progress;
    /// Needed when dax extents or directories are involved, which the kernel cannot move: nobody
    /// may touch the region from when `quiesce` returned until `resume` is called (also on
    /// failure).
    std::function<void()> quiesce;
    std::function<void()> resume;
};

struct migration {
    bool complete = false; ///< every page is on a memory of the new placement
    byte_size moved;       ///< bytes that changed their memory
    byte_size remaining;   ///< bytes that are not where the new placement says
    std::string why;       ///< what stopped it; of a chain also why pages stayed on a later memory
    residency now;
};

class HETMEM_EXPORT region {
public:
    /// Throws target_full (nothing is held then; its reason says whether the target, a huge-page
    /// pool, a cgroup or the system was short), not_permitted (a container's seccomp filter or
    /// cpuset, RLIMIT_MEMLOCK), target_reserved, target_lost, hetmem::error (EINVAL) for a size of
    /// 0 or options that contradict each other. The size is rounded up to whole pages.
    region(byte_size size, const placement& where, const region_options& options = {});
    region(region&&) noexcept;
    region& operator=(region&&) noexcept;
    /// Unmaps; gives extents and files back.
    ~region();

    void* data() const;
    std::size_t size() const; ///< bytes, whole pages
    std::span<std::byte> bytes() const { return {static_cast<std::byte*>(data()), size()}; }
    placement asked() const; ///< the placement in force (the last migration's)

    /// Counts where the pages are, now.
    residency where() const;
    /// Counts again and compares with the placement.
    verification verify() const;

    /// Moves the pages while other threads go on using them. Throws target_full, not_permitted,
    /// hetmem::error (EINVAL: dax without quiesce, huge pages of a pool: those do not move).
    migration migrate(const placement& to, const migrate_options& options = {});

    /// mlock(2) and munlock(2). Throws not_permitted naming RLIMIT_MEMLOCK.
    void lock();
    void unlock();

private:
    struct state;
    std::unique_ptr<state> state_;
};

/// Moves pages of another process (or of this one), as far as it goes. Its policy stays: what it
/// touches later goes where its own policy says. `pattern` (a shell pattern such as "[heap]" or
/// "*libfoo*"; nothing: all) chooses mappings by name; anonymous ones are called "[anon]". Only
/// placements of nodes (EINVAL otherwise). Throws not_permitted, hetmem::error: ESRCH, ENOENT when
/// no mapping has such a name.
HETMEM_EXPORT migration migrate_process(pid_t pid, const placement& to,
                                        const std::optional<std::string>& pattern = {},
                                        const migrate_options& options = {});

} // namespace hetmem
