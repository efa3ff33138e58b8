#include "tool/watched_command.hpp"

#include "kernel/text.hpp"
#include "tool/command_file.hpp"

#include <hetmem/error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>
#include <string_view>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

namespace hetmem::tool {
namespace {

using clock = std::chrono::steady_clock;

/// What a process may be asked by others: to end, to reload, to resize.
constexpr std::array passed_on = {SIGHUP,  SIGINT,  SIGQUIT,  SIGTERM, SIGUSR1,
                                  SIGUSR2, SIGALRM, SIGWINCH, SIGCONT};

class pipe_ends {
public:
    explicit pipe_ends(int flags) {
        if (::pipe2(ends_.data(), flags) != 0) {
            throw error(errno, "cannot make a pipe");
        }
    }
    ~pipe_ends() {
        close_end(0);
        close_end(1);
    }
    pipe_ends(const pipe_ends&) = delete;
    pipe_ends& operator=(const pipe_ends&) = delete;
    int reader() const { return ends_[0]; }
    int writer() const { return ends_[1]; }
    void close_writer() { close_end(1); }

private:
    void close_end(std::size_t which) {
        if (ends_[which] >= 0) {
            ::close(ends_[which]);
        }
        ends_[which] = -1;
    }
    std::array<int, 2> ends_{-1, -1};
};

/// Blocks the signals that are passed on, and that of a child's end, until it is destroyed. The
/// latter is not ignored meanwhile, as it may have been by who started us: the kernel would forget
/// the child as it ends, and its status.
class blocked_signals {
public:
    blocked_signals() {
        ::sigemptyset(&set_);
        ::sigaddset(&set_, SIGCHLD);
        for (const int one : passed_on) {
            ::sigaddset(&set_, one);
        }
        ::sigprocmask(SIG_BLOCK, &set_, &before_);
        struct sigaction by_default {};
        by_default.sa_handler = SIG_DFL;
        ::sigaction(SIGCHLD, &by_default, &child_before_);
    }
    ~blocked_signals() { restore(); }
    blocked_signals(const blocked_signals&) = delete;
    blocked_signals& operator=(const blocked_signals&) = delete;
    void restore() const {
        ::sigaction(SIGCHLD, &child_before_, nullptr);
        ::sigprocmask(SIG_SETMASK, &before_, nullptr);
    }
    /// The next one, or nothing when none came in this time.
    std::optional<siginfo_t> wait(std::chrono::milliseconds longest) const {
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(longest);
        const std::chrono::nanoseconds rest = longest - seconds;
        const struct timespec time {
            static_cast<time_t>(seconds.count()), static_cast<long>(rest.count())
        };
        siginfo_t found{};
        if (::sigtimedwait(&set_, &found, &time) < 0) {
            return std::nullopt;
        }
        return found;
    }

private:
    sigset_t set_{};
    sigset_t before_{};
    struct sigaction child_before_ {};
};

void keep_largest(const residency& now, last_residency& found) {
    if (now.present() > found.largest.present()) {
        found.largest = now;
    }
}

/// Counts often at first, since many commands are short, and then so that at most a twentieth of
/// the time goes there.
class sampler {
public:
    void sample(pid_t pid, last_residency& found) {
        const auto start = clock::now();
        try {
            residency now = where_process(pid);
            if (now.present().bytes() != 0) { // nothing: it is ending
                found.known = true;
                keep_largest(now, found);
                found.where = std::move(now);
                at_ = start;
            }
        } catch (const error&) {
            // It has ended, or is no longer ours to look at (a set-user-ID program).
        }
        const auto took =
            std::chrono::duration_cast<std::chrono::milliseconds>(clock::now() - start);
        constexpr std::chrono::milliseconds longest(200);
        interval_ = std::max(std::min(interval_ * 3 / 2, longest), 20 * took);
    }
    std::chrono::milliseconds interval() const { return interval_; }
    double seconds_since() const {
        return std::chrono::duration<double>(clock::now() - at_).count();
    }

private:
    std::chrono::milliseconds interval_{5};
    clock::time_point at_{};
};

[[noreturn]] void start(const std::string& file, const std::vector<std::string>& words,
                        const std::function<int(int)>& before_start, int report, int failure) {
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (const std::string& word : words) {
        arguments.push_back(const_cast<char*>(word.c_str())); // NOLINT(*-const-cast): execv's type
    }
    arguments.push_back(nullptr);
    int problem = before_start(report);
    if (problem == 0) {
        ::execvp(file.c_str(), arguments.data());
        problem = errno;
    }
    static_cast<void>(::write(failure, &problem, sizeof problem) < 0);
    ::_exit(127);
}

std::string read_all(int descriptor) {
    std::string text;
    std::array<char, 4096> part;
    for (;;) {
        const ssize_t got = ::read(descriptor, part.data(), part.size());
        if (got <= 0) {
            return text; // the end, or (it does not block) nothing more yet
        }
        text.append(part.data(), static_cast<std::size_t>(got));
    }
}

/// True when the child is there no more. Throws hetmem::error when its status went elsewhere.
bool has_ended(pid_t pid, int& exit_status) {
    siginfo_t found{};
    if (::waitid(P_PID, static_cast<id_t>(pid), &found, WEXITED | WNOHANG) != 0) {
        throw error(errno, "the status of the command cannot be had");
    }
    if (found.si_pid == 0) {
        return false;
    }
    constexpr int by_signal = 128;
    exit_status = found.si_code == CLD_EXITED ? found.si_status : by_signal + found.si_status;
    return true;
}

} // namespace

watched watch_command(const std::string& file, const std::vector<std::string>& words,
                      const std::function<int(int report)>& before_start) {
    pipe_ends failure(O_CLOEXEC);
    pipe_ends report(O_CLOEXEC | O_NONBLOCK);
    const blocked_signals signals;
    watched result;
    result.pid = ::fork();
    if (result.pid < 0) {
        throw error(errno, "cannot start a process");
    }
    if (result.pid == 0) {
        signals.restore();
        start(file, words, before_start, report.writer(), failure.writer());
    }
    failure.close_writer();
    report.close_writer();
    int problem = 0;
    if (::read(failure.reader(), &problem, sizeof problem) == ssize_t{sizeof problem}) {
        ::waitpid(result.pid, nullptr, 0);
        throw command_error(problem, file);
    }

    sampler samples;
    std::string told;
    for (;;) {
        samples.sample(result.pid, result.memory);
        told += read_all(report.reader()); // so that the pipe never fills
        const auto signal = signals.wait(samples.interval());
        if (has_ended(result.pid, result.exit_status)) {
            break;
        }
        // What came from the terminal (of the kernel) has reached the command as well.
        if (signal && signal->si_signo != SIGCHLD && signal->si_code != SI_KERNEL) {
            ::kill(result.pid, signal->si_signo);
        }
    }
    result.memory.before_exit = samples.seconds_since();
    told += read_all(report.reader());
    parse_report(told, result.pid, result.memory);
    return result;
}

namespace {

/// Takes what lies before the separator off the text.
std::string_view take(std::string_view& text, char separator) {
    const std::size_t end = text.find(separator);
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return part;
}

void add_node(std::string_view line, last_residency& found) {
    const auto node = kernel::parse_node(take(line, ' '));
    const auto all = kernel::parse_u64(take(line, ' '));
    const auto placed = kernel::parse_u64(line);
    if (!node || !all || !placed) {
        return;
    }
    const std::string name = fmt::format("node{}", *node);
    found.where.shares.push_back({name, *node, byte_size::from_bytes(*all)});
    if (*placed != 0) {
        found.placed.push_back({name, *node, byte_size::from_bytes(*placed)});
    }
}

void add_device(std::string_view line, last_residency& found) {
    const std::string_view path = take(line, ' ');
    if (const auto bytes = kernel::parse_u64(line)) {
        const resident_share share{std::string(path.substr(path.rfind('/') + 1)), -1,
                                   byte_size::from_bytes(*bytes)};
        found.where.shares.push_back(share);
        found.placed.push_back(share);
    }
}

} // namespace

bool parse_report(std::string_view text, pid_t pid, last_residency& found) {
    // Children of the command may have written too; of several of one process the last counts.
    bool is_its = false;
    bool any = false;
    last_residency told;
    while (!text.empty()) {
        std::string_view line = take(text, '\n');
        const std::string_view what = take(line, ' ');
        if (what == "pid") {
            is_its = kernel::parse_u64(line) == static_cast<std::uint64_t>(pid);
            told = {};
        } else if (what == "node") {
            add_node(line, told);
        } else if (what == "device") {
            add_device(line, told);
        } else if (what == "end" && is_its) {
            any = true;
            found.known = true;
            found.at_exit = true;
            found.where = told.where;
            found.placed = told.placed;
            keep_largest(told.where, found);
        }
    }
    return any;
}

} // namespace hetmem::tool
