// heap/heap.hpp: objects of any size out of memory that somebody else provides.
//
// The engine behind hetmem::pool and the preloaded malloc. It knows sizes, threads and free lists,
// and nothing of nodes or policies: a `backing` gives it address space and memory. It needs libc
// only (no exceptions, no C++ library, no allocation but from mmap for its own records, which lie
// apart from the objects: an object's memory may be slow, reserved, or shared).
//
//     heap fast(backing);                 // any number of heaps; each thread caches in each
//     void* p = fast.allocate(64, 16);
//     heap::free(p);                      // finds the heap by itself, from any thread
//
// Thread-safe but for construction and destruction. Usable before any constructor has run and in a
// forked child; prepare_fork() and its two companions are called by pthread_atfork handlers.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hetmem::heap {

/// Where a heap's memory comes from. Called without any lock of the heap held, from any thread,
/// also from several at once; must not allocate from the heap that calls.
class backing {
public:
    /// The unit of commit() and decommit(): a power of two, at least slice_bytes.
    virtual std::size_t granule() const noexcept = 0;
    /// Address space without memory, aligned to `alignment`, both multiples of the granule; nullptr
    /// when there is none.
    virtual void* reserve(std::size_t length, std::size_t alignment) noexcept = 0;
    /// Memory for part of a reservation, readable and writable afterwards. `zeroed` is set to
    /// whether all of it is known to read as zero. False, with nothing changed, when there is none.
    virtual bool commit(void* start, std::size_t length, bool& zeroed) noexcept = 0;
    /// Takes the memory of a committed part back.
    virtual void decommit(void* start, std::size_t length) noexcept = 0;
    /// A whole reservation, whatever is committed in it.
    virtual void release(void* start, std::size_t length) noexcept = 0;
    /// In a forked child, with all locks of all heaps held: whether the memory is there, too. If
    /// not, the heap forgets its objects and reservations without giving anything back, and
    /// reserve() must fail from then on.
    virtual bool enter_child() noexcept { return true; }

protected:
    ~backing() = default;
};

/// What the page map tells apart; every object starts in a slice of its own or of its size class.
inline constexpr std::size_t slice_bytes = std::size_t{64} << 10;
inline constexpr std::size_t largest_alignment = std::size_t{1} << 30;
/// More than any address space has: what is larger is refused without asking the backing.
inline constexpr std::size_t largest_object = std::size_t{1} << 48;

struct heap_counts {
    std::uint64_t in_use = 0;      ///< bytes handed out, usable sizes
    std::uint64_t in_use_peak = 0; ///< as seen when counted or when memory was taken: a lower bound
    std::uint64_t held = 0;        ///< bytes committed
    std::uint64_t held_peak = 0;
    std::uint64_t allocations = 0;
    std::uint64_t live = 0;
};

/// One set of objects over one backing.
class heap {
public:
    /// `owner` is what owner_of() tells of the heap's objects.
    heap(backing& memory, void* owner) noexcept;
    heap(const heap&) = delete;
    heap& operator=(const heap&) = delete;
    /// All objects are gone, all memory is back, and threads that used the heap forget it.
    ~heap();

    /// False when there was no memory for its records, or no thread-specific key, or there are too
    /// many heaps: nothing can be allocated.
    bool is_valid() const noexcept { return state_ != nullptr; }

    /// nullptr when the backing has nothing left (or the request overflows). `alignment` is a power
    /// of two up to largest_alignment. 0 bytes are as 1.
    void* allocate(std::size_t bytes, std::size_t alignment) noexcept;
    /// Zeroed; spares the work where the memory is known to be zero.
    void* allocate_zeroed(std::size_t bytes, std::size_t alignment) noexcept;
    /// In place where that is possible, else a new object here, the contents copied and the old one
    /// (of whichever heap) freed. nullptr when there is no memory: the old one stays.
    void* reallocate(void* object, std::size_t bytes, std::size_t alignment) noexcept;

    /// Gives empty pages and runs back: the calling thread's cache at once, those of other threads
    /// as far as it is safe. Bytes decommitted.
    std::size_t trim() noexcept;
    heap_counts counts() const noexcept;

    /// False for a pointer that no heap handed out; nullptr is accepted.
    static bool free(void* object) noexcept;
    /// 0 for what is no object of any heap.
    static std::size_t usable_size(const void* object) noexcept;
    static void* owner_of(const void* object) noexcept;

    /// Around fork(): all locks are taken before and let go after, in parent and child.
    static void prepare_fork() noexcept;
    static void parent_after_fork() noexcept;
    static void child_after_fork() noexcept;

private:
    struct state;
    state* state_;
};

} // namespace hetmem::heap
