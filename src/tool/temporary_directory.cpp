#include "tool/temporary_directory.hpp"

#include <hetmem/error.hpp>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>

#include <sys/wait.h>

namespace hetmem::tool {
namespace {

constexpr std::array ending_signals = {SIGINT, SIGTERM, SIGHUP};

// A signal handler has no other way to what it must know.
// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables)
volatile std::sig_atomic_t noted_signal = 0;
std::atomic<pid_t> child_to_end{0};
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)
static_assert(std::atomic<pid_t>::is_always_lock_free, "a signal handler uses it");

void note_signal(int number) {
    noted_signal = number;
    if (const pid_t child = child_to_end; child > 0) {
        ::kill(child, SIGTERM);
    }
}

} // namespace

temporary_directory::temporary_directory() {
    const char* base = std::getenv("TMPDIR");
    std::string name = base != nullptr && *base != '\0' ? base : "/tmp";
    name += "/hetmem-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) {
        throw error(errno, "cannot make a temporary directory " + name);
    }
    path_ = name;
    struct sigaction take_note {};
    take_note.sa_handler = note_signal; // without SA_RESTART: waiting for tar ends at once
    for (std::size_t i = 0; i < ending_signals.size(); ++i) {
        ::sigaction(ending_signals[i], nullptr, &before_[i]);
        if (before_[i].sa_handler != SIG_IGN) { // nohup stays nohup
            ::sigaction(ending_signals[i], &take_note, nullptr);
        }
    }
}

temporary_directory::~temporary_directory() {
    std::error_code nobody_to_tell;
    std::filesystem::remove_all(path_, nobody_to_tell);
    for (std::size_t i = 0; i < ending_signals.size(); ++i) {
        ::sigaction(ending_signals[i], &before_[i], nullptr);
    }
    if (noted_signal != 0) {
        ::raise(noted_signal);
    }
}

void temporary_directory::check_interrupted() {
    if (noted_signal != 0) {
        throw error(EINTR, "stopped by a signal");
    }
}

int temporary_directory::wait_for(pid_t child) {
    child_to_end = child;
    if (noted_signal != 0) { // it came before the handler knew of the child
        ::kill(child, SIGTERM);
    }
    // Not reaped yet while the handler may still signal it: its number could be somebody else's.
    siginfo_t ended{};
    while (::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT) < 0) {
        if (errno != EINTR) {
            break; // waitpid below says so too
        }
    }
    child_to_end = 0;
    int status = 0;
    if (::waitpid(child, &status, 0) < 0) {
        throw error(errno, "cannot wait for a program that was started");
    }
    check_interrupted();
    return status;
}

} // namespace hetmem::tool
