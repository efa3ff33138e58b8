// memory/pool_memory.hpp: the backing of a pool's heap: memory of a placement, within a limit.
//
// The heap is built without exceptions: what goes wrong here becomes `false`, and the reason is
// kept for the thread that it went wrong for, until it takes it.
#pragma once

#include "heap/heap.hpp"
#include "memory/backing.hpp"
#include "memory/grants.hpp"

#include <hetmem/pool.hpp>
#include <hetmem/residency.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace hetmem::detail {

// final, so its destructor needs not be virtual: NOLINTNEXTLINE(*-virtual-class-destructor)
class pool_memory final : public heap::backing {
public:
    pool_memory(const placement& where, const pool_options& options);

    std::size_t granule() const noexcept override { return granule_; }
    void* reserve(std::size_t length, std::size_t alignment) noexcept override;
    bool commit(void* start, std::size_t length, bool& zeroed) noexcept override;
    void decommit(void* start, std::size_t length) noexcept override;
    void release(void* start, std::size_t length) noexcept override;
    bool enter_child() noexcept override;

    const placement& asked() const { return memory_.where(); }
    /// Why reserve() or commit() last failed in the calling thread, if it was since that was last
    /// asked, and no memory has been had in between; else null.
    std::shared_ptr<const std::string> take_failure() noexcept;
    /// What is held, by target, as it was granted.
    std::vector<resident_share> granted() const;
    /// Where the pages are, counted now.
    residency where() const;

private:
    bool take(std::uint64_t bytes) noexcept;
    void keep_failure(const char* why) noexcept;
    std::uint64_t forget(void* start, std::size_t length) noexcept;
    grants::leg_bytes count_legs(const void* start, std::size_t length) const;

    struct failure {
        std::thread::id of;
        std::shared_ptr<const std::string> why;
    };

    detail::backing memory_;
    const bool inherited_; ///< a forked child has a copy of it
    const std::size_t granule_;
    const std::optional<std::uint64_t> limit_;
    bool lost_ = false; ///< this is a child
    std::atomic<std::uint64_t> held_ = 0;
    grants grants_;                 // behind the lock of all pools
    std::vector<failure> failures_; // likewise; one for each of a few threads
    std::atomic<bool> has_failures_ = false;
};

/// Lets pools work in a forked child; once for the library, the rest does nothing.
void prepare_pools_for_fork();

} // namespace hetmem::detail
