#include "bare_reads.hpp"

#include <fstream>
#include <stdexcept>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

namespace hetmem::bench {
namespace {

constexpr std::size_t page = 4096;
constexpr std::size_t buffer_size = std::size_t{16} << 20;

} // namespace

bare_reads::bare_reads(const std::filesystem::path& root, const std::filesystem::path& list)
    : root_(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)), buffer_(buffer_size) {
    std::ifstream lines(list);
    std::string kind;
    std::string path;
    while (lines >> kind && std::getline(lines >> std::ws, path)) {
        (kind == "file" ? files_ : directories_).push_back(path);
    }
    if (root_ < 0 || files_.empty()) {
        throw std::runtime_error("cannot read " + root.string() + " or " + list.string());
    }
}

bare_reads::~bare_reads() {
    ::close(root_);
}

std::size_t bare_reads::run() {
    for (const std::string& path : directories_) {
        list_directory(path);
    }
    std::size_t bytes = 0;
    for (const std::string& path : files_) {
        bytes += read_file(path);
    }
    return bytes;
}

std::size_t bare_reads::read_file(const std::string& path) {
    const int file = ::openat(root_, path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        throw std::runtime_error("cannot open " + path);
    }
    std::size_t bytes = 0;
    ssize_t count = 0;
    // Whoever wants a whole file must read on after full pages: proc and sysfs give one at a time.
    do {
        count = ::read(file, buffer_.data(), buffer_.size());
        bytes += count > 0 ? static_cast<std::size_t>(count) : 0;
    } while (count > 0 && static_cast<std::size_t>(count) % page == 0);
    ::close(file);
    return bytes;
}

void bare_reads::list_directory(const std::string& path) {
    const int directory = ::openat(root_, path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) {
        throw std::runtime_error("cannot open " + path);
    }
    constexpr std::size_t piece = std::size_t{32} << 10; // as the C library
    while (::getdents64(directory, buffer_.data(), piece) > 0) {
    }
    ::close(directory);
}

} // namespace hetmem::bench
