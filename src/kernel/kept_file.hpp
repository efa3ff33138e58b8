// kernel/kept_file.hpp: a small kernel file that is read again and again, at the cost of one system
// call each.
#pragma once

#include "kernel/rooted.hpp"

#include <array>
#include <filesystem>
#include <optional>
#include <string_view>

namespace hetmem::kernel {

class kept_file {
public:
    explicit kept_file(std::filesystem::path path) : path_(std::move(path)) {}

    /// All of it as it is now (a file of sysfs or cgroupfs: at most `buffer` holds); nothing when
    /// it cannot be read. Opened when first read, and again when what was open is gone.
    template <std::size_t Size>
    std::optional<std::string_view> read(std::array<char, Size>& buffer) {
        return read(buffer.data(), buffer.size());
    }
    const std::filesystem::path& path() const { return path_; }

private:
    std::optional<std::string_view> read(char* into, std::size_t size);

    std::filesystem::path path_;
    unique_fd fd_;
};

} // namespace hetmem::kernel
