#include "tool/output.hpp"

#include <hetmem/error.hpp>

#include <cerrno>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hetmem::tool {
namespace {

/// 0, or the errno value of what stopped it.
int write_all(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(descriptor, text.data(), text.size());
        if (written < 0) {
            if (errno == EINTR) {
                continue;
            }
            return errno;
        }
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return 0;
}

mode_t ordinary_permissions() {
    const mode_t mask = ::umask(022);
    ::umask(mask);
    return 0666U & ~mask;
}

} // namespace

void write_output(std::string_view text) {
    if (const int failed = write_all(STDOUT_FILENO, text); failed != 0) {
        throw error(failed, "cannot write to standard output");
    }
}

void complain(std::string_view text) {
    std::string line = "hetmem: ";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        line += byte < 0x20 || byte == 0x7f ? '?' : c;
    }
    line += '\n';
    // Nobody is left to be told when standard error cannot be written either.
    static_cast<void>(write_all(STDERR_FILENO, line));
}

new_file::new_file(const std::filesystem::path& destination) : destination_(destination) {
    std::error_code unknown; // a name that cannot be looked up cannot be opened below either
    const auto there = std::filesystem::status(destination, unknown);
    if (std::filesystem::exists(there) && !std::filesystem::is_regular_file(there)) {
        descriptor_ = ::open(destination.c_str(), O_WRONLY | O_CLOEXEC);
    } else {
        if (std::filesystem::is_symlink(destination, unknown)) {
            destination_ = std::filesystem::weakly_canonical(destination, unknown);
        }
        std::string name = destination_.string() + ".XXXXXX";
        descriptor_ = ::mkostemp(name.data(), O_CLOEXEC);
        if (descriptor_ >= 0) {
            temporary_ = name;
        }
    }
    if (descriptor_ < 0) {
        throw error(errno, "cannot write " + destination.string());
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
        throw error(failed, "cannot write " + destination_.string());
    }
}

void new_file::commit(bool owner_only) {
    const bool named = temporary_.empty();
    const mode_t mode = owner_only ? 0600U : ordinary_permissions();
    const bool done = (named || ::fchmod(descriptor_, mode) == 0) &&
                      ::close(std::exchange(descriptor_, -1)) == 0 &&
                      (named || ::rename(temporary_.c_str(), destination_.c_str()) == 0);
    if (!done) {
        throw error(errno, "cannot write " + destination_.string());
    }
    temporary_.clear();
}

} // namespace hetmem::tool
