// heap/threads.hpp: which cache a thread has in which heap; threads that end, heaps that end, fork.
//
// A thread finds the cache it used last in its thread-local storage, the others in a table of its
// own by the heap's index. Both say the heap's id too, so that what is left of a destroyed heap is
// never taken for a new one's.
#pragma once

#include "heap/body.hpp"

#include <cstdint>

namespace hetmem::heap {

struct thread_record;

/// All of the library's thread-local storage: a library that is loaded late gets little.
struct thread_local_state {
    std::uint64_t heap_id = 0;
    cache* last = nullptr; ///< of that heap
    thread_record* record = nullptr;
};
static_assert(sizeof(thread_local_state) <= 32);
// NOLINTNEXTLINE(*-avoid-non-const-global-variables, bugprone-dynamic-static-initializers)
extern constinit thread_local thread_local_state here;

/// The calling thread, as long as it lives; never 0 or no_thread.
inline std::uintptr_t this_thread() noexcept {
    return reinterpret_cast<std::uintptr_t>(&here);
}

/// The calling thread's cache in a heap; nullptr when there is no memory for one.
cache* find_cache(body& of) noexcept;
/// Only if it has one.
cache* existing_cache(const body& of) noexcept;

/// Gives it an id and a place; false when there are too many heaps, or thread-specific keys.
bool enter_heap(body& fresh) noexcept;
/// Frees its caches; no thread finds it any more.
void leave_heap(body& dying) noexcept;

void lock_everything() noexcept;
void unlock_everything() noexcept;
/// In a forked child, before unlocking: what belonged to threads that do not exist here is
/// abandoned.
void forget_other_threads() noexcept;

} // namespace hetmem::heap
