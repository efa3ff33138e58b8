#include "kernel/kept_file.hpp"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

namespace hetmem::kernel {

std::optional<std::string_view> kept_file::read(char* into, std::size_t size) {
    // Twice: a node or cgroup that went away and came back needs a new descriptor.
    for (const bool opened_before : {static_cast<bool>(fd_), false}) {
        if (!opened_before) {
            fd_ = unique_fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
        }
        if (!fd_) {
            return std::nullopt;
        }
        ssize_t got = -1;
        do {
            got = ::pread(fd_.get(), into, size, 0);
        } while (got < 0 && errno == EINTR);
        if (got >= 0) {
            return std::string_view(into, static_cast<std::size_t>(got));
        }
        if (!opened_before) {
            break;
        }
    }
    fd_ = {};
    return std::nullopt;
}

} // namespace hetmem::kernel
