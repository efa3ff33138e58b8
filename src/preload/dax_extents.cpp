#include "preload/dax_extents.hpp"

#include "preload/files.hpp"
#include "preload/message.hpp"
#include "preload/plain_memory.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>

namespace hetmem::preload {
namespace {

struct byte_range {
    std::size_t start = 0;
    std::size_t end = 0;
};

/// Closed by a system call and not by close(), where a thread may be cancelled.
class open_device {
public:
    explicit open_device(const char* path) noexcept
        : file_(static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0))) {}
    ~open_device() {
        if (file_ >= 0) {
            ::syscall(SYS_close, file_);
        }
    }
    open_device(const open_device&) = delete;
    open_device& operator=(const open_device&) = delete;
    int file() const noexcept { return file_; }

private:
    int file_;
};

struct flock write_lock_of(byte_range range) noexcept {
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = static_cast<off_t>(range.start);
    lock.l_len = static_cast<off_t>(range.end - range.start);
    return lock;
}

/// The first range of whole units at or after `from` that nobody has locked; empty when there is
/// none.
byte_range next_free(int file, const leg& device, std::size_t unit, std::size_t from) noexcept {
    const std::size_t device_end = device.device_size / unit * unit;
    while (from < device_end) {
        // The kernel names any lock in the range, not the first: what lies before it is asked
        // again.
        byte_range free{from, device_end};
        while (free.start < free.end) {
            struct flock lock = write_lock_of(free);
            if (::fcntl(file, F_OFD_GETLK, &lock) != 0) {
                return {};
            }
            if (lock.l_type == F_UNLCK) {
                return free;
            }
            const auto start = static_cast<std::size_t>(lock.l_start);
            const std::size_t end =
                lock.l_len == 0 ? device_end : start + static_cast<std::size_t>(lock.l_len);
            free.end = std::max(start, free.start) / unit * unit;
            if (free.end <= free.start) {
                from = std::max(from + unit, (end + unit - 1) / unit * unit);
            }
        }
    }
    return {};
}

bool lock_and_map(int file, byte_range range, char* start) noexcept {
    struct flock lock = write_lock_of(range);
    return ::fcntl(file, F_OFD_SETLK, &lock) == 0 &&
           ::mmap(start, range.end - range.start, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
                  file, static_cast<off_t>(range.start)) != MAP_FAILED;
}

void complain_once(const leg& device) noexcept {
    constinit static std::atomic_flag said{};
    if (!said.test_and_set(std::memory_order_relaxed)) {
        say({device.device, " cannot be opened for reading and writing: nothing is put there"});
    }
}

} // namespace

std::size_t dax_extents::map(const leg& from, std::size_t unit, char* start,
                             std::size_t wanted) noexcept {
    const errno_keeper keeper;
    wanted -= wanted % unit;
    // Who was faster between the question and the lock makes us ask again, behind what is taken
    // now.
    for (byte_range free; wanted != 0;) {
        const open_device device(from.device);
        if (device.file() < 0) {
            complain_once(from);
            return 0;
        }
        free = next_free(device.file(), from, unit, free.start);
        if (free.start == free.end) {
            return 0;
        }
        free.end = std::min(free.end, free.start + wanted);
        const std::size_t length = free.end - free.start;
        if (lock_and_map(device.file(), free, start)) {
            if (!table_.insert(
                    {reinterpret_cast<std::uintptr_t>(start), length, 0, &from, nullptr})) {
                clear_space(start, length);
                return 0;
            }
            std::memset(start, 0, length); // the kernel does not: it is what the last holder left
            return length;
        }
        if (errno != EAGAIN && errno != EACCES) {
            return 0;
        }
    }
    return 0;
}

void dax_extents::unmap(dax_extent* one) noexcept {
    clear_space(reinterpret_cast<void*>(one->start), one->length);
    table_.remove(one);
}

dax_extent* dax_extents::find(const void* address) noexcept {
    return table_.find(reinterpret_cast<std::uintptr_t>(address));
}

void dax_extents::before_fork() noexcept {
    const errno_keeper keeper;
    for (dax_extent& one : all()) {
        one.copy =
            ::mmap(nullptr, one.length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (one.copy != MAP_FAILED) {
            std::memcpy(one.copy, reinterpret_cast<void*>(one.start), one.length);
        }
    }
}

void dax_extents::in_parent() noexcept {
    const errno_keeper keeper;
    for (dax_extent& one : all()) {
        if (one.copy != MAP_FAILED) {
            ::munmap(one.copy, one.length);
        }
        one.copy = nullptr;
    }
}

void dax_extents::in_child() noexcept {
    const errno_keeper keeper;
    for (const dax_extent& one : all()) {
        void* const start = reinterpret_cast<void*>(one.start);
        if (one.copy == MAP_FAILED || ::mremap(one.copy, one.length, one.length,
                                               MREMAP_MAYMOVE | MREMAP_FIXED, start) != start) {
            // Better to fail where it is used than to write into the parent's memory.
            clear_space(start, one.length);
            say({"no memory for a child's copy of what is on ", one.from->device});
        }
    }
    table_.clear();
}

} // namespace hetmem::preload
