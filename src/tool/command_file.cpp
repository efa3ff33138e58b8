#include "tool/command_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <fmt/format.h>

namespace hetmem::tool {
namespace {

class open_file {
public:
    explicit open_file(const std::filesystem::path& file)
        : descriptor_(::open(file.c_str(), O_RDONLY | O_CLOEXEC)) {}
    ~open_file() {
        if (descriptor_ >= 0) {
            ::close(descriptor_);
        }
    }
    open_file(const open_file&) = delete;
    open_file& operator=(const open_file&) = delete;
    bool is_open() const { return descriptor_ >= 0; }

    template <class Header> std::optional<Header> read_at(std::uint64_t offset) const {
        Header header{};
        const ssize_t got =
            ::pread(descriptor_, &header, sizeof header, static_cast<off_t>(offset));
        return got == static_cast<ssize_t>(sizeof header) ? std::optional(header) : std::nullopt;
    }
    std::string read_beginning(std::size_t most) const {
        std::string text(most, '\0');
        const ssize_t got = ::pread(descriptor_, text.data(), most, 0);
        text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return text;
    }

private:
    int descriptor_;
};

Elf64_Half this_architecture() {
    static const Elf64_Half own = [] {
        const auto header = open_file("/proc/self/exe").read_at<Elf64_Ehdr>(0);
        return header ? header->e_machine : Elf64_Half{EM_NONE};
    }();
    return own;
}

bool has_interpreter(const open_file& file, const Elf64_Ehdr& header) {
    for (unsigned i = 0; i < header.e_phnum; ++i) {
        const auto segment =
            file.read_at<Elf64_Phdr>(header.e_phoff + std::uint64_t{i} * header.e_phentsize);
        if (segment && segment->p_type == PT_INTERP) {
            return true;
        }
    }
    return false;
}

/// Whoever runs it gets rights that the loader protects from the environment.
std::string why_privileged(const std::filesystem::path& file) {
    struct stat found {};
    if (::stat(file.c_str(), &found) != 0) {
        return {};
    }
    if ((found.st_mode & S_ISUID) != 0 && found.st_uid != ::geteuid()) {
        return "is set-user-ID";
    }
    constexpr mode_t set_group = S_ISGID | S_IXGRP;
    if ((found.st_mode & set_group) == set_group && found.st_gid != ::getegid()) {
        return "is set-group-ID";
    }
    if (::geteuid() != 0 && ::getxattr(file.c_str(), "security.capability", nullptr, 0) > 0) {
        return "has file capabilities";
    }
    return {};
}

std::string why_not_elf(const open_file& file) {
    const auto header = file.read_at<Elf64_Ehdr>(0);
    if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) {
        return "is no program that the loader starts";
    }
    if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_machine != this_architecture()) {
        return "is of another architecture";
    }
    return has_interpreter(file, *header) ? "" : "is statically linked";
}

std::string interpreter_of(std::string_view line) {
    line.remove_prefix(2); // "#!"
    line = line.substr(0, line.find('\n'));
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    return std::string(line.substr(0, line.find_first_of(" \t")));
}

} // namespace

command_error::command_error(int errno_value, const std::string& command)
    : text_(fmt::format("cannot run {}: {}", command,
                        errno_value == ENOENT && command.find('/') == std::string::npos
                            ? "command not found"
                            : std::strerror(errno_value))),
      exit_status_(errno_value == ENOENT ? 127 : 126) {}

std::filesystem::path find_command(const std::string& command) {
    // The most telling of all failures: a file that may not be run says more than its absence.
    int failure = ENOENT;
    const auto can_run = [&failure](const std::filesystem::path& file) {
        struct stat found {};
        if (::stat(file.c_str(), &found) != 0) {
            failure = errno == ENOENT || errno == ENOTDIR ? failure : errno;
            return false;
        }
        if (!S_ISREG(found.st_mode) || ::access(file.c_str(), X_OK) != 0) {
            failure = EACCES;
            return false;
        }
        return true;
    };
    if (command.find('/') != std::string::npos) {
        if (!can_run(command)) {
            throw command_error(failure, command);
        }
        return command;
    }
    const char* const variable = std::getenv("PATH");
    std::string_view path = variable != nullptr ? variable : "/bin:/usr/bin";
    while (!command.empty()) {
        const std::size_t end = path.find(':');
        const std::string_view folder = path.substr(0, end);
        std::filesystem::path file = std::filesystem::path(folder.empty() ? "." : folder) / command;
        if (can_run(file)) {
            return file;
        }
        if (end == std::string_view::npos) {
            break;
        }
        path.remove_prefix(end + 1);
    }
    throw command_error(failure, command.empty() ? "''" : command);
}

std::string why_not_preloaded(const std::filesystem::path& file) {
    std::filesystem::path judged = file;
    constexpr int deepest = 5; // BINPRM_MAX_RECURSION and so: the kernel gives up as well
    for (int depth = 0; depth < deepest; ++depth) {
        const open_file opened(judged);
        if (!opened.is_open()) {
            return {}; // may be run and not read: nothing is known against it
        }
        constexpr std::size_t longest_line = 256;
        const std::string beginning = opened.read_beginning(longest_line);
        if (!beginning.starts_with("#!")) {
            const std::string privileged = why_privileged(judged);
            std::string why = privileged.empty() ? why_not_elf(opened) : privileged;
            if (!why.empty() && judged != file) {
                why = fmt::format("is run by {}, which {}", judged.string(), why);
            }
            return why;
        }
        judged = interpreter_of(beginning);
    }
    return "is a script of scripts";
}

} // namespace hetmem::tool
