// tests/support/announcer.hpp: real events of the kernel, of which nothing changes: root may have
// it announce a memory block that stays what it is.
#pragma once

#include "kernel/uevent.hpp"

#include <stdexcept>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace hetmem::test {

/// One at a time on the machine: all who listen hear it, tests that run beside this one too.
class announcer {
public:
    announcer() {
        if (file_ && ::flock(file_.get(), LOCK_EX) != 0) {
            throw std::runtime_error("cannot lock a file of sysfs");
        }
    }
    /// False where the kernel cannot be made to, or where its events do not arrive.
    explicit operator bool() const { return file_ && kernel::uevents_reach_us().arrives; }

    /// The events are in the sockets of all who listen when it returns.
    void announce(unsigned times = 1) const {
        for (unsigned i = 0; i < times; ++i) {
            if (::write(file_.get(), "change", 6) != 6) {
                throw std::runtime_error("the kernel refuses to announce a memory block");
            }
        }
    }

private:
    kernel::unique_fd file_{
        ::open("/sys/devices/system/memory/memory0/uevent", O_WRONLY | O_CLOEXEC)};
};

} // namespace hetmem::test
