#include "kernel/rooted.hpp"

#include "kernel/text.hpp"

#include <hetmem/error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace hetmem::kernel {
namespace {

// Kernel attributes come a page at a time; a shorter read is the last one. Pages are never smaller
// than this, and larger ones are multiples of it.
constexpr std::size_t page = 4096;
constexpr std::size_t first_buffer_size = std::size_t{64} << 10;
constexpr std::size_t small_file_limit = std::size_t{4} << 20;
constexpr std::size_t line_limit = std::size_t{64} << 10;
constexpr int link_limit = 40; // as the kernel's

// O_NONBLOCK: a copy may hold a named pipe, and opening one must not wait for a writer.
constexpr int read_flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
constexpr int directory_flags = O_RDONLY | O_CLOEXEC | O_DIRECTORY;

/// A path for system calls: they want a NUL at the end, and a string per file would be the most
/// expensive part of reading it.
class zero_terminated {
public:
    explicit zero_terminated(std::string_view path) {
        if (path.empty() || path.size() >= text_.size() ||
            path.find('\0') != std::string_view::npos) {
            // The empty path: every call answers ENOENT.
            text_.front() = '\0';
            return;
        }
        std::memcpy(text_.data(), path.data(), path.size());
        text_[path.size()] = '\0';
    }
    const char* c_str() const { return text_.data(); }

private:
    std::array<char, PATH_MAX> text_; // left uninitialised on purpose
};

int open_resolved(int from, const char* path, int flags, std::uint64_t resolve) {
    open_how how{};
    how.flags = static_cast<unsigned>(flags);
    how.resolve = resolve;
    long fd = -1;
    for (int attempt = 0; attempt < 8; ++attempt) {
        fd = ::syscall(SYS_openat2, from, path, &how, sizeof how);
        // EAGAIN: something was renamed while ".." was being resolved.
        if (fd >= 0 || errno != EAGAIN) {
            break;
        }
    }
    return static_cast<int>(fd);
}

ssize_t read_some(int fd, void* into, std::size_t size) {
    ssize_t count = -1;
    do {
        count = ::read(fd, into, size);
    } while (count < 0 && errno == EINTR);
    return count;
}

std::string joined(std::string_view directory_path, std::string_view path) {
    std::string all;
    all.reserve(directory_path.size() + 1 + path.size());
    all += directory_path;
    if (!all.empty() && !path.empty()) {
        all += '/';
    }
    all += path;
    return all;
}

/// The first component of a path, which loses it and the slashes around it.
std::string_view take_component(std::string_view& path) {
    path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
    const std::string_view component = path.substr(0, path.find('/'));
    path.remove_prefix(component.size());
    return component;
}

/// Sets errno and returns nothing when there is no link of that name.
std::optional<std::string> link_text(int from, std::string_view path) {
    std::array<char, PATH_MAX> text;
    const ssize_t size =
        ::readlinkat(from, zero_terminated(path).c_str(), text.data(), text.size());
    if (size < 0) {
        return std::nullopt;
    }
    return std::string(text.data(), static_cast<std::size_t>(size));
}

/// What the C library calls dirent64, without trusting that a name ends inside the record.
struct raw_entry {
    std::string_view name;
    unsigned char type = DT_UNKNOWN;
    std::size_t size = 0; ///< to the next one; 0 when the record is not whole
};

raw_entry entry_at(const char* bytes, std::size_t available) {
    constexpr std::size_t head = offsetof(dirent64, d_name);
    raw_entry entry;
    if (available <= head) {
        return entry;
    }
    decltype(dirent64::d_reclen) length = 0;
    std::memcpy(&length, bytes + offsetof(dirent64, d_reclen), sizeof length);
    if (length <= head || length > available) {
        return entry;
    }
    std::memcpy(&entry.type, bytes + offsetof(dirent64, d_type), sizeof entry.type);
    entry.name = std::string_view(bytes + head, ::strnlen(bytes + head, length - head));
    entry.size = length;
    return entry;
}

entry_kind kind_of(unsigned char type) {
    switch (type) {
    case DT_REG:
        return entry_kind::file;
    case DT_DIR:
        return entry_kind::directory;
    case DT_LNK:
        return entry_kind::link;
    default:
        return entry_kind::unknown;
    }
}

} // namespace

unique_fd& unique_fd::operator=(unique_fd&& other) noexcept {
    if (this != &other) {
        if (fd_ >= 0) {
            ::close(fd_);
        }
        fd_ = other.release();
    }
    return *this;
}

unique_fd::~unique_fd() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

bool outcome::absent() const {
    return errno_value == ENOENT || errno_value == ENOTDIR;
}

bool outcome::not_permitted() const {
    return errno_value == EACCES || errno_value == EPERM;
}

unique_fd directory::open_entry(std::string_view path, int flags) const {
    if (!fd_) {
        errno = errno_value_;
        return {};
    }
    unique_fd opened = reader_->live_
                           ? unique_fd(::openat(fd_.get(), zero_terminated(path).c_str(), flags))
                           : reader_->open_in_copy(*this, path, flags);
    if (!opened && (errno == EMFILE || errno == ENFILE || errno == ENOMEM)) {
        // It may well be there: whoever went on would describe a machine without it.
        throw error(errno, "cannot open " + joined(path_, path));
    }
    if (!opened && errno == ENOENT && !reader_->live_) {
        errno = read_link(path) == not_permitted_mark ? EACCES : ENOENT;
    }
    return opened;
}

directory directory::open(std::string_view path) const {
    directory opened(*reader_, joined(path_, path));
    opened.fd_ = open_entry(path, directory_flags);
    opened.errno_value_ = opened.fd_ ? 0 : errno;
    return opened;
}

read_result directory::read(std::string_view path) const {
    const unique_fd fd = open_entry(path, read_flags);
    if (!fd) {
        return {{errno}, {}};
    }
    std::unique_ptr<char[]>& buffer = reader_->buffer_;
    std::size_t& capacity = reader_->buffer_size_;
    std::size_t used = 0;
    do {
        if (used == capacity) {
            if (capacity >= small_file_limit) {
                return {{EFBIG}, {}};
            }
            auto larger = std::make_unique_for_overwrite<char[]>(capacity * 2);
            std::memcpy(larger.get(), buffer.get(), used);
            buffer = std::move(larger);
            capacity *= 2;
        }
        const ssize_t count = read_some(fd.get(), buffer.get() + used, capacity - used);
        if (count < 0) {
            return {{errno}, {}};
        }
        if (count == 0) {
            break;
        }
        used += static_cast<std::size_t>(count);
    } while (used % page == 0);
    return {{0}, std::string_view(buffer.get(), used)};
}

outcome directory::read_bytes(std::string_view path, std::size_t limit,
                              std::vector<std::byte>& into) const {
    into.clear();
    const unique_fd fd = open_entry(path, read_flags);
    if (!fd) {
        return {errno};
    }
    // The size is a hint only: sysfs and procfs say 0 or a page, a copy may have been cut since.
    struct stat about {};
    std::size_t capacity = page;
    if (::fstat(fd.get(), &about) == 0 && about.st_size > 0) {
        capacity = static_cast<std::size_t>(about.st_size) + 1;
    }
    std::size_t used = 0;
    for (;;) {
        capacity = std::min(capacity, limit + 1);
        into.resize(capacity);
        const ssize_t count = read_some(fd.get(), into.data() + used, capacity - used);
        if (count < 0) {
            const int problem = errno;
            into.clear();
            return {problem};
        }
        if (count == 0) {
            break;
        }
        used += static_cast<std::size_t>(count);
        if (used > limit) {
            into.clear();
            return {EFBIG};
        }
        if (used == capacity) {
            capacity *= 2;
        }
    }
    into.resize(used);
    return {};
}

std::optional<std::uint64_t> directory::read_u64(std::string_view path) const {
    const read_result file = read(path);
    return file ? parse_u64(file.text) : std::nullopt;
}

std::optional<std::uint64_t> directory::read_any_base(std::string_view path) const {
    const read_result file = read(path);
    return file ? parse_any_base(file.text) : std::nullopt;
}

std::optional<int> directory::read_node(std::string_view path) const {
    const read_result file = read(path);
    return file ? parse_node(file.text) : std::nullopt;
}

std::optional<id_set> directory::read_ids(std::string_view path) const {
    const read_result file = read(path);
    return file ? id_set::parse(file.text) : std::nullopt;
}

std::optional<std::string> directory::read_line(std::string_view path) const {
    const read_result file = read(path);
    return file ? std::optional<std::string>(trimmed(file.text)) : std::nullopt;
}

std::optional<std::string> directory::read_link(std::string_view path) const {
    if (!fd_) {
        return std::nullopt;
    }
    // A single name needs no resolving before the link itself.
    if (reader_->live_ || path.find('/') == std::string_view::npos) {
        return link_text(fd_.get(), path);
    }
    const std::size_t slash = path.rfind('/');
    return open(path.substr(0, slash)).read_link(path.substr(slash + 1));
}

outcome directory::for_each(const visitor& visit) const {
    if (!fd_) {
        return {errno_value_};
    }
    if (listed_ && ::lseek(fd_.get(), 0, SEEK_SET) < 0) {
        return {errno};
    }
    listed_ = true;
    alignas(dirent64) std::array<char, std::size_t{32} << 10> batch;
    for (;;) {
        const ssize_t size = ::getdents64(fd_.get(), batch.data(), batch.size());
        if (size < 0) {
            return {errno};
        }
        if (size == 0) {
            return {};
        }
        const auto end = static_cast<std::size_t>(size);
        for (std::size_t at = 0; at < end;) {
            const raw_entry entry = entry_at(batch.data() + at, end - at);
            if (entry.size == 0) {
                return {EIO};
            }
            if (entry.name != "." && entry.name != "..") {
                visit(entry.name, kind_of(entry.type));
            }
            at += entry.size;
        }
    }
}

std::vector<unsigned> directory::numbered(std::string_view prefix) const {
    std::vector<unsigned> numbers;
    for_each([&](std::string_view name, entry_kind) {
        if (const std::optional<unsigned> number = number_after(prefix, name)) {
            numbers.push_back(*number);
        }
    });
    std::sort(numbers.begin(), numbers.end());
    return numbers;
}

rooted_reader::rooted_reader(const std::filesystem::path& root, link_resolution links)
    : root_(root), live_(root.lexically_normal() == "/"), top_(*this, {}),
      buffer_(std::make_unique_for_overwrite<char[]>(first_buffer_size)),
      buffer_size_(first_buffer_size) {
    top_.fd_ = unique_fd(::open(root.c_str(), directory_flags));
    if (!top_.fd_) {
        throw error(errno, "cannot open the root directory \"" + root.string() + "\"");
    }
    if (!live_ && links == link_resolution::kernel) {
        kernel_resolves_ = static_cast<bool>(
            unique_fd(open_resolved(top_.fd_.get(), ".", O_PATH | O_CLOEXEC, RESOLVE_IN_ROOT)));
    }
}

unique_fd rooted_reader::open_in_copy(const directory& from, std::string_view path,
                                      int flags) const {
    if (path.empty()) {
        errno = ENOENT; // as system calls answer; walking by hand would find the directory itself
        return {};
    }
    // Nearly every entry is a plain name in the directory at hand: nothing to resolve, and half the
    // cost of openat2. A link fails here: ELOOP, or ENOTDIR where a directory is wanted.
    if (path.find('/') == std::string_view::npos && path != "..") {
        unique_fd plain(
            ::openat(from.fd_.get(), zero_terminated(path).c_str(), flags | O_NOFOLLOW));
        if (plain || (errno != ELOOP && errno != ENOTDIR)) {
            return plain;
        }
    }
    if (!kernel_resolves_) {
        return open_by_hand(joined(from.path_, path), flags);
    }
    constexpr std::uint64_t in_root = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    if (&from == &top_) {
        return unique_fd(
            open_resolved(top_.fd_.get(), zero_terminated(path).c_str(), flags, in_root));
    }
    // Only a link that leads out of the directory makes it necessary to walk from the root.
    unique_fd beneath(open_resolved(from.fd_.get(), zero_terminated(path).c_str(), flags,
                                    RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS));
    if (beneath || errno != EXDEV) {
        return beneath;
    }
    return unique_fd(open_resolved(
        top_.fd_.get(), zero_terminated(joined(from.path_, path)).c_str(), flags, in_root));
}

unique_fd rooted_reader::open_by_hand(std::string_view path_from_root, int flags) const {
    const std::optional<std::string> real = real_path(path_from_root);
    if (!real) {
        return {};
    }
    const std::string_view place = real->empty() ? std::string_view(".") : *real;
    return unique_fd(::openat(top_.fd_.get(), zero_terminated(place).c_str(), flags | O_NOFOLLOW));
}

std::optional<std::string> rooted_reader::real_path(std::string_view path) const {
    std::string resolved;      // without links
    std::string pending(path); // what is still to be walked from there
    int links = 0;
    for (;;) {
        std::string_view rest = pending;
        const std::string_view component = take_component(rest);
        if (component.empty()) {
            return resolved;
        }
        if (component == "..") {
            // At the root ".." stays there, as it does in "/".
            const std::size_t slash = resolved.rfind('/');
            resolved.erase(slash == std::string::npos ? 0 : slash);
        } else if (component != ".") {
            std::string next = joined(resolved, component);
            if (const std::optional<std::string> target = link_text(top_.fd_.get(), next)) {
                if (++links > link_limit) {
                    errno = ELOOP;
                    return std::nullopt;
                }
                if (target->starts_with('/')) {
                    resolved.clear();
                }
                pending = joined(*target, rest);
                continue;
            }
            if (errno != EINVAL) { // EINVAL: it is there and no link
                return std::nullopt;
            }
            resolved = std::move(next);
        }
        pending.erase(0, pending.size() - rest.size());
    }
}

outcome rooted_reader::for_each_line(std::string_view path, const line_taker& take) const {
    const auto kept = kept_open_.find(path);
    const unique_fd opened =
        kept == kept_open_.end() ? top_.open_entry(path, read_flags) : unique_fd();
    const int fd = kept == kept_open_.end() ? opened.get() : kept->second.get();
    if (fd < 0 || (!opened && ::lseek(fd, 0, SEEK_SET) != 0)) {
        return {errno};
    }
    // Not the shared buffer: `take` may read other files.
    const auto piece = std::make_unique_for_overwrite<char[]>(line_limit);
    std::size_t held = 0;  // bytes of a line whose end has not been read yet
    bool skipping = false; // the rest of a line that was too long
    for (;;) {
        const ssize_t count = read_some(fd, piece.get() + held, line_limit - held);
        if (count < 0) {
            return {errno};
        }
        const std::size_t end = held + static_cast<std::size_t>(count);
        std::string_view text(piece.get(), end);
        std::size_t newline = text.find('\n', held);
        while (newline != std::string_view::npos) {
            if (!skipping && !take(text.substr(0, newline))) {
                return {};
            }
            skipping = false;
            text.remove_prefix(newline + 1);
            newline = text.find('\n');
        }
        if (count == 0 || text.size() == line_limit) {
            if (!text.empty() && !skipping && !take(text)) {
                return {};
            }
            if (count == 0) {
                return {};
            }
            skipping = true;
            text.remove_prefix(text.size());
        }
        std::memmove(piece.get(), text.data(), text.size());
        held = text.size();
    }
}

outcome rooted_reader::keep_open(std::string_view path) {
    unique_fd fd = top_.open_entry(path, read_flags);
    if (!fd) {
        return {errno};
    }
    kept_open_[std::string(path)] = std::move(fd);
    return {};
}

} // namespace hetmem::kernel
