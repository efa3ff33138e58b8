// tests/support/published_directory.hpp: a directory that changes as that of a hetmemd does, as far
// as those who follow it see. Nothing can be read from its generations.
#pragma once

#include "topology/published.hpp"

#include "tests/support/tree.hpp"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

namespace hetmem::test {

class published_directory {
public:
    published_directory() : published_directory(std::filesystem::path()) {}
    /// There, and with all above it; empty: in a temporary directory.
    explicit published_directory(std::filesystem::path path)
        : path_(path.empty() ? temporary_.path() / "hetmem" : std::move(path)) {
        std::filesystem::create_directories(path_);
    }

    const std::filesystem::path& path() const { return path_; }

    /// Lets `current` point to another generation, by renaming.
    void publish(std::uint64_t number) {
        const std::string name = "generations/" + std::to_string(number);
        std::filesystem::create_directories(path_ / name);
        std::filesystem::create_symlink(name, path_ / "next");
        std::filesystem::rename(path_ / "next", path_ / "current");
    }
    /// In one write.
    void write_seen(std::uint64_t event_number) {
        const detail::seen_record record = detail::encode_seen(event_number);
        const kernel::unique_fd file(
            ::open((path_ / "seen").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
        if (::pwrite(file.get(), record.data(), record.size(), 0) !=
            static_cast<ssize_t>(record.size())) {
            throw std::runtime_error("cannot write " + (path_ / "seen").string());
        }
    }
    void write(std::string_view name, std::string_view contents) {
        std::ofstream(path_ / name, std::ios::binary | std::ios::trunc) << contents;
    }

private:
    temporary_directory temporary_;
    std::filesystem::path path_;
};

} // namespace hetmem::test
