#include "memory/pool_memory.hpp"

#include "heap/lock.hpp"
#include "memory/residency.hpp"
#include "memory/uncancellable.hpp"
#include "memory/words.hpp"

#include <hetmem/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include <pthread.h>

namespace hetmem::detail {
namespace {

// A pool takes at least this at once: less would spend more on asking what is available than on
// the memory.
constexpr std::size_t smallest_grant = std::size_t{2} << 20;

// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): the process has one of each

// One lock for the books of all pools: they are opened a few times for 2 MiB or more, and fork()
// has one lock to take instead of one a pool.
heap::mutex books;

// Behind the lock: how many threads are taking memory or giving it back. fork() waits until nobody
// is: a child would find locks taken by threads that it does not have.
unsigned changes = 0;
heap::condition calm;

// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

void before_fork() {
    // The heap's locks first: nobody comes here anew without one of them, so that the wait ends.
    heap::heap::prepare_fork();
    books.lock();
    while (changes != 0) {
        calm.wait(books);
    }
}

void after_fork_in_parent() {
    books.unlock();
    heap::heap::parent_after_fork();
}

void after_fork_in_child() {
    calm.forget_waiters(); // other threads that were about to fork as well
    books.unlock();
    heap::heap::child_after_fork();
}

backing_options options_for(const placement& where, const pool_options& options) {
    backing_options wanted;
    wanted.pages = options.pages;
    wanted.reserve = options.reserve;
    // What a child would share instead of getting a copy of is not there in a child.
    wanted.keep_on_fork = of_nodes_only(where);
    return wanted;
}

std::string_view share_name(const leg& from) {
    return from.name;
}

int share_node(const leg& from) {
    return from.kind == leg_kind::node ? from.node : -1;
}

const leg& leg_at(const placement& where, std::size_t index) {
    const std::size_t own = where.legs().size();
    return index < own ? where.legs()[index] : where.overflow()[index - own];
}

/// The time in which a pool's memory changes. errno stays what it was: it may be part of a free.
class change {
public:
    change() : errno_(errno) {
        const heap::lock_guard lock(books);
        ++changes;
    }
    ~change() {
        {
            const heap::lock_guard lock(books);
            if (--changes == 0) {
                calm.wake_all();
            }
        }
        errno = errno_;
    }
    change(const change&) = delete;
    change& operator=(const change&) = delete;

private:
    int errno_;
    uncancellable scope_;
};

} // namespace

void prepare_pools_for_fork() {
    // The handlers go when the library is unloaded: they are registered for this library alone.
    static const int registered =
        pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
    if (registered != 0) {
        throw error(registered, "fork handlers of pools");
    }
}

pool_memory::pool_memory(const placement& where, const pool_options& options)
    : memory_(where, options_for(where, options)), inherited_(of_nodes_only(where)),
      granule_(std::max(smallest_grant, memory_.granule())),
      limit_(options.limit ? std::optional(options.limit->bytes()) : std::nullopt),
      grants_(where.legs().size() + where.overflow().size()) {}

void* pool_memory::reserve(std::size_t length, std::size_t alignment) noexcept {
    const change scope;
    if (lost_) {
        keep_failure("this pool's memory is not in a forked child");
        return nullptr;
    }
    try {
        return memory_.reserve(length, std::max(alignment, granule_)).data();
    } catch (const std::exception& e) {
        keep_failure(e.what());
    } catch (...) {
        keep_failure("no address space");
    }
    return nullptr;
}

bool pool_memory::commit(void* start, std::size_t length, bool& zeroed) noexcept {
    const change scope;
    if (!take(length)) {
        return false;
    }
    auto* const first = static_cast<std::byte*>(start);
    try {
        commitment got = memory_.commit(first, length);
        try {
            const heap::lock_guard lock(books);
            grants_.add(reinterpret_cast<std::uintptr_t>(start), length, std::move(got.bytes));
        } catch (...) {
            memory_.decommit(first, length);
            throw;
        }
        zeroed = got.zeroed;
        static_cast<void>(take_failure()); // of an attempt that this one makes good
        return true;
    } catch (const std::exception& e) {
        keep_failure(e.what());
    } catch (...) {
        keep_failure("the memory could not be had");
    }
    held_.fetch_sub(length, std::memory_order_relaxed);
    return false;
}

void pool_memory::decommit(void* start, std::size_t length) noexcept {
    const change scope;
    const std::uint64_t given_back = forget(start, length);
    memory_.decommit(static_cast<std::byte*>(start), length);
    held_.fetch_sub(given_back, std::memory_order_relaxed);
}

void pool_memory::release(void* start, std::size_t length) noexcept {
    const change scope;
    const std::uint64_t given_back = forget(start, length);
    memory_.release(static_cast<std::byte*>(start), length);
    held_.fetch_sub(given_back, std::memory_order_relaxed);
}

bool pool_memory::enter_child() noexcept {
    if (!inherited_) {
        lost_ = true;
        held_.store(0, std::memory_order_relaxed);
        grants_.clear();
    }
    return inherited_;
}

bool pool_memory::take(std::uint64_t bytes) noexcept {
    // Counted before it is taken, so that two threads cannot pass the limit together.
    const std::uint64_t before = held_.fetch_add(bytes, std::memory_order_relaxed);
    if (!limit_ || (before <= *limit_ && bytes <= *limit_ - before)) {
        return true;
    }
    held_.fetch_sub(bytes, std::memory_order_relaxed);
    try {
        keep_failure(fmt::format("the pool's limit is {}; it holds {} and needs {} more",
                                 in_words(*limit_), in_words(before), in_words(bytes))
                         .c_str());
    } catch (...) {
        keep_failure("the pool's limit is reached");
    }
    return false;
}

void pool_memory::keep_failure(const char* why) noexcept {
    try {
        static_cast<void>(take_failure());
        auto kept = std::make_shared<const std::string>(why);
        const heap::lock_guard lock(books);
        failures_.push_back({std::this_thread::get_id(), std::move(kept)});
        has_failures_.store(true, std::memory_order_relaxed);
    } catch (...) {
        return; // there is no memory for the reason
    }
}

std::uint64_t pool_memory::forget(void* start, std::size_t length) noexcept {
    const auto first = reinterpret_cast<std::uintptr_t>(start);
    try {
        {
            const heap::lock_guard lock(books);
            if (!grants_.splits_legs(first, length)) {
                return grants_.remove(first, length);
            }
        }
        const grants::leg_bytes seen = count_legs(start, length);
        const heap::lock_guard lock(books);
        return grants_.remove(first, length, seen);
    } catch (...) {
        // No memory for a note: the books keep what is no longer held, until the reservation goes.
        return 0;
    }
}

grants::leg_bytes pool_memory::count_legs(const void* start, std::size_t length) const {
    grants::leg_bytes seen(grants_.totals().size());
    try {
        const residency now = hetmem::where(start, length);
        for (std::size_t i = 0; i < seen.size(); ++i) {
            const leg& from = leg_at(asked(), i);
            if (from.kind == leg_kind::node) {
                seen[i] = now.on_node(from.node).bytes();
            } else {
                seen[i] = now.on(share_name(from)).bytes();
            }
        }
    } catch (const error&) {
        seen.clear(); // not told: the last legs of the chain first
    }
    return seen;
}

std::shared_ptr<const std::string> pool_memory::take_failure() noexcept {
    // What this thread has left there it sees; mostly there is nothing.
    if (!has_failures_.load(std::memory_order_relaxed)) {
        return nullptr;
    }
    const heap::lock_guard lock(books);
    const auto found = std::ranges::find(failures_, std::this_thread::get_id(), &failure::of);
    if (found == failures_.end()) {
        return nullptr;
    }
    auto why = std::move(found->why);
    failures_.erase(found);
    has_failures_.store(!failures_.empty(), std::memory_order_relaxed);
    return why;
}

std::vector<resident_share> pool_memory::granted() const {
    const auto totals = [this] {
        const heap::lock_guard lock(books);
        return grants_.totals();
    }();
    std::vector<resident_share> shares;
    for (std::size_t i = 0; i < totals.size(); ++i) {
        const leg& from = leg_at(asked(), i);
        add_share(shares, {std::string(share_name(from)), share_node(from),
                           byte_size::from_bytes(totals[i])});
    }
    return shares;
}

residency pool_memory::where() const {
    const auto held = [this] {
        const heap::lock_guard lock(books);
        return grants_.ranges();
    }();
    residency all;
    for (const grants::range& part : held) {
        try {
            all += hetmem::where(reinterpret_cast<const void*>(part.start), part.length);
        } catch (const error& e) {
            if (e.code() == std::errc::invalid_argument) {
                continue; // unmapped since the books were read
            }
            throw;
        }
    }
    return all;
}

} // namespace hetmem::detail
