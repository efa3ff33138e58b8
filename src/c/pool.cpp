#include "c/barrier.hpp"
#include "c/handles.hpp"
#include "c/sized.hpp"

#include <bit>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <string>

using namespace hetmem::c;
using hetmem::byte_size;

namespace {

/// Allocations are not `guarded`: they tell by a null pointer and errno, and what is not an error
/// costs nothing.
template <class Action> void* object_or_null(hetmem_pool* pool, Action&& action) noexcept {
    try {
        if (pool == nullptr) [[unlikely]] {
            need(pool, "pool");
        }
        return action(*unwrap(pool));
    } catch (...) {
        errno = -keep_failure();
        return nullptr;
    }
}

} // namespace

extern "C" {

int hetmem_pool_create(const hetmem_placement* where, const hetmem_pool_options* options,
                       hetmem_pool** out) {
    return guarded([&] {
        need(out, "out");
        const hetmem_pool_options told = asked(options, "options");
        need_known_flags(told.flags, HETMEM_POOL_LIMITED, "options");
        need_known_flags(static_cast<unsigned>(told.reserved), 0, "options.reserved");
        hetmem::pool_options wanted;
        wanted.pages = page_size_of(told.pages);
        if (told.limit != 0 || (told.flags & HETMEM_POOL_LIMITED) != 0) {
            wanted.limit = byte_size::from_bytes(told.limit);
        }
        if (told.reserve != 0) {
            wanted.reserve = byte_size::from_bytes(told.reserve);
        }
        *out = wrap(std::make_unique<hetmem::pool>(need(where, "where").value, wanted).release());
    });
}

void hetmem_pool_destroy(hetmem_pool* pool) {
    const std::unique_ptr<hetmem::pool> owned(unwrap(pool));
}

void* hetmem_pool_allocate(hetmem_pool* pool, size_t bytes) {
    return object_or_null(pool, [=](hetmem::pool& from) { return from.allocate(bytes); });
}

void* hetmem_pool_allocate_aligned(hetmem_pool* pool, size_t alignment, size_t bytes) {
    return object_or_null(pool, [=](hetmem::pool& from) {
        if (!std::has_single_bit(alignment) || alignment > (std::size_t{1} << 30)) {
            throw hetmem::error(std::errc::invalid_argument, "alignment " +
                                                                 std::to_string(alignment) +
                                                                 " is no power of two up to 1 GiB");
        }
        return from.allocate(bytes, alignment);
    });
}

void* hetmem_pool_allocate_zeroed(hetmem_pool* pool, size_t count, size_t bytes) {
    return object_or_null(pool,
                          [=](hetmem::pool& from) { return from.allocate_zeroed(count, bytes); });
}

void* hetmem_pool_reallocate(hetmem_pool* pool, void* object, size_t bytes) {
    return object_or_null(pool, [=](hetmem::pool& from) { return from.reallocate(object, bytes); });
}

void hetmem_free(void* object) {
    hetmem::free(object);
}

size_t hetmem_usable_size(const void* object) {
    return hetmem::usable_size(object);
}

hetmem_pool* hetmem_pool_of(const void* object) {
    return wrap(hetmem::pool::of(object));
}

int hetmem_pool_trim(hetmem_pool* pool, uint64_t* bytes) {
    return guarded([&] {
        const byte_size given_back = unwrap(&need(pool, "pool"))->trim();
        if (bytes != nullptr) {
            *bytes = given_back.bytes();
        }
    });
}

int hetmem_pool_statistics_get(const hetmem_pool* pool, hetmem_pool_statistics* out) {
    return guarded([&] {
        const hetmem::pool_statistics seen = unwrap(&need(pool, "pool"))->statistics();
        hetmem_pool_statistics told{};
        told.in_use = seen.in_use.bytes();
        told.in_use_peak = seen.in_use_peak.bytes();
        told.held = seen.held.bytes();
        told.held_peak = seen.held_peak.bytes();
        told.allocations = seen.allocations;
        told.live = seen.live;
        answer(out, told, "statistics");
    });
}

int hetmem_pool_granted(const hetmem_pool* pool, hetmem_residency** out) {
    return guarded([&] {
        need(out, "out");
        hetmem::residency granted;
        granted.shares = unwrap(&need(pool, "pool"))->statistics().targets;
        hand_out(out, std::move(granted));
    });
}

int hetmem_pool_where(const hetmem_pool* pool, hetmem_residency** out) {
    return guarded([&] {
        need(out, "out");
        hand_out(out, unwrap(&need(pool, "pool"))->where());
    });
}

} // extern "C"
