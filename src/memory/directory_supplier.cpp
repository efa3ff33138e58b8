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

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
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

unique_fd unlinked_file(const std::filesystem::path& directory) {
    unique_fd file(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (file) {
        return file;
    }
    if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) {
        fail(errno, "make a file", directory);
    }
    std::string name = (directory / "hetmem-XXXXXX").string();
    file = unique_fd(::mkostemp(name.data(), O_CLOEXEC));
    if (!file) {
        fail(errno, "make a file", directory);
    }
    ::unlink(name.c_str());
    return file;
}

/// The file's pages are memory: taking them may need the same care as any other memory.
bool in_memory(int file) {
    struct statfs system {};
    return ::fstatfs(file, &system) == 0 &&
           (system.f_type == TMPFS_MAGIC || system.f_type == RAMFS_MAGIC);
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
    }

    supply fill(std::span<const byte_range> wanted) override {
        supply out;
        byte_ranges filled;
        for (const byte_range& range : wanted) {
            const unique_fd file = unlinked_file(directory_);
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

    shortfall room(std::uint64_t) override {
        struct statvfs system {};
        if (::statvfs(directory_.c_str(), &system) != 0) {
            fail(errno, "look for room", directory_);
        }
        const std::uint64_t free = std::uint64_t{system.f_bavail} * system.f_frsize;
        shortfall out{
            shortage::target,
            fmt::format("the file system of {} has {} free", directory_.string(), in_words(free)),
            free > headroom_ ? free - headroom_ : 0, std::errc::no_space_on_device};
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
    guard::request limits(std::uint64_t bytes) const {
        return {std::nullopt, bytes, 0, options_.reserve.bytes()};
    }

    /// As many bytes of blocks as there are, in whole pages.
    std::size_t allocate(int file, std::size_t wanted, std::optional<shortfall>& why) {
        shortfall free = room(wanted);
        std::uint64_t length =
            round_down(std::min<std::uint64_t>(wanted, free.available), base_page);
        if (in_memory(file)) {
            length = allocate_in_memory(file, length, free);
        } else {
            // What statvfs calls free and what can be had differ by the file system's own records.
            while (length != 0) {
                const int failed = allocate_blocks(file, 0, length);
                if (failed == 0) {
                    break;
                }
                if (failed != ENOSPC && failed != EDQUOT && failed != EFBIG) {
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
                if (failed != ENOSPC && failed != ENOMEM) {
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
