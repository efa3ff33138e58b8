#include "kernel/file.hpp"

#include "kernel/rooted.hpp"

#include <hetmem/error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <utility>

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

namespace hetmem::kernel {

namespace {

[[noreturn]] void fail(int errno_value, std::string_view verb, const std::filesystem::path& file) {
    throw error(errno_value, fmt::format("cannot {} {}", verb, file.string()));
}

} // namespace

std::string read_file(const std::filesystem::path& file, std::size_t most) {
    const unique_fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) {
        fail(errno, "read", file);
    }
    std::string text;
    std::array<char, 65536> piece{};
    while (true) {
        const ssize_t got =
            ::read(fd.get(), piece.data(), std::min(piece.size(), most + 1 - text.size()));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            fail(errno, "read", file);
        }
        if (got == 0) {
            return text;
        }
        text.append(piece.data(), static_cast<std::size_t>(got));
        if (text.size() > most) {
            fail(EFBIG, "read", file);
        }
    }
}

int write_all(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(descriptor, text.data(), text.size());
        if (written < 0 && errno != EINTR) {
            return errno;
        }
        text.remove_prefix(written < 0 ? 0 : static_cast<std::size_t>(written));
    }
    return 0;
}

new_file::new_file(const std::filesystem::path& destination) : destination_(destination) {
    std::error_code unknown; // a name that cannot be looked up cannot be opened below either
    const auto there = std::filesystem::status(destination, unknown);
    if (std::filesystem::exists(there) && !std::filesystem::is_regular_file(there)) {
        descriptor_ = ::open(destination.c_str(), O_WRONLY | O_CLOEXEC);
        if (descriptor_ < 0) {
            fail(errno, "write", destination_);
        }
        return;
    }
    if (std::filesystem::is_symlink(destination, unknown)) {
        destination_ = std::filesystem::weakly_canonical(destination, unknown);
    }
    // mkostemp(3) would make it 0600, and finding out the umask to undo that would change it for
    // every thread of the process.
    constexpr int most_tries = 100;
    for (int tries = 0; descriptor_ < 0; ++tries) {
        std::uint32_t random = 0;
        if (::getrandom(&random, sizeof random, 0) != static_cast<ssize_t>(sizeof random)) {
            fail(errno, "write", destination_);
        }
        temporary_ = fmt::format("{}.{:08x}", destination_.string(), random);
        descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor_ < 0 && (errno != EEXIST || tries == most_tries)) {
            fail(errno, "write", destination_);
        }
    }
}

new_file::~new_file() {
    if (descriptor_ >= 0) {
        ::close(descriptor_);
    }
    if (!temporary_.empty()) {
        ::unlink(temporary_.c_str());
    }
}

void new_file::write(std::string_view text) {
    if (const int failed = write_all(descriptor_, text); failed != 0) {
        fail(failed, "write", destination_);
    }
}

void new_file::keep_to_owner() {
    if (!temporary_.empty() && ::fchmod(descriptor_, 0600) != 0) {
        fail(errno, "write", destination_);
    }
}

void new_file::commit() {
    if (::close(std::exchange(descriptor_, -1)) != 0) {
        fail(errno, "write", destination_);
    }
    if (!temporary_.empty()) {
        if (::rename(temporary_.c_str(), destination_.c_str()) != 0) {
            fail(errno, "write", destination_);
        }
        temporary_.clear();
    }
}

} // namespace hetmem::kernel
