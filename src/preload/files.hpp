// preload/files.hpp: reading files of /proc and /sys inside malloc.
//
//     input meminfo("/sys/devices/system/node/node2/meminfo");
//     for (token word; meminfo.next(word);) { use(word.text(), word.starts_line); }
//
// No C library streams, which allocate; no cancellation points, since a thread must not be
// cancelled while it is inside malloc; errno stays as it was; nothing large on the stack, which may
// be small.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace hetmem::preload {

/// What a function does to errno is undone when it returns.
class errno_keeper {
public:
    errno_keeper() noexcept;
    ~errno_keeper();
    errno_keeper(const errno_keeper&) = delete;
    errno_keeper& operator=(const errno_keeper&) = delete;

private:
    int kept_;
};

/// A word of a text; of long ones only the beginning.
class token {
public:
    std::string_view text() const noexcept { return {text_.data(), size_}; }
    bool starts_line = false;
    void append(char c) noexcept;
    void clear() noexcept { size_ = 0; }

private:
    std::array<char, 48> text_{};
    std::size_t size_ = 0;
};

/// Words one after another, from a file or from a text.
class input {
public:
    explicit input(const char* path) noexcept;
    explicit input(std::string_view text) noexcept;
    ~input();
    input(const input&) = delete;
    input& operator=(const input&) = delete;

    bool is_open() const noexcept { return file_ >= 0 || !text_.empty(); }
    /// False at the end.
    bool next(token& word) noexcept;

private:
    bool next_character(char& c) noexcept;

    int file_ = -1;
    std::string_view text_; ///< what is not used up yet
    std::array<char, 2048> buffer_;
    bool at_line_start_ = true;
};

// As substr(), which would need the C++ library for the exception that it may throw.
constexpr std::string_view before(std::string_view text, std::size_t end) noexcept {
    return {text.data(), end < text.size() ? end : text.size()};
}
constexpr std::string_view behind(std::string_view text, std::size_t start) noexcept {
    text.remove_prefix(start < text.size() ? start : text.size());
    return text;
}

/// A decimal or hexadecimal number that is all of the text.
bool read_number(std::string_view text, int base, std::size_t& number) noexcept;

} // namespace hetmem::preload
