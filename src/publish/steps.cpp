#include "publish/steps.hpp"

#include "kernel/file.hpp"
#include "kernel/rooted.hpp"

#include <hetmem/error.hpp>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

namespace hetmem::detail::steps {
namespace {

std::function<void()>& hook() {
    static std::function<void()> call;
    return call;
}

void step() {
    if (hook()) {
        hook()();
    }
}

[[noreturn]] void fail(int errno_value, std::string_view verb, const std::string& path) {
    throw error(errno_value, fmt::format("cannot {} {}", verb, path));
}

void write_to(int file, std::string_view content, const std::string& path) {
    step();
    if (const int failed = kernel::write_all(file, content); failed != 0) {
        fail(failed, "write", path);
    }
}

} // namespace

void before_each(std::function<void()> call) {
    hook() = std::move(call);
}

void make_directory(const std::string& path, mode_t mode) {
    step();
    if (::mkdir(path.c_str(), mode) != 0) {
        fail(errno, "make the directory", path);
    }
}

void write_file(const std::string& path, std::string_view content, mode_t mode) {
    step();
    const kernel::unique_fd file(
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
    if (!file) {
        fail(errno, "make the file", path);
    }
    if (!content.empty()) {
        write_to(file.get(), content, path);
    }
}

void append(const std::string& path, std::string_view content) {
    step();
    const kernel::unique_fd file(
        ::open(path.c_str(), O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC));
    if (!file) {
        fail(errno, "open the file", path);
    }
    write_to(file.get(), content, path);
}

void make_link(const std::string& path, const std::string& to) {
    step();
    if (::symlink(to.c_str(), path.c_str()) != 0) {
        fail(errno, "make the link", path);
    }
}

void rename(const std::string& from, const std::string& to) {
    step();
    if (::rename(from.c_str(), to.c_str()) != 0) {
        fail(errno, fmt::format("rename {} to", from), to);
    }
}

void overwrite(int descriptor, std::string_view content, const std::string& path) {
    step();
    const ssize_t written = ::pwrite(descriptor, content.data(), content.size(), 0);
    if (written != static_cast<ssize_t>(content.size())) {
        fail(written < 0 ? errno : ENOSPC, "write", path);
    }
}

void empty(int descriptor, const std::string& path) {
    step();
    if (::ftruncate(descriptor, 0) != 0) {
        fail(errno, "empty", path);
    }
}

void remove(const std::string& path) {
    namespace fs = std::filesystem;
    std::error_code problem;
    if (fs::symlink_status(path, problem).type() == fs::file_type::directory) {
        // Listed first: what is removed while it is listed may be told twice or not at all.
        std::vector<std::string> entries;
        for (fs::directory_iterator at(path, problem); !problem && at != fs::directory_iterator();
             at.increment(problem)) {
            entries.push_back(at->path().string());
        }
        for (const std::string& entry : entries) {
            remove(entry);
        }
    }
    step();
    if (std::remove(path.c_str()) != 0 && errno != ENOENT) {
        fail(errno, "remove", path);
    }
}

} // namespace hetmem::detail::steps
