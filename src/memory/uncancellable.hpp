// memory/uncancellable.hpp: keeps pthread_cancel(3) out of a scope.
//
// glibc cancels a thread by unwinding it from wherever it reads a file. What may not let an
// exception pass (a C function, the backing of a heap) would end the program then; with
// cancellation put off, the thread ends at its next cancellation point after the scope. No system
// call.
#pragma once

#include <pthread.h>

namespace hetmem::detail {

class uncancellable {
public:
    uncancellable() { pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before_); }
    ~uncancellable() { pthread_setcancelstate(before_, nullptr); }
    uncancellable(const uncancellable&) = delete;
    uncancellable& operator=(const uncancellable&) = delete;

private:
    int before_ = PTHREAD_CANCEL_ENABLE;
};

} // namespace hetmem::detail
