// heap/lock.hpp: locks that need no constructor to have run and no C++ library.
#pragma once

#include <atomic>

#include <pthread.h>

namespace hetmem::heap {

/// Held for some hundred nanoseconds mostly: a thread that waits looks a few times before it
/// sleeps.
class mutex {
public:
    void lock() noexcept { pthread_mutex_lock(&native_); }
    void unlock() noexcept { pthread_mutex_unlock(&native_); }

private:
    friend class condition;
    pthread_mutex_t native_ = PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP;
};

class condition {
public:
    void wait(mutex& held) noexcept { pthread_cond_wait(&native_, &held.native_); }
    void wake_all() noexcept { pthread_cond_broadcast(&native_); }
    /// In a forked child: forgets threads that waited and exist no more.
    void forget_waiters() noexcept { native_ = PTHREAD_COND_INITIALIZER; }

private:
    pthread_cond_t native_ = PTHREAD_COND_INITIALIZER;
};

/// A lock that hardly ever meets another thread: a third of the work of a mutex then, and no
/// fairness.
class light_lock {
public:
    void lock() noexcept {
        if (taken_.exchange(true, std::memory_order_acquire)) {
            wait();
        }
    }
    void unlock() noexcept { taken_.store(false, std::memory_order_release); }
    /// In a forked child: free again, whichever thread that is gone had it.
    void forget_holder() noexcept { unlock(); }

private:
    void wait() noexcept;

    std::atomic<bool> taken_ = false;
};

template <class Lock> class lock_guard {
public:
    explicit lock_guard(Lock& held) noexcept : held_(held) { held_.lock(); }
    ~lock_guard() { held_.unlock(); }
    lock_guard(const lock_guard&) = delete;
    lock_guard& operator=(const lock_guard&) = delete;

private:
    Lock& held_;
};

/// The other way round: lets go of a held lock for as long as it lives.
class unlock_guard {
public:
    explicit unlock_guard(mutex& held) noexcept : held_(held) { held_.unlock(); }
    ~unlock_guard() { held_.lock(); }
    unlock_guard(const unlock_guard&) = delete;
    unlock_guard& operator=(const unlock_guard&) = delete;

private:
    mutex& held_;
};

} // namespace hetmem::heap
