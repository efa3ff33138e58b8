// kernel/blocked_signals.hpp: keeps the program's signal handlers out of threads of the library.
//
//     const blocked_signals none;
//     std::thread own(work);      // inherits the mask
#pragma once

#include <csignal>

#include <pthread.h>

namespace hetmem::kernel {

/// While it lives no signal is delivered to this thread, nor ever to those that it starts: others
/// get them. A thread's own faults (a SIGBUS for memory that is gone) are no exception to how the
/// program handles them.
class blocked_signals {
public:
    blocked_signals() {
        sigset_t all;
        ::sigfillset(&all);
        for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS}) {
            ::sigdelset(&all, fault);
        }
        ::pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    blocked_signals(const blocked_signals&) = delete;
    blocked_signals& operator=(const blocked_signals&) = delete;
    ~blocked_signals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

private:
    sigset_t before_{};
};

} // namespace hetmem::kernel
