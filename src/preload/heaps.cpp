#include "preload/heaps.hpp"

#include "preload/message.hpp"
#include "preload/placed_memory.hpp"
#include "preload/plain_memory.hpp"
#include "preload/report.hpp"
#include "preload/settings.hpp"

#include <pthread.h>
#include <sched.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <cstdlib>
#include <limits>
#include <new>

namespace hetmem::preload {

// What the process has one of each, before any constructor runs.
// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables)
namespace detail {
constinit std::atomic<heap::heap*> small_heap = nullptr;
constinit std::atomic<heap::heap*> large_heap = nullptr;
constinit std::atomic<std::size_t> large_from = std::numeric_limits<std::size_t>::max();
} // namespace detail
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

namespace {

/// Room for an object that is made when it is needed, and never destroyed: other libraries free
/// memory as long as the process lives.
template <class Object> class made_once {
public:
    template <class... Arguments> Object& make(Arguments&&... arguments) noexcept {
        // NOLINTNEXTLINE(cppcoreguidelines-owning-memory): it lies in room_
        made_ = ::new (static_cast<void*>(room_)) Object(arguments...);
        return *made_;
    }
    Object* get() const noexcept { return made_; }

private:
    alignas(Object) unsigned char room_[sizeof(Object)] = {}; // NOLINT(*-avoid-c-arrays)
    Object* made_ = nullptr;
};

// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): as above
constinit plain_memory ordinary_memory;
constinit made_once<heap::heap> ordinary_heap;
constinit placement asked;
constinit made_once<placed_memory> placed;
constinit made_once<heap::heap> placed_heap;
constinit report_pipe report_to;

/// How far the preparations are. Nobody waits for more than `ordinary`: what prepares further may
/// itself call malloc, and is served from the ordinary heap.
enum class stage : int { nothing, making_ordinary, ordinary, reading_environment, complete };
constinit std::atomic<stage> reached = stage::nothing;
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

bool advance(stage from, stage to) noexcept {
    return reached.compare_exchange_strong(from, to, std::memory_order_acq_rel);
}

void before_fork() noexcept {
    heap::heap::prepare_fork();
    if (placed.get() != nullptr) {
        placed.get()->before_fork();
    }
}
void in_parent() noexcept {
    if (placed.get() != nullptr) {
        placed.get()->in_parent();
    }
    heap::heap::parent_after_fork();
}
void in_child() noexcept {
    if (placed.get() != nullptr) {
        placed.get()->in_child();
    }
    heap::heap::child_after_fork();
}

/// The C library has set `environ` before it runs any constructor, but not before the loader's own
/// first calls.
void read_environment() noexcept {
    const bool is_trusted = ::getauxval(AT_SECURE) == 0;
    const char* const text = is_trusted ? std::getenv("HETMEM_MALLOC") : nullptr;
    heap::heap* small = ordinary_heap.get();
    if (text != nullptr && *text != '\0') {
        if (asked.parse(text)) {
            heap::heap& made = placed_heap.make(placed.make(asked), nullptr);
            detail::large_heap.store(&made, std::memory_order_relaxed);
            const char* const large = std::getenv("HETMEM_MALLOC_LARGE");
            std::size_t bytes = 0;
            if (large == nullptr) {
                small = &made;
            } else if (parse_bytes(large, bytes)) {
                detail::large_from.store(bytes, std::memory_order_relaxed);
            } else {
                say({"HETMEM_MALLOC_LARGE=", large,
                     " is not a number of bytes: nothing is placed"});
            }
        } else {
            say({"HETMEM_MALLOC=", text, " is ignored: ", asked.error()});
        }
    }
    const char* const pipe = is_trusted ? std::getenv("HETMEM_MALLOC_REPORT") : nullptr;
    if (pipe != nullptr) {
        parse_report_pipe(pipe, report_to);
    }
    detail::small_heap.store(small, std::memory_order_release);
}

} // namespace

heap::heap& detail::first_heap(std::size_t bytes) noexcept {
    if (advance(stage::nothing, stage::making_ordinary)) {
        ordinary_heap.make(ordinary_memory, nullptr);
        reached.store(stage::ordinary, std::memory_order_release);
    }
    while (reached.load(std::memory_order_acquire) == stage::making_ordinary) {
        ::sched_yield();
    }
    if (::environ != nullptr && advance(stage::ordinary, stage::reading_environment)) {
        // Before any library that starts after us registers its own: handlers run before a fork in
        // the opposite order, so that theirs may still call malloc.
        ::pthread_atfork(before_fork, in_parent, in_child);
        read_environment();
        reached.store(stage::complete, std::memory_order_release);
        return heap_for(bytes);
    }
    return *ordinary_heap.get();
}

std::size_t trim_all() noexcept {
    std::size_t bytes = 0;
    for (heap::heap* one : {ordinary_heap.get(), placed_heap.get()}) {
        bytes += one != nullptr ? one->trim() : 0;
    }
    return bytes;
}

heap::heap_counts count_all() noexcept {
    heap::heap_counts sum;
    for (const heap::heap* one : {ordinary_heap.get(), placed_heap.get()}) {
        if (one != nullptr) {
            const heap::heap_counts counts = one->counts();
            sum.in_use += counts.in_use;
            sum.held += counts.held;
            sum.live += counts.live;
        }
    }
    return sum;
}

namespace {

[[gnu::destructor]] void report_at_exit() noexcept {
    report(report_to, placed.get());
}

} // namespace

} // namespace hetmem::preload
