#include "preload/files.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>

namespace hetmem::preload {

errno_keeper::errno_keeper() noexcept : kept_(errno) {}
errno_keeper::~errno_keeper() {
    errno = kept_;
}

void token::append(char c) noexcept {
    if (size_ < text_.size()) {
        text_[size_++] = c;
    }
}

input::input(const char* path) noexcept
    : file_(static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0))) {}
input::input(std::string_view text) noexcept : text_(text) {}

input::~input() {
    if (file_ >= 0) {
        ::syscall(SYS_close, file_);
    }
}

bool input::next_character(char& c) noexcept {
    if (text_.empty()) {
        if (file_ < 0) {
            return false;
        }
        long got = 0;
        do {
            got = ::syscall(SYS_read, file_, buffer_.data(), buffer_.size());
        } while (got < 0 && errno == EINTR);
        if (got <= 0) {
            return false;
        }
        text_ = {buffer_.data(), static_cast<std::size_t>(got)};
    }
    c = text_.front();
    text_.remove_prefix(1);
    return true;
}

bool input::next(token& word) noexcept {
    word.clear();
    for (char c = 0; next_character(c);) {
        const bool ends_line = c == '\n';
        if (!ends_line && c != ' ' && c != '\t') {
            if (word.text().empty()) {
                word.starts_line = at_line_start_;
                at_line_start_ = false;
            }
            word.append(c);
            continue;
        }
        at_line_start_ |= ends_line;
        if (!word.text().empty()) {
            return true;
        }
    }
    return !word.text().empty();
}

bool read_number(std::string_view text, int base, std::size_t& number) noexcept {
    const auto [end, why] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    return why == std::errc{} && end == text.data() + text.size();
}

} // namespace hetmem::preload
