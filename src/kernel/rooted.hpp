// kernel/rooted.hpp: reading small kernel files below a root directory: "/" for this machine, or a
// copy of another machine's /sys and /proc.
//
//     rooted_reader machine("/");
//     directory nodes = machine.open("sys/devices/system/node");
//     read_result online = nodes.read("online");
//     if (online) { use(online.text); } else if (online.not_permitted()) { ... }
//
// Paths are relative to the root (or to the directory), without a leading slash. In a copy, links
// are resolved as if the root were "/": neither an absolute link nor one with too many ".." leaves
// it. Everything read from a copy is untrusted: named pipes do not block, sizes are limited.
//
// A reader and its directories share one buffer: use them from one thread; separate readers are
// independent.
#pragma once

#include <hetmem/id_set.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hetmem::kernel {

/// A file descriptor that closes itself.
class unique_fd {
public:
    unique_fd() = default;
    explicit unique_fd(int fd) : fd_(fd) {}
    unique_fd(unique_fd&& other) noexcept : fd_(other.release()) {}
    unique_fd& operator=(unique_fd&& other) noexcept;
    unique_fd(const unique_fd&) = delete;
    unique_fd& operator=(const unique_fd&) = delete;
    ~unique_fd();

    int get() const { return fd_; }
    int release() {
        const int fd = fd_;
        fd_ = -1;
        return fd;
    }
    explicit operator bool() const { return fd_ >= 0; }

private:
    int fd_ = -1;
};

/// Why something could not be read; 0 is success. Absent and forbidden are different answers.
struct outcome {
    int errno_value = 0;

    explicit operator bool() const { return errno_value == 0; }
    bool absent() const;        ///< there is no such thing on this machine
    bool not_permitted() const; ///< it is there, this user may not read it
};

/// In a copy, a link that says this stands for a file that was there, but could not be read by
/// whoever made the copy: it is not permitted here either, also to root.
inline constexpr std::string_view not_permitted_mark = "not-permitted";

/// What a file held. `text` stays valid until the next read through the same reader.
struct read_result : outcome {
    std::string_view text;
};

enum class entry_kind : std::uint8_t { unknown, file, directory, link };

class rooted_reader;

/// An open directory below the root; files in it are opened relative to it, which spares the
/// kernel the walk. Must not outlive its reader. A directory that could not be opened is a valid
/// object whose reads all give the errno of that; but when the process or the system is out of
/// descriptors or memory, nobody knows what is there: that throws hetmem::error.
class directory {
public:
    explicit operator bool() const { return static_cast<bool>(fd_); }
    /// Whether and why it could not be opened.
    outcome opened() const { return {errno_value_}; }
    /// Where it is, relative to the root (links in it not resolved).
    const std::string& path() const { return path_; }

    directory open(std::string_view path) const;

    /// A file of the kind that sysfs has: complete in one read, or in reads of a page each.
    read_result read(std::string_view path) const;
    /// Any file until its end; EFBIG when there is more than `limit`, without reading it all.
    outcome read_bytes(std::string_view path, std::size_t limit,
                       std::vector<std::byte>& into) const;
    /// The short forms: nothing when the file cannot be read or is not of the form.
    std::optional<std::uint64_t> read_u64(std::string_view path) const;
    std::optional<std::uint64_t> read_any_base(std::string_view path) const;
    std::optional<int> read_node(std::string_view path) const;
    std::optional<id_set> read_ids(std::string_view path) const;
    /// Without white space at the ends.
    std::optional<std::string> read_line(std::string_view path) const;
    /// What a link says, not followed.
    std::optional<std::string> read_link(std::string_view path) const;

    /// Every entry but "." and "..", in the kernel's order. `visit` may read through this
    /// directory, but not list it.
    using visitor = std::function<void(std::string_view name, entry_kind kind)>;
    outcome for_each(const visitor& visit) const;
    /// The numbers N of the entries called <prefix>N, ascending.
    std::vector<unsigned> numbered(std::string_view prefix) const;

private:
    friend class rooted_reader;
    directory(const rooted_reader& reader, std::string path)
        : reader_(&reader), path_(std::move(path)) {}
    /// Sets errno when it fails.
    unique_fd open_entry(std::string_view path, int flags) const;

    const rooted_reader* reader_;
    unique_fd fd_;
    int errno_value_ = 0;
    mutable bool listed_ = false; // it must be rewound before the next listing
    std::string path_;
};

/// Who resolves the links of a copy. `kernel` means openat2(2), and by hand where that is missing
/// (Linux before 5.6) or forbidden (seccomp filters).
enum class link_resolution : std::uint8_t { kernel, by_hand };

/// See the head of this file. Neither copied nor moved, since directories point to it.
class rooted_reader {
public:
    /// Throws hetmem::error when the directory cannot be opened.
    explicit rooted_reader(const std::filesystem::path& root,
                           link_resolution links = link_resolution::kernel);
    rooted_reader(const rooted_reader&) = delete;
    rooted_reader& operator=(const rooted_reader&) = delete;
    ~rooted_reader() = default;

    /// Whether this is the running machine (the root is "/").
    bool live() const { return live_; }
    const std::filesystem::path& root() const { return root_; }

    /// The root itself, for the operations that directories have.
    const directory& top() const { return top_; }
    directory open(std::string_view path) const { return top_.open(path); }
    read_result read(std::string_view path) const { return top_.read(path); }

    /// Line by line and without holding the file, for files of /proc that may be long; the rest of
    /// a line longer than 64 KiB is left out. `take` returns false to stop.
    using line_taker = std::function<bool(std::string_view line)>;
    outcome for_each_line(std::string_view path, const line_taker& take) const;
    /// Opens a file now and lets for_each_line() read that one from then on: some files of /proc
    /// tell more to who had privileges when they were opened ("proc/iomem": CAP_SYS_ADMIN).
    outcome keep_open(std::string_view path);

    /// The place of `path` below the root with every link resolved; nothing when it is not there.
    std::optional<std::string> real_path(std::string_view path) const;

private:
    friend class directory;
    unique_fd open_in_copy(const directory& from, std::string_view path, int flags) const;
    unique_fd open_by_hand(std::string_view path_from_root, int flags) const;

    std::filesystem::path root_;
    bool live_ = false;
    bool kernel_resolves_ = false;
    directory top_;
    std::map<std::string, unique_fd, std::less<>> kept_open_;
    // What read_result::text points into; left uninitialised, since most of it is never touched.
    mutable std::unique_ptr<char[]> buffer_;
    mutable std::size_t buffer_size_ = 0;
};

} // namespace hetmem::kernel
