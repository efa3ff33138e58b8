#include "daemon/acpiexec.hpp"

#include "kernel/file.hpp"

#include <hetmem/error.hpp>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

namespace hetmem::daemon {

namespace {

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// SCM_RIGHTS carries at most 253 descriptors, and one of them is the pipe.
constexpr std::size_t most_tables = 250;
constexpr std::size_t most_command = 1024;
constexpr int cannot_start = 127;

/// What became of a run, from the process without privileges.
struct ending {
    enum class kind : int { ended, timed_out, no_process, privileged };
    kind what = kind::ended;
    int detail = 0; // a wait status, or an errno value
};

/// One message: the fill value, the command, and as descriptors the pipe and the tables.
struct request {
    std::uint8_t fill = 0;
    std::string command;
    std::vector<kernel::unique_fd> files;
};

bool receive(int socket, request& into) {
    std::array<char, 1 + most_command> bytes{};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * (most_tables + 1))> control{};
    iovec part{bytes.data(), bytes.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    ssize_t got = 0;
    do {
        got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    if (got < 1) {
        return false; // who asks is gone
    }
    into.fill = static_cast<std::uint8_t>(bytes[0]);
    into.command.assign(bytes.data() + 1, static_cast<std::size_t>(got) - 1);
    into.files.clear();
    const cmsghdr* const rights = CMSG_FIRSTHDR(&message);
    if (rights != nullptr && rights->cmsg_type == SCM_RIGHTS) {
        const std::size_t count = (rights->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(rights) + i * sizeof fd, sizeof fd);
            into.files.emplace_back(fd);
        }
    }
    return !into.files.empty();
}

bool send(int socket, std::uint8_t fill, std::string_view command, const std::vector<int>& files) {
    std::string bytes(1, static_cast<char>(fill));
    bytes += command;
    std::vector<char> control(CMSG_SPACE(sizeof(int) * files.size()));
    iovec part{bytes.data(), bytes.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int) * files.size());
    std::memcpy(CMSG_DATA(rights), files.data(), sizeof(int) * files.size());
    return ::sendmsg(socket, &message, MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
}

/// 0, or the errno value of what kept this process from giving up its privileges.
int become_nobody() {
    constexpr uid_t nobody = 65534;
    constexpr gid_t nogroup = 65534;
    const bool is_root = ::geteuid() == 0;
    if (is_root && (::setgroups(0, nullptr) != 0 || ::setresgid(nogroup, nogroup, nogroup) != 0 ||
                    ::setresuid(nobody, nobody, nobody) != 0)) {
        return errno;
    }
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? 0 : errno;
}

void limit(int resource, rlim_t most) {
    const rlimit both{most, most};
    ::setrlimit(static_cast<__rlimit_resource_t>(resource), &both);
}

/// Becomes acpiexec. Nothing here allocates: the limit on memory is in force.
[[noreturn]] void execute(const char* program, const request& asked, char* const* words,
                          unsigned seconds, pid_t parent) {
    ::setsid();
    ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (::getppid() != parent) {
        ::_exit(cannot_start); // it ended before it was asked to end this too
    }
    ::signal(SIGPIPE, SIG_DFL);
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    ::dup2(nothing, STDIN_FILENO);
    ::dup2(asked.files[0].get(), STDOUT_FILENO);
    ::dup2(nothing, STDERR_FILENO); // unbuffered there, it would get between the lines of a dump
    for (std::size_t i = 1; i < asked.files.size(); ++i) {
        ::fcntl(asked.files[i].get(), F_SETFD, 0);
    }
    limit(RLIMIT_CPU, seconds);
    limit(RLIMIT_NOFILE, 2 * most_tables);
    limit(RLIMIT_FSIZE, 0);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_AS, rlim_t{1} << 30);
    char* const no_environment[] = {nullptr};
    ::execve(program, words, no_environment);
    ::_exit(cannot_start);
}

/// Waits for a child; false when it had to be ended.
bool wait_for(pid_t child, milliseconds most, int& status) {
    const kernel::unique_fd process(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
    pollfd wanted{process.get(), POLLIN, 0};
    const auto end = clock::now() + most;
    int ready = 0;
    while (process) {
        const auto left = std::chrono::ceil<milliseconds>(end - clock::now());
        ready = ::poll(&wanted, 1, static_cast<int>(std::max(left, milliseconds{0}).count()));
        if (ready >= 0 || errno != EINTR) {
            break;
        }
    }
    // The session of the child, whether it left others in it or not.
    ::kill(-child, SIGKILL);
    ::kill(child, SIGKILL);
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return ready > 0;
}

ending run_once(const char* program, const request& asked, milliseconds time) {
    const std::string fill = fmt::format("0x{:02x}", unsigned{asked.fill});
    // -to: loops of the AML that go on for so many seconds are an error, which it can tell.
    std::vector<std::string> words = {"acpiexec", "-fv", fill, "-b", asked.command, "-to", "2"};
    for (std::size_t i = 1; i < asked.files.size(); ++i) {
        words.push_back(fmt::format("/proc/self/fd/{}", asked.files[i].get()));
    }
    std::vector<char*> pointers;
    for (std::string& word : words) {
        pointers.push_back(word.data());
    }
    pointers.push_back(nullptr);
    const auto seconds = static_cast<unsigned>(time.count() / 1000 + 1);
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child < 0) {
        return {ending::kind::no_process, errno};
    }
    if (child == 0) {
        execute(program, asked, pointers.data(), seconds, parent);
    }
    ending end;
    end.what = wait_for(child, time, end.detail) ? ending::kind::ended : ending::kind::timed_out;
    return end;
}

/// The process without privileges: runs what it is asked for until nobody asks any more.
[[noreturn]] void serve(int socket, const char* program, milliseconds time, pid_t parent) {
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    const int refused = become_nobody();
    // After becoming another user, which takes this back.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (::getppid() != parent || ::chdir("/") != 0) {
        ::_exit(0);
    }
    // Whatever else its parent had open is not for it.
    constexpr int kept = 3;
    if (socket != kept) {
        ::dup3(socket, kept, O_CLOEXEC);
    }
    ::syscall(SYS_close_range, kept + 1, ~0U, 0);
    request asked;
    while (receive(kept, asked)) {
        const ending end = refused == 0 ? run_once(program, asked, time)
                                        : ending{ending::kind::privileged, refused};
        asked.files.clear(); // the pipe's end, for its reader to see that it is over
        if (::send(kept, &end, sizeof end, MSG_NOSIGNAL) != static_cast<ssize_t>(sizeof end)) {
            break;
        }
    }
    ::_exit(0);
}

/// Reads until the end; false when it takes too long or is too much.
bool read_all(int pipe, std::size_t most, clock::time_point end, std::string& into,
              std::string& trouble) {
    std::array<char, 16384> piece{};
    while (true) {
        const auto left = std::chrono::ceil<milliseconds>(end - clock::now());
        pollfd wanted{pipe, POLLIN, 0};
        const int ready = left.count() > 0 ? ::poll(&wanted, 1, static_cast<int>(left.count())) : 0;
        if (ready < 0 && errno == EINTR) {
            continue;
        }
        const ssize_t got = ready > 0 ? ::read(pipe, piece.data(), piece.size()) : -1;
        if (got == 0) {
            return true;
        }
        if (got < 0) {
            trouble = "it went on for too long";
            return false;
        }
        into.append(piece.data(), static_cast<std::size_t>(got));
        if (into.size() > most) {
            trouble = fmt::format("it printed more than {} KiB", most >> 10);
            return false;
        }
    }
}

} // namespace

std::filesystem::path find_acpiexec() {
    for (const char* const place : {"/usr/bin/acpiexec", "/usr/sbin/acpiexec"}) {
        if (::access(place, X_OK) == 0) {
            return place;
        }
    }
    return {};
}

struct acpiexec_runner::state {
    std::string program;
    limits most;
    kernel::unique_fd socket;
    pid_t process = 0;

    ~state() { stop(); }
    void stop() {
        socket = {};
        if (process > 0) {
            ::kill(process, SIGKILL);
            while (::waitpid(process, nullptr, 0) < 0 && errno == EINTR) {
            }
            process = 0;
        }
    }
    std::string words(const ending& end) const;
};

std::string acpiexec_runner::state::words(const ending& end) const {
    switch (end.what) {
    case ending::kind::timed_out:
        return fmt::format("it took more than {} ms and was ended", most.time.count());
    case ending::kind::no_process:
        return fmt::format("no process for it: {}", std::strerror(end.detail));
    case ending::kind::privileged:
        return fmt::format("it is run as nobody, which this process may not become: {}",
                           std::strerror(end.detail));
    case ending::kind::ended:
        break;
    }
    if (WIFSIGNALED(end.detail)) {
        return fmt::format("signal {} ended it", WTERMSIG(end.detail));
    }
    // Its exit status says nothing: 0 also after errors. This one is ours.
    return WEXITSTATUS(end.detail) == cannot_start ? program + " cannot be run" : std::string();
}

acpiexec_runner::acpiexec_runner(const std::filesystem::path& program, limits most)
    : state_(std::make_unique<state>()) {
    state_->program = program.string();
    state_->most = most;
    int ends[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        throw error(errno, "cannot make a socket for acpiexec");
    }
    state_->socket = kernel::unique_fd(ends[0]);
    kernel::unique_fd other(ends[1]);
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child < 0) {
        throw error(errno, "cannot start a process for acpiexec");
    }
    if (child == 0) {
        ::close(ends[0]);
        serve(ends[1], state_->program.c_str(), most.time, parent);
    }
    state_->process = child;
}

acpiexec_runner::~acpiexec_runner() = default;

acpiexec_runner::result acpiexec_runner::run(std::string_view command, std::uint8_t fill,
                                             std::span<const kernel::unique_fd> aml) {
    result out;
    if (aml.size() > most_tables || command.size() > most_command) {
        out.trouble = fmt::format("it is given at most {} tables, not {}", most_tables, aml.size());
        return out;
    }
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) {
        out.trouble = fmt::format("no pipe from it: {}", std::strerror(errno));
        return out;
    }
    kernel::unique_fd pipe(ends[0]);
    kernel::unique_fd writing(ends[1]);
    std::vector<int> files = {writing.get()};
    for (const kernel::unique_fd& table : aml) {
        files.push_back(table.get());
    }
    if (!state_->socket || !send(state_->socket.get(), fill, command, files)) {
        state_->stop();
        out.trouble = "the process that ran it is gone";
        return out;
    }
    writing = {};
    constexpr milliseconds slack{1000}; // for the process that ends it to say so first
    const auto end = clock::now() + state_->most.time + slack;
    const bool whole = read_all(pipe.get(), state_->most.output, end, out.output, out.trouble);
    pipe = {}; // if it goes on writing, that ends it
    ending answer;
    pollfd wanted{state_->socket.get(), POLLIN, 0};
    int ready = 0;
    do {
        const auto left = std::chrono::ceil<milliseconds>(end + slack - clock::now());
        ready = ::poll(&wanted, 1, static_cast<int>(std::max(left, milliseconds{0}).count()));
    } while (ready < 0 && errno == EINTR);
    if (ready <= 0 || ::recv(state_->socket.get(), &answer, sizeof answer, 0) !=
                          static_cast<ssize_t>(sizeof answer)) {
        state_->stop(); // an answer that comes later would be taken for that of the next run
        out.trouble = "the process that ran it is gone";
        return out;
    }
    if (whole || answer.what == ending::kind::timed_out) {
        out.trouble = state_->words(answer);
    }
    return out;
}

kernel::unique_fd memory_file(std::span<const std::byte> bytes) {
    kernel::unique_fd file(::memfd_create("aml", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!file) {
        throw error(errno, "cannot make an anonymous file");
    }
    const int failed = kernel::write_all(
        file.get(), std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
    if (failed != 0) {
        throw error(failed, "cannot write an anonymous file");
    }
    if (::fchmod(file.get(), 0444) != 0 ||
        ::fcntl(file.get(), F_ADD_SEALS,
                F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0) {
        throw error(errno, "cannot seal an anonymous file");
    }
    return file;
}

} // namespace hetmem::daemon
