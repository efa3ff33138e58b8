#include <hetmem/pool.hpp>

#include "heap/heap.hpp"
#include "memory/pool_memory.hpp"

#include <hetmem/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>

namespace hetmem {
namespace {

bool can_align(std::size_t alignment) {
    return (alignment & (alignment - 1)) == 0 && alignment - 1 < heap::largest_alignment; // not 0
}

constexpr auto most_bytes = static_cast<std::size_t>(std::numeric_limits<std::ptrdiff_t>::max());

} // namespace

allocation_failed::~allocation_failed() = default;

const char* allocation_failed::what() const noexcept {
    return why_ ? why_->c_str() : "a pool is exhausted";
}

struct HETMEM_HIDDEN pool::state {
    state(const placement& where, const pool_options& options, pool* owner)
        : memory(where, options), objects(memory, owner) {
        if (!objects.is_valid()) {
            throw error(std::errc::not_enough_memory,
                        "a pool's own records: no memory, no thread-specific key, or too many "
                        "pools");
        }
    }

    /// Twice if need be: what threads hold empty may be what is missing, and is given back between.
    template <class Action> void* attempt(Action&& action) noexcept {
        if (void* const object = action()) [[likely]] {
            return object;
        }
        return objects.trim() != 0 ? action() : nullptr;
    }
    [[noreturn]] void fail(std::size_t bytes, std::size_t alignment);
    /// The next one to fail shall not be told why this one did, or nearly did.
    void forget_failure() noexcept { static_cast<void>(memory.take_failure()); }

    detail::pool_memory memory;
    heap::heap objects; // destroyed first: it gives its memory back
};

void pool::state::fail(std::size_t bytes, std::size_t alignment) {
    const std::shared_ptr<const std::string> reason = memory.take_failure();
    std::shared_ptr<const std::string> why;
    try {
        if (!can_align(alignment)) {
            why = std::make_shared<const std::string>(
                fmt::format("alignment {} is no power of two up to 1 GiB", alignment));
        } else if (bytes > heap::largest_object) {
            why = std::make_shared<const std::string>(
                fmt::format("no pool can have an object of {} bytes", bytes));
        } else {
            why = std::make_shared<const std::string>(
                fmt::format("{} bytes from the pool on {}: {}", bytes, memory.asked().to_string(),
                            reason ? *reason : "no memory for the pool's own records"));
        }
    } catch (const std::exception&) {
        why = reason; // no memory for more words
    }
    throw allocation_failed(std::move(why));
}

pool::pool(const placement& where, const pool_options& options) {
    detail::prepare_pools_for_fork();
    state_ = std::make_unique<state>(where, options, this);
}

pool::~pool() = default;

void* pool::allocate(std::size_t bytes, std::size_t alignment) {
    if (can_align(alignment)) [[likely]] {
        const auto allocated = [&] { return state_->objects.allocate(bytes, alignment); };
        if (void* const object = state_->attempt(allocated)) [[likely]] {
            return object;
        }
    }
    state_->fail(bytes, alignment);
}

void* pool::try_allocate(std::size_t bytes, std::size_t alignment) noexcept {
    if (!can_align(alignment)) {
        return nullptr;
    }
    void* const object =
        state_->attempt([&] { return state_->objects.allocate(bytes, alignment); });
    if (object == nullptr) {
        state_->forget_failure();
    }
    return object;
}

void* pool::allocate_zeroed(std::size_t count, std::size_t bytes) {
    if (bytes != 0 && count > most_bytes / bytes) {
        state_->fail(std::numeric_limits<std::size_t>::max(), 1);
    }
    void* const object = state_->attempt(
        [&] { return state_->objects.allocate_zeroed(count * bytes, alignof(std::max_align_t)); });
    if (object == nullptr) {
        state_->fail(count * bytes, 1);
    }
    return object;
}

void* pool::reallocate(void* object, std::size_t bytes) {
    if (object == nullptr) {
        return allocate(bytes);
    }
    const pool* const from = of(object);
    if (from == nullptr) {
        throw error(std::errc::invalid_argument, "reallocate: an address that is no pool's object");
    }
    if (from != this) {
        void* const copy = allocate(bytes);
        std::memcpy(copy, object, std::min(bytes, usable_size(object)));
        hetmem::free(object);
        return copy;
    }
    void* const moved = state_->attempt(
        [&] { return state_->objects.reallocate(object, bytes, alignof(std::max_align_t)); });
    if (moved == nullptr) {
        state_->fail(bytes, 1);
    }
    if (moved != object) {
        state_->forget_failure(); // it may not have been possible in place
    }
    return moved;
}

byte_size pool::trim() {
    return byte_size::from_bytes(state_->objects.trim());
}

pool_statistics pool::statistics() const {
    const heap::heap_counts counted = state_->objects.counts();
    pool_statistics told;
    told.in_use = byte_size::from_bytes(counted.in_use);
    told.in_use_peak = byte_size::from_bytes(counted.in_use_peak);
    told.held = byte_size::from_bytes(counted.held);
    told.held_peak = byte_size::from_bytes(counted.held_peak);
    told.targets = state_->memory.granted();
    told.allocations = counted.allocations;
    told.live = counted.live;
    return told;
}

residency pool::where() const {
    return state_->memory.where();
}

const placement& pool::asked() const {
    return state_->memory.asked();
}

pool* pool::of(const void* object) noexcept {
    return static_cast<pool*>(heap::heap::owner_of(object));
}

void* pool::do_allocate(std::size_t bytes, std::size_t alignment) {
    return allocate(bytes, alignment);
}

void pool::do_deallocate(void* object, std::size_t, std::size_t) {
    hetmem::free(object);
}

// Any pool could free the other's objects, but containers that see equal resources do not move
// their elements: they would stay in the memory that they were to leave.
bool pool::do_is_equal(const std::pmr::memory_resource& other) const noexcept {
    return this == &other;
}

void free(void* object) noexcept {
    heap::heap::free(object);
}

std::size_t usable_size(const void* object) noexcept {
    return heap::heap::usable_size(object);
}

} // namespace hetmem
