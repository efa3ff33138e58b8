// heap/records.hpp: memory for the engine's own records, straight from the kernel.
//
// It lies apart from the objects, and a pool of records never unmaps: a record's address stays a
// record of that type for ever, so that a thread that looks at one too late reads an old value and
// nothing worse.
#pragma once

#include "heap/lock.hpp"

#include <cstddef>
#include <memory>

namespace hetmem::heap {

/// Zeroed pages that cost nothing until they are touched; nullptr when there are none.
void* map_zeroed(std::size_t bytes) noexcept;
void unmap(void* start, std::size_t bytes) noexcept;

/// Records of one type, which has a member `next` to link the free ones with.
template <class Record> class record_pool {
public:
    /// Constructed at some time, maybe used since: the caller sets it up. nullptr without memory.
    Record* take() noexcept {
        const lock_guard held(lock_);
        if (free_ == nullptr && !grow()) {
            return nullptr;
        }
        Record* const record = free_;
        free_ = record->next;
        return record;
    }
    void give(Record* record) noexcept {
        const lock_guard held(lock_);
        give_locked(record);
    }
    void give_locked(Record* record) noexcept {
        record->next = free_;
        free_ = record;
    }
    mutex& lock() noexcept { return lock_; }

private:
    static constexpr std::size_t chunk_bytes = std::size_t{64} << 10;
    static_assert(sizeof(Record) <= chunk_bytes / 4);

    bool grow() noexcept {
        auto* const chunk = static_cast<std::byte*>(map_zeroed(chunk_bytes));
        if (chunk == nullptr) {
            return false;
        }
        for (std::size_t i = chunk_bytes / sizeof(Record); i-- > 0;) {
            Record* const record =
                std::construct_at(reinterpret_cast<Record*>(chunk + i * sizeof(Record)));
            record->next = free_;
            free_ = record;
        }
        return true;
    }

    mutex lock_;
    Record* free_ = nullptr;
};

} // namespace hetmem::heap
