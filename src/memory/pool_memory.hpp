// memory/pool_memory.hpp: the backing of a pool's heap: memory of a placement, within a limit.
//
// The heap is built without exceptions: what goes wrong here becomes `false`, and the reason is
// kept for whoever tells the caller.
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

    const placement& asked() const { return memory_.where(); }
    /// Why reserve() or commit() last failed; null when they never did.
    std::shared_ptr<const std::string> last_failure() const;
    /// What is held, by target, as it was granted.
    std::vector<resident_share> granted() const;
    /// Where the pages are, counted now.
    residency where() const;

private:
    bool take(std::uint64_t bytes) noexcept;
    void keep_failure(const char* why) noexcept;
    std::uint64_t forget(void* start, std::size_t length) noexcept;
    grants::leg_bytes count_legs(const void* start, std::size_t length) const;

    detail::backing memory_;
    const std::size_t granule_;
    const std::optional<std::uint64_t> limit_;
    std::atomic<std::uint64_t> held_ = 0;
    grants grants_;                                   // behind the lock of all pools
    std::shared_ptr<const std::string> last_failure_; // likewise
};

/// Lets pools work in a forked child; once for the library, the rest does nothing.
void prepare_pools_for_fork();

} // namespace hetmem::detail
