#include "daemon/requests.hpp"

#include "kernel/file.hpp"
#include "kernel/text.hpp"
#include "topology/adopted.hpp"

#include <hetmem/error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <tuple>
#include <vector>

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

namespace hetmem::daemon {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view wanted_suffix = ".json";
constexpr std::string_view table_suffix = ".table";
constexpr std::size_t largest_request = std::size_t{64} << 10;

/// "4711-1.table" is of process 4711.
bool is_of_somebody(std::string_view name) {
    const auto process = kernel::parse_u64(name.substr(0, name.find('-')));
    constexpr std::uint64_t most = 1U << 30;
    return process && *process > 0 && *process < most &&
           (::kill(static_cast<pid_t>(*process), 0) == 0 || errno == EPERM);
}

/// False when it is still there.
bool forget(const fs::path& file) {
    std::error_code failed;
    fs::remove_all(file, failed);
    return !failed;
}

/// Its client may be of another PID namespace, and then cannot be seen.
bool is_new(const fs::path& file) {
    constexpr time_t a_minute = 60;
    struct stat about {};
    timespec now{};
    return ::lstat(file.c_str(), &about) == 0 && ::clock_gettime(CLOCK_REALTIME, &now) == 0 &&
           about.st_mtim.tv_sec > now.tv_sec - a_minute &&
           about.st_mtim.tv_sec < now.tv_sec + a_minute;
}

/// Of a file that request_box takes: opening anything else might wait.
void check_ordinary(const fs::path& file) {
    struct stat about {};
    if (::lstat(file.c_str(), &about) == 0 && !S_ISREG(about.st_mode)) {
        throw error(EINVAL, fmt::format("{} is no ordinary file", file.string()));
    }
}

std::vector<std::string> names_in(const fs::path& place) {
    std::vector<std::string> names;
    std::error_code failed;
    for (fs::directory_iterator at(place, failed), end; !failed && at != end;
         at.increment(failed)) {
        names.push_back(at->path().filename().string());
    }
    return names;
}

} // namespace

request_box::request_box(fs::path place)
    : place_(std::move(place)), changes_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    // Instances and watches of a user are limited, and may be in use by others.
    if (!changes_ || ::inotify_add_watch(changes_.get(), place_.c_str(), IN_MOVED_TO) < 0) {
        const int failed = errno;
        const std::string what = fmt::format("cannot watch {}", place_.string());
        if (changes_ && failed != ENOSPC && failed != ENOMEM) {
            throw error(failed, what);
        }
        changes_ = {};
        unheard_ = fmt::format("{}: {}", what, std::strerror(failed));
    }
    remove_stale();
}

void request_box::listen_again() {
    if (changes_) { // of a directory that is watched already nothing changes
        ::inotify_add_watch(changes_.get(), place_.c_str(), IN_MOVED_TO);
    }
}

void request_box::forget_events() {
    std::array<char, 4096> events{};
    while (changes_ && ::read(changes_.get(), events.data(), events.size()) > 0) {
    }
}

void request_box::remove_stale() {
    for (const std::string& name : names_in(place_)) {
        if (!is_of_somebody(name) && !is_new(place_ / name)) {
            forget(place_ / name);
        }
    }
}

/// The name of the oldest request; "" when there is none. What looks like one and is no ordinary
/// file is removed.
std::string request_box::oldest() {
    std::string first;
    timespec first_time{};
    for (const std::string& name : names_in(place_)) {
        struct stat about {};
        if (!name.ends_with(wanted_suffix) || stuck_.contains(name) ||
            ::lstat((place_ / name).c_str(), &about) != 0) {
            continue;
        }
        if (!S_ISREG(about.st_mode)) {
            if (!forget(place_ / name)) {
                stuck_.insert(name);
            }
            continue;
        }
        const bool is_older = std::tie(about.st_mtim.tv_sec, about.st_mtim.tv_nsec, name) <
                              std::tie(first_time.tv_sec, first_time.tv_nsec, first);
        if (first.empty() || is_older) {
            first = name;
            first_time = about.st_mtim;
        }
    }
    return first;
}

std::optional<request_box::request> request_box::take() {
    forget_events(); // before looking: what comes meanwhile wakes the caller again
    remove_stale();
    for (std::string first = oldest(); !first.empty(); first = oldest()) {
        request next;
        next.id = first.substr(0, first.size() - wanted_suffix.size());
        const fs::path table = place_ / (next.id + std::string(table_suffix));
        detail::adopt_answer no;
        try {
            next.wanted = detail::adopt_request_from(
                kernel::read_file(place_ / first, largest_request), first);
            if (next.wanted.wanted == detail::adopt_request::kind::table) {
                const std::string name = std::move(next.wanted.name);
                check_ordinary(table);
                next.wanted = detail::request_to_adopt(table);
                next.wanted.name = name;
            }
        } catch (const error& e) {
            no.refused.emplace_back(e.what());
            no.in_force = "as before";
        }
        forget(table);
        if (!forget(place_ / first)) {
            stuck_.insert(first);
        } else if (no.refused.empty()) {
            return next;
        } else {
            answer(next.id, no);
        }
    }
    return std::nullopt;
}

void request_box::answer(const std::string& id, const detail::adopt_answer& what) {
    kernel::new_file out(place_ / (id + ".answer"));
    out.keep_to_owner();
    out.write(detail::to_json(what));
    out.commit();
}

} // namespace hetmem::daemon
