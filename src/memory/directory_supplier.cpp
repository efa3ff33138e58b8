#include "memory/supplier.hpp"

#include "kernel/policy.hpp"
#include "kernel/rooted.hpp"
#include "memory/address_space.hpp"
#include "memory/pieces.hpp"
#include "memory/words.hpp"

#include <hetmem/error.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/vfs.h>
#include <unistd.h>

namespace hetmem::detail {

namespace {

using kernel::unique_fd;

[[noreturn]] void fail(int errno_value, const std::string& what,
                       const std::filesystem::path& directory) {
    const std::string text = fmt::format("cannot {} in {}", what, directory.string());
    switch (errno_value) {
    case EACCES:
    case EPERM:
    case EROFS:
        throw not_permitted(text + ": this user may not write there");
    case ENOENT:
    case ENOTDIR:
        throw target_lost(text + ": there is no such directory");
    default:
        throw error(errno_value, text);
    }
}

/// A larger file, or one more, is too much for the file system, a quota or the process.
bool is_full(int errno_value) {
    return errno_value == ENOSPC || errno_value == EDQUOT || errno_value == EFBIG;
}

/// None where there is no room for another file.
unique_fd unlinked_file(const std::filesystem::path& directory) {
    unique_fd file(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (!file && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
        std::string name = (directory / "hetmem-XXXXXX").string();
        file = unique_fd(::mkostemp(name.data(), O_CLOEXEC));
        if (file) {
            ::unlink(name.c_str());
        }
    }
    if (const int failed = file ? 0 : errno; failed != 0 && !is_full(failed)) {
        std::error_code unreachable;
        if (failed == ENOENT && std::filesystem::is_directory(directory, unreachable)) {
            throw error(EOPNOTSUPP, fmt::format("no file can be made in {}", directory.string()));
        }
        fail(failed, "make a file", directory);
    }
    return file;
}

struct statfs file_system_of(const std::filesystem::path& directory) {
    struct statfs system {};
    if (::statfs(directory.c_str(), &system) != 0) {
        fail(errno, "look for room", directory);
    }
    return system;
}

/// The files' pages are memory: taking them may need the same care as any other memory.
bool is_memory(const struct statfs& system) {
    return system.f_type == TMPFS_MAGIC || system.f_type == RAMFS_MAGIC;
}

/// Beyond it the kernel does not only refuse: SIGXFSZ kills the process.
shortfall largest_file() {
    struct rlimit limit {};
    if (::getrlimit(RLIMIT_FSIZE, &limit) != 0) {
        limit.rlim_cur = RLIM_INFINITY;
    }
    return {shortage::target,
            fmt::format("RLIMIT_FSIZE (ulimit -f) allows this process files of {}",
                        in_words(limit.rlim_cur)),
            limit.rlim_cur, std::errc::no_space_on_device};
}

/// On a DAX file system stores go straight to the memory; all others refuse MAP_SYNC. Asked apart:
/// where a MAP_FIXED mapping is refused that late, what was mapped there is gone already, and
/// another thread may have taken the address.
bool can_be_synchronous(int file) {
    void* const got =
        ::mmap(nullptr, base_page, PROT_READ, MAP_SHARED_VALIDATE | MAP_SYNC, file, 0);
    return got != MAP_FAILED && ::munmap(got, base_page) == 0;
}

int allocate_blocks(int file, std::uint64_t offset, std::uint64_t length) {
    int failed = 0;
    do {
        failed = ::fallocate(file, 0, static_cast<off_t>(offset), static_cast<off_t>(length)) == 0
                     ? 0
                     : errno;
    } while (failed == EINTR);
    if (failed == EOPNOTSUPP) {
        failed = ::posix_fallocate(file, static_cast<off_t>(offset), static_cast<off_t>(length));
    }
    return failed;
}

class directory_supplier final : public supplier {
public:
    directory_supplier(const leg& from, const supply_context& context)
        : options_(context.options), watch_(context.watch), directory_(from.path),
          headroom_(headroom_of(from, context.options.pages)) {
        if (::access(directory_.c_str(), W_OK | X_OK) != 0) {
            fail(errno, "make a file", directory_);
        }
        if (file_system_of(directory_).f_type == HUGETLBFS_MAGIC) {
            // A mapping would be rounded up to their size, over what is behind it.
            throw error(std::errc::invalid_argument,
                        fmt::format("files in {} are of huge pages only: the page sizes huge_2m "
                                    "and huge_1g take those of a node",
                                    directory_.string()));
        }
    }

    supply fill(std::span<const byte_range> wanted) override {
        supply out;
        byte_ranges filled;
        for (const byte_range& range : wanted) {
            const unique_fd file = unlinked_file(directory_);
            if (!file) {
                out.why = {shortage::target,
                           fmt::format("the file system of {} has no room for another file",
                                       directory_.string()),
                           0, std::errc::no_space_on_device};
                break;
            }
            const std::size_t got = allocate(file.get(), range.length, out.why);
            if (got != 0) {
                map(file.get(), {range.start, got});
                filled.push_back({range.start, got});
            }
            if (got < range.length) {
                break;
            }
        }
        filled = joined(std::move(filled));
        make_present(filled);
        out.left = without(wanted, filled);
        return out;
    }

    shortfall room(std::uint64_t wanted) override {
        shortfall out = free_space(wanted);
        out.available = out.available > headroom_ ? out.available - headroom_ : 0;
        if (headroom_ != 0) {
            out.what += fmt::format(" and keeps {}", in_words(headroom_));
        }
        return out;
    }

    /// The file goes with its last mapping; of a part, the blocks.
    void before_emptying(byte_range part) noexcept override {
        ::madvise(part.start, part.length, MADV_REMOVE);
    }

    std::size_t unit() const override { return base_page; }

private:
    shortfall free_space(std::uint64_t wanted) {
        const struct statfs system = file_system_of(directory_);
        if (system.f_blocks == 0 && is_memory(system)) {
            // No limit of its own: it may have what anybody may.
            shortfall all = watch_.room(limits(0));
            all.what = fmt::format("the file system of {} has no limit ({}), so {} free",
                                   directory_.string(), all.what, in_words(all.available));
            return all;
        }
        if (system.f_blocks == 0) {
            return {
                shortage::target,
                fmt::format("the file system of {} does not tell its size", directory_.string()),
                wanted, std::errc::no_space_on_device};
        }
        const std::uint64_t free =
            std::uint64_t{system.f_bavail} * static_cast<std::uint64_t>(system.f_frsize);
        return {
            shortage::target,
            fmt::format("the file system of {} has {} free", directory_.string(), in_words(free)),
            free, std::errc::no_space_on_device};
    }

    guard::request limits(std::uint64_t bytes) const {
        return {std::nullopt, bytes, 0, options_.reserve.bytes()};
    }

    /// As many bytes of blocks as there are, in whole pages.
    std::size_t allocate(int file, std::size_t wanted, std::optional<shortfall>& why) {
        shortfall free = room(wanted);
        if (shortfall limit = largest_file(); limit.available < free.available) {
            free = std::move(limit);
        }
        std::uint64_t length =
            round_down(std::min<std::uint64_t>(wanted, free.available), base_page);
        if (is_memory(file_system_of(directory_))) {
            length = allocate_in_memory(file, length, free);
        } else {
            // What statvfs calls free and what can be had differ by the file system's own records.
            while (length != 0) {
                const int failed = allocate_blocks(file, 0, length);
                if (failed == 0) {
                    break;
                }
                if (!is_full(failed)) {
                    fail(failed, "make a file larger", directory_);
                }
                const std::uint64_t less = std::max<std::uint64_t>(huge_page, length / 16);
                length = length > less ? round_down(length - less, base_page) : 0;
                free.available = std::min(free.available, length);
            }
            // Blocks beyond what was mapped, of an attempt that got some way.
            if (::ftruncate(file, static_cast<off_t>(length)) != 0) {
                fail(errno, "make a file smaller", directory_);
            }
        }
        if (length < wanted) {
            why = std::move(free);
        }
        return length;
    }

    std::uint64_t allocate_in_memory(int file, std::uint64_t wanted, shortfall& why) {
        std::uint64_t got = 0;
        while (got < wanted) {
            const std::uint64_t piece = std::min<std::uint64_t>(huge_page, wanted - got);
            if (std::optional<shortfall> refused = watch_.admit(limits(piece))) {
                why = std::move(*refused);
                break;
            }
            const int failed = allocate_blocks(file, got, piece);
            watch_.finished(piece);
            if (failed != 0) {
                if (!is_full(failed) && failed != ENOMEM) {
                    fail(failed, "make a file larger", directory_);
                }
                break;
            }
            got += piece;
        }
        return got;
    }

    void map(int file, byte_range range) {
        const int kind = can_be_synchronous(file) ? MAP_SHARED_VALIDATE | MAP_SYNC : MAP_SHARED;
        void* const got =
            ::mmap(range.start, range.length, PROT_READ | PROT_WRITE, kind | MAP_FIXED, file, 0);
        if (got == MAP_FAILED) {
            fail(errno, "map a file", directory_);
        }
        // A child would not have a copy, but share it.
        if (::madvise(range.start, range.length, MADV_DONTFORK) != 0) {
            throw error(errno, "madvise(MADV_DONTFORK)");
        }
    }

    /// A matter of speed only: the blocks are there, and the kernel writes pages back when memory
    /// is short. So it ends, without an error, where populating would take memory from others.
    void make_present(const byte_ranges& ranges) {
        const unsigned threads = threads_for(total(ranges), options_.threads);
        in_pieces(ranges, {.threads = threads}, [this] {
            return [this](byte_range piece) {
                if (watch_.admit(limits(piece.length))) {
                    return piece_result::stop;
                }
                const int failed = kernel::populate(piece.start, piece.length);
                watch_.finished(piece.length);
                return failed == 0 ? piece_result::done : piece_result::stop;
            };
        });
    }

    backing_options options_;
    guard& watch_;
    std::filesystem::path directory_;
    std::uint64_t headroom_;
};

} // namespace

std::unique_ptr<supplier> supply_from_directory(const leg& from, const supply_context& context) {
    return std::make_unique<directory_supplier>(from, context);
}

} // namespace hetmem::detail
