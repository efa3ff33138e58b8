// heap/test_memory.hpp: a backing for tests that notices misuse and can run short.
#pragma once

#include "heap/heap.hpp"
#include "heap/map_aligned.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <mutex>

#include <sys/mman.h>

namespace hetmem::heap {

/// Memory that can be touched only while it is committed.
class test_memory final : public backing {
public:
    explicit test_memory(std::size_t granule_bytes = std::size_t{64} << 10)
        : granule_(granule_bytes) {}
    test_memory(const test_memory&) = delete;
    test_memory& operator=(const test_memory&) = delete;
    ~test_memory() {
        EXPECT_EQ(reserved(), 0U) << "a heap kept address space";
        EXPECT_EQ(committed(), 0U) << "a heap kept memory";
    }

    std::size_t granule() const noexcept override { return granule_; }

    void* reserve(std::size_t length, std::size_t alignment) noexcept override {
        EXPECT_EQ(length % granule_, 0U);
        EXPECT_EQ(alignment % granule_, 0U);
        void* const start = map_aligned(length, alignment, PROT_NONE, MAP_NORESERVE);
        reserved_ += start == nullptr ? 0 : length;
        return start;
    }

    bool commit(void* start, std::size_t length, bool& zeroed) noexcept override {
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(start) % granule_, 0U);
        EXPECT_EQ(length % granule_, 0U);
        EXPECT_GT(length, 0U);
        ++commits_;
        const std::lock_guard held(lock_);
        if (committed_ + length > most_ || fail_in_-- == 0) {
            return false;
        }
        for (std::size_t at = 0; at < length; at += granule_) {
            EXPECT_TRUE(granules_.emplace(static_cast<std::byte*>(start) + at, true).second)
                << "committed twice";
        }
        committed_ += length;
        if (::mprotect(start, length, PROT_READ | PROT_WRITE) != 0) {
            ADD_FAILURE() << "mprotect";
        }
        zeroed = true;
        return true;
    }

    void decommit(void* start, std::size_t length) noexcept override {
        const std::lock_guard held(lock_);
        forget(start, length, true);
        ::madvise(start, length, MADV_DONTNEED);
        ::mprotect(start, length, PROT_NONE);
    }

    void release(void* start, std::size_t length) noexcept override {
        const std::lock_guard held(lock_);
        forget(start, length, false);
        ::munmap(start, length);
        reserved_ -= length;
    }

    /// No more than that is given.
    void limit(std::size_t bytes) { most_ = bytes; }
    /// The commit after so many others fails, once.
    void fail_after(long commits) {
        const std::lock_guard held(lock_);
        fail_in_ = commits;
    }

    std::size_t reserved() const { return reserved_; }
    std::size_t committed() const { return committed_; }
    long commits() const { return commits_; }

private:
    void forget(void* start, std::size_t length, bool all) {
        for (std::size_t at = 0; at < length; at += granule_) {
            const std::size_t gone = granules_.erase(static_cast<std::byte*>(start) + at);
            EXPECT_TRUE(gone == 1 || !all) << "decommitted what had no memory";
            committed_ -= gone * granule_;
        }
    }

    std::size_t granule_;
    std::mutex lock_;
    std::map<std::byte*, bool> granules_;
    std::atomic<std::size_t> reserved_ = 0;
    std::atomic<std::size_t> committed_ = 0;
    std::atomic<std::size_t> most_ = std::numeric_limits<std::size_t>::max() / 2;
    std::atomic<long> commits_ = 0;
    long fail_in_ = -1;
};

/// Fills an object with what only it holds, and finds out whether something else wrote there: its
/// edges, where neighbours would, and some bytes in between.
inline std::byte pattern_of(const void* object, std::size_t bytes) {
    return static_cast<std::byte>((reinterpret_cast<std::uintptr_t>(object) >> 4) * 31 + bytes);
}
template <class Action> void each_byte(std::size_t bytes, Action&& action) {
    const std::size_t step = bytes > 4096 ? 1021 : 61;
    for (std::size_t i = 0; i < bytes; i += i < 16 ? 1 : step) {
        action(i);
    }
    for (std::size_t i = bytes < 16 ? 0 : bytes - 16; i < bytes; ++i) {
        action(i);
    }
}
inline void fill(void* object, std::size_t bytes) {
    const std::byte value = pattern_of(object, bytes);
    each_byte(bytes, [&](std::size_t i) { static_cast<std::byte*>(object)[i] = value; });
}
inline bool is_filled(const void* object, std::size_t bytes) {
    const std::byte value = pattern_of(object, bytes);
    bool same = true;
    each_byte(bytes, [&](std::size_t i) {
        same = same && static_cast<const std::byte*>(object)[i] == value;
    });
    return same;
}

} // namespace hetmem::heap
