// kernel/root_owned.hpp: files that only root can have written.
//
//     const unique_fd place = open_root_owned(AT_FDCWD, "/run/hetmem", O_PATH | O_DIRECTORY);
//     std::optional<std::vector<std::byte>> all = read_root_owned(place, "current/snapshot",
//     limit);
//
// A directory is checked itself, not what is above it: whoever opens the things in it one by one,
// each from the descriptor of the one before, has checked the whole way.
#pragma once

#include "kernel/rooted.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include <sys/types.h>

namespace hetmem::kernel {

/// Whether a file of that owner and mode is root's and nobody else's to write. In a user namespace
/// that root of the namespace above is not part of, root shows as the overflow uid, as everybody
/// outside does: that counts where the place is one that only root can make things in (/run). Where
/// that number may also be somebody of this namespace, it counts for nothing.
bool only_root_writes(uid_t owner, mode_t mode);

/// The rule of only_root_writes() for an owner other than 0. overflow:
/// /proc/sys/kernel/overflowuid; map: /proc/self/uid_map (user_namespaces(7)).
bool is_unmapped_root(uid_t owner, std::string_view overflow, std::string_view map);

/// openat(2) with O_CLOEXEC; empty, and errno is set, when it fails. EPERM: others may write it.
unique_fd open_root_owned(int from, const char* path, int flags);

/// A file that does not change any more.
struct file_content {
    std::unique_ptr<std::byte[]> bytes;
    std::size_t size = 0;
    std::span<const std::byte> view() const { return {bytes.get(), size}; }
};
/// All of an ordinary file; nothing, and errno is set, as open_root_owned(), and EFBIG above limit.
std::optional<file_content> read_root_owned(int from, const char* path, std::size_t limit);

} // namespace hetmem::kernel
