#include "heap/lock.hpp"

#include <ctime>

#include <sched.h>

namespace hetmem::heap {

void light_lock::wait() noexcept {
    // The holder may need this very processor, and sched_yield() does not give it to a thread of a
    // lower real-time priority.
    constexpr int patience = 64;
    constexpr timespec moment{0, 50'000};
    int tries = 0;
    do {
        if (tries < patience) {
            ++tries;
            ::sched_yield();
        } else {
            ::nanosleep(&moment, nullptr);
        }
    } while (taken_.exchange(true, std::memory_order_acquire));
}

} // namespace hetmem::heap
