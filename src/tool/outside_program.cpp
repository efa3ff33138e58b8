#include "tool/outside_program.hpp"

#include <hetmem/error.hpp>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hetmem::tool {

namespace {

/// sudo and cron may leave out where update-initramfs lies.
std::string path_with_administrators_places() {
    const char* const own = std::getenv("PATH");
    return fmt::format("PATH={}{}/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                       own == nullptr ? "" : own, own == nullptr ? "" : ":");
}

[[noreturn]] void become(std::vector<std::string> words, std::string path) {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) {
        std::signal(signal, SIG_DFL);
    }
    ::putenv(path.data());
    std::vector<char*> pointers;
    for (std::string& word : words) {
        pointers.push_back(word.data());
    }
    pointers.push_back(nullptr);
    ::execvp(pointers[0], pointers.data());
    constexpr int no_such_command = 127;
    ::_exit(no_such_command);
}

} // namespace

void run_program(const std::vector<std::string>& words) {
    const std::string text = fmt::format("{}", fmt::join(words, " "));
    const pid_t child = ::fork();
    if (child < 0) {
        throw error(errno, fmt::format("cannot run {}", text));
    }
    if (child == 0) {
        become(words, path_with_administrators_places());
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            throw error(errno, fmt::format("cannot wait for {}", text));
        }
    }
    if (WIFSIGNALED(status)) {
        throw error(ECANCELED, fmt::format("{}: ended by signal {}", text, WTERMSIG(status)));
    }
    if (WEXITSTATUS(status) != 0) {
        throw error(ECANCELED, fmt::format("{}: ended with status {}", text, WEXITSTATUS(status)));
    }
}

} // namespace hetmem::tool
