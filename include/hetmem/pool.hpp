// hetmem/pool.hpp: objects of any size inside a placement.
//
//     auto machine = hetmem::discover();
//     hetmem::pool fast(hetmem::bind(machine, "hbm"));
//     void* p = fast.allocate(64);
//     hetmem::free(p);                                     // from any thread, the pool unnamed
//     std::pmr::vector<double> v(1'000'000, &fast);        // a std::pmr::memory_resource
//     std::vector<int, hetmem::allocator<int>> w(hetmem::allocator<int>{fast});
//
// A pool takes memory from its placement in grants (2 MiB and more), populated as strictly as a
// region is, and hands out objects of them. When the placement is exhausted an allocation fails; no
// program is killed. All functions are thread-safe but the destructor, which frees whatever is
// left. A pool works in both processes after a fork; the child's pages land where the kernel finds
// room. Not so a pool whose placement has a dax device or a directory in it: a child would share
// that memory. There the pool is empty: its objects cannot be used, to free them does nothing, and
// allocations fail. Children that are made around fork(), by _Fork() or clone(), are not noticed.
#pragma once

#include <hetmem/export.hpp>
#include <hetmem/placement.hpp>
#include <hetmem/region.hpp>
#include <hetmem/units.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <memory_resource>
#include <new>
#include <optional>
#include <string>
#include <vector>

namespace hetmem {

struct pool_options {
    page_size pages = page_size::transparent;
    /// The most that the pool takes from its placement; nothing: as much as there is. An allocation
    /// beyond it fails with an allocation_failed that names the limit.
    std::optional<byte_size> limit{};
    /// As in region_options.
    byte_size reserve = byte_size::from_mib(32);
};

struct pool_statistics {
    byte_size in_use; ///< handed out to callers, usable sizes
    byte_size in_use_peak;
    byte_size held; ///< taken from the placement
    byte_size held_peak;
    std::vector<resident_share> targets; ///< `held`, by target, as granted (pool::where() counts)
    std::uint64_t allocations = 0;       ///< objects ever handed out
    std::uint64_t live = 0;              ///< objects handed out and not freed
};

/// What an exhausted pool throws: a std::bad_alloc whose what() says which limit or target.
class HETMEM_EXPORT allocation_failed : public std::bad_alloc {
public:
    explicit allocation_failed(std::shared_ptr<const std::string> why) : why_(std::move(why)) {}
    ~allocation_failed() override;
    const char* what() const noexcept override;

private:
    std::shared_ptr<const std::string> why_;
};

class HETMEM_EXPORT pool final : public std::pmr::memory_resource {
public:
    /// Takes nothing from the placement yet. Throws hetmem::error (EINVAL for options that
    /// contradict the placement, ENOMEM when the pool's own records cannot be had), not_permitted,
    /// target_lost.
    explicit pool(const placement& where, const pool_options& options = {});
    pool(const pool&) = delete;
    pool& operator=(const pool&) = delete;
    /// Frees every object that is left and gives all memory back.
    ~pool() override;

    /// Uninitialised memory, aligned to `alignment` (a power of two up to 1 GiB); never a null
    /// pointer, also for 0 bytes. Throws allocation_failed.
    void* allocate(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t));
    /// The same, a null pointer when it fails.
    void* try_allocate(std::size_t bytes,
                       std::size_t alignment = alignof(std::max_align_t)) noexcept;
    /// Zeroed memory for count objects of `bytes`; throws allocation_failed, also on overflow.
    void* allocate_zeroed(std::size_t count, std::size_t bytes);
    /// Grows or shrinks, moving if it must; contents up to the smaller size are kept. A null
    /// pointer allocates. When it throws, the object is as it was. The object may be of any pool;
    /// what is returned is of this one.
    void* reallocate(void* object, std::size_t bytes);

    /// Gives memory that no object uses back to the system; how much that was.
    byte_size trim();
    pool_statistics statistics() const;
    /// Where the pages are, counted now.
    residency where() const;
    const placement& asked() const;

    /// The pool that an object is of; a null pointer when it is of none.
    static pool* of(const void* object) noexcept;

private:
    void* do_allocate(std::size_t bytes, std::size_t alignment) override;
    void do_deallocate(void* object, std::size_t bytes, std::size_t alignment) override;
    bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override;

    struct state;
    std::unique_ptr<state> state_;
};

/// Frees an object of whichever pool it is; a null pointer is ignored. The behaviour for a pointer
/// that no pool handed out, or that was freed, is undefined (such a free is refused where it is
/// noticed).
HETMEM_EXPORT void free(void* object) noexcept;
/// How many bytes of the object may be used, at least what was asked for; 0 for what is no object.
HETMEM_EXPORT std::size_t usable_size(const void* object) noexcept;

/// For containers: std::vector<T, hetmem::allocator<T>>. Copies share the pool, which must outlive
/// them.
template <class T> class allocator {
public:
    using value_type = T;
    using propagate_on_container_copy_assignment = std::true_type;
    using propagate_on_container_move_assignment = std::true_type;
    using propagate_on_container_swap = std::true_type;

    explicit allocator(pool& from) noexcept : pool_(&from) {}
    template <class Other>
    allocator(const allocator<Other>& other) noexcept // NOLINT(*-explicit-*)
        : pool_(other.resource()) {}

    /// Throws allocation_failed (a std::bad_alloc).
    T* allocate(std::size_t count) {
        if (count > std::numeric_limits<std::size_t>::max() / sizeof(T)) {
            throw std::bad_array_new_length();
        }
        return static_cast<T*>(pool_->allocate(count * sizeof(T), alignof(T)));
    }
    void deallocate(T* object, std::size_t) noexcept { hetmem::free(object); }
    pool* resource() const noexcept { return pool_; }

    template <class Other> bool operator==(const allocator<Other>& other) const noexcept {
        return pool_ == other.resource();
    }

private:
    pool* pool_;
};

} // namespace hetmem
