#include "kernel/root_owned.hpp"

#include "kernel/text.hpp"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hetmem::kernel {
namespace {

/// Sets errno.
bool trusted(int fd, struct stat& about) {
    if (::fstat(fd, &about) != 0) {
        return false;
    }
    if (!only_root_writes(about.st_uid, about.st_mode)) {
        errno = EPERM;
        return false;
    }
    return true;
}

} // namespace

bool is_unmapped_root(uid_t owner, std::string_view overflow, std::string_view map) {
    if (parse_u64(overflow) != owner) {
        return false;
    }
    // Lines of "first id inside, first id in the namespace above, how many".
    while (const std::optional<std::string_view> line = next_line(map)) {
        std::string_view rest = *line;
        const auto inside = parse_u64(next_word(rest));
        const auto above = parse_u64(next_word(rest));
        const auto count = parse_u64(next_word(rest));
        if (!inside || !above || !count) {
            return false;
        }
        const bool maps_owner = owner >= *inside && owner - *inside < *count;
        const bool maps_root = *above == 0 && *count != 0;
        if (maps_owner || maps_root) {
            return false;
        }
    }
    return true;
}

bool only_root_writes(uid_t owner, mode_t mode) {
    if ((mode & (S_IWGRP | S_IWOTH)) != 0) {
        return false;
    }
    if (owner == 0) {
        return true;
    }
    const rooted_reader here("/");
    const auto overflow = here.top().read_line("proc/sys/kernel/overflowuid");
    const auto map = here.top().read_line("proc/self/uid_map");
    return overflow && map && is_unmapped_root(owner, *overflow, *map);
}

unique_fd open_root_owned(int from, const char* path, int flags) {
    unique_fd opened(::openat(from, path, flags | O_CLOEXEC));
    struct stat about {};
    if (opened && !trusted(opened.get(), about)) {
        const int why = errno;
        opened = {};
        errno = why;
    }
    return opened;
}

std::optional<file_content> read_root_owned(int from, const char* path, std::size_t limit) {
    // O_NONBLOCK: opening a pipe must not wait for a writer.
    const unique_fd file(::openat(from, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    struct stat about {};
    if (!file || !trusted(file.get(), about)) {
        return std::nullopt;
    }
    const auto size = static_cast<std::size_t>(std::max<off_t>(about.st_size, 0));
    if (!S_ISREG(about.st_mode) || size > limit) {
        errno = S_ISREG(about.st_mode) ? EFBIG : EINVAL;
        return std::nullopt;
    }
    file_content content{std::make_unique_for_overwrite<std::byte[]>(size), 0};
    while (content.size < size) {
        const ssize_t count =
            ::read(file.get(), content.bytes.get() + content.size, size - content.size);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return std::nullopt;
        }
        if (count == 0) {
            break; // cut since; whoever looks into it will see
        }
        content.size += static_cast<std::size_t>(count);
    }
    return content;
}

} // namespace hetmem::kernel
