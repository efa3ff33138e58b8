#include "kernel/dax_extent.hpp"

#include "kernel/rooted.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>

#include <fcntl.h>
#include <sys/mman.h>

#include <fmt/format.h>

namespace hetmem::kernel {
namespace {

struct byte_range {
    std::uint64_t start = 0;
    std::uint64_t end = 0;
};

[[noreturn]] void fail(int errno_value, const char* verb, const std::filesystem::path& device) {
    const std::string what = fmt::format("cannot {} {}", verb, device.string());
    switch (errno_value) {
    case EACCES:
    case EPERM:
        throw not_permitted(what + ": its owner has to allow this user to read and write it");
    case ENXIO:
        throw target_lost(what + ": no driver is bound to it");
    case ENOENT:
    case ENODEV:
        throw target_lost(what + ": it is gone");
    default:
        throw error(errno_value, what);
    }
}

unique_fd open_device(const std::filesystem::path& device) {
    unique_fd opened(::open(device.c_str(), O_RDWR | O_CLOEXEC));
    if (!opened) {
        fail(errno, "open", device);
    }
    return opened;
}

struct flock write_lock_of(byte_range range) {
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = static_cast<off_t>(range.start);
    lock.l_len =
        static_cast<off_t>(range.end - range.start); // never 0, which would mean "to the end"
    return lock;
}

/// Some lock of another description in the range, cut to it; nothing when it is free.
std::optional<byte_range> locked_part(int fd, byte_range range,
                                      const std::filesystem::path& device) {
    struct flock lock = write_lock_of(range);
    if (::fcntl(fd, F_OFD_GETLK, &lock) != 0) {
        fail(errno, "ask for locks on", device);
    }
    if (lock.l_type == F_UNLCK) {
        return std::nullopt;
    }
    const auto start = static_cast<std::uint64_t>(lock.l_start);
    const std::uint64_t end =
        lock.l_len == 0 ? range.end : start + static_cast<std::uint64_t>(lock.l_len);
    return byte_range{std::max(start, range.start), std::min(end, range.end)};
}

/// The first free range of whole units at or after `from`.
std::optional<byte_range> next_free(int fd, const dax_request& request, std::uint64_t from) {
    const std::uint64_t unit = request.unit;
    const std::uint64_t device_end = request.device_bytes / unit * unit;
    while (from < device_end) {
        // The kernel names any lock in the range, not the first one: what lies before it is asked
        // again until nothing is locked.
        byte_range free{from, device_end};
        while (free.start < free.end) {
            const std::optional<byte_range> locked = locked_part(fd, free, request.device);
            if (!locked) {
                return free;
            }
            free.end = locked->start / unit * unit;
            if (free.end <= free.start) {
                from = (locked->end + unit - 1) / unit * unit;
            }
        }
    }
    return std::nullopt;
}

/// Address space without anything in it. Where even that fails there is nothing left to do.
void unmap(std::byte* start, std::size_t length) {
    static_cast<void>(::mmap(start, length, PROT_NONE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0));
}

enum class attempt { mapped, taken };

attempt lock_and_map(const dax_request& request, byte_range range, std::byte* start) {
    const unique_fd fd = open_device(request.device);
    struct flock lock = write_lock_of(range);
    if (::fcntl(fd.get(), F_OFD_SETLK, &lock) != 0) {
        if (errno == EAGAIN || errno == EACCES) {
            return attempt::taken;
        }
        fail(errno, "lock a part of", request.device);
    }
    const std::size_t length = range.end - range.start;
    if (::mmap(start, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd.get(),
               static_cast<off_t>(range.start)) == MAP_FAILED) {
        fail(errno, "map", request.device);
    }
    // A child would keep the lock when this process is long gone, and write into our memory.
    if (::madvise(start, length, MADV_DONTFORK) != 0) {
        const int problem = errno;
        unmap(start, length);
        fail(problem, "keep from children what was mapped of", request.device);
    }
    return attempt::mapped;
}

void check(const dax_request& request) {
    if (request.unit == 0) {
        throw error(EINVAL, fmt::format("{}: extents of no unit", request.device.string()));
    }
}

} // namespace

std::vector<dax_extent> map_dax(const dax_request& from, std::byte* start, std::size_t length) {
    check(from);
    const unique_fd scan = open_device(from.device);
    std::vector<dax_extent> extents;
    std::size_t wanted = length / from.unit * from.unit;
    if (from.contiguous && wanted < length) {
        return extents;
    }
    std::uint64_t at = 0;
    try {
        while (wanted != 0) {
            const std::optional<byte_range> free = next_free(scan.get(), from, at);
            if (!free) {
                break;
            }
            const std::uint64_t size = std::min<std::uint64_t>(free->end - free->start, wanted);
            if (from.contiguous && size < wanted) {
                at = free->end;
                continue;
            }
            extents.reserve(extents.size() + 1);
            if (lock_and_map(from, {free->start, free->start + size}, start) == attempt::taken) {
                at = free->start; // somebody was faster: look again
                continue;
            }
            extents.push_back({start, size, free->start});
            start += size;
            wanted -= size;
            at = free->start + size;
        }
    } catch (...) {
        // All of it or nothing: what an exception leaves behind nobody could give back.
        for (const dax_extent& extent : extents) {
            unmap(extent.start, extent.length);
        }
        throw;
    }
    return extents;
}

std::uint64_t unlocked_bytes(const dax_request& device) {
    check(device);
    const unique_fd scan = open_device(device.device);
    std::uint64_t sum = 0;
    std::uint64_t at = 0;
    while (const std::optional<byte_range> free = next_free(scan.get(), device, at)) {
        sum += free->end - free->start;
        at = free->end;
    }
    return sum;
}

} // namespace hetmem::kernel
