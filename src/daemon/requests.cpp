#include "daemon/requests.hpp"

#include "kernel/file.hpp"
#include "kernel/text.hpp"
#include "topology/adopted.hpp"

#include <hetmem/error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
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

/// "4711-1.table" is of process 4711.
bool is_of_somebody(std::string_view name) {
    const auto process = kernel::parse_u64(name.substr(0, name.find('-')));
    constexpr std::uint64_t most = 1U << 30;
    return process && *process > 0 && *process < most &&
           (::kill(static_cast<pid_t>(*process), 0) == 0 || errno == EPERM);
}

void forget(const fs::path& file) {
    std::error_code gone_already;
    fs::remove(file, gone_already);
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
    if (!changes_ || ::inotify_add_watch(changes_.get(), place_.c_str(), IN_MOVED_TO) < 0) {
        throw error(errno, fmt::format("cannot watch {}", place_.string()));
    }
    remove_stale();
}

void request_box::forget_events() {
    std::array<char, 4096> events{};
    while (::read(changes_.get(), events.data(), events.size()) > 0) {
    }
}

void request_box::remove_stale() {
    for (const std::string& name : names_in(place_)) {
        if (!is_of_somebody(name)) {
            forget(place_ / name);
        }
    }
}

std::optional<request_box::request> request_box::take() {
    forget_events(); // before looking: what comes meanwhile wakes the caller again
    remove_stale();
    while (true) {
        std::string first;
        timespec first_time{};
        for (const std::string& name : names_in(place_)) {
            struct stat about {};
            if (!name.ends_with(wanted_suffix) || ::lstat((place_ / name).c_str(), &about) != 0) {
                continue;
            }
            const bool is_older = std::tie(about.st_mtim.tv_sec, about.st_mtim.tv_nsec, name) <
                                  std::tie(first_time.tv_sec, first_time.tv_nsec, first);
            if (first.empty() || is_older) {
                first = name;
                first_time = about.st_mtim;
            }
        }
        if (first.empty()) {
            return std::nullopt;
        }
        request next;
        next.id = first.substr(0, first.size() - wanted_suffix.size());
        const fs::path table = place_ / (next.id + std::string(table_suffix));
        try {
            next.wanted = detail::adopt_request_from(kernel::read_file(place_ / first), first);
            if (next.wanted.wanted == detail::adopt_request::kind::table) {
                const std::string name = std::move(next.wanted.name);
                next.wanted = detail::request_to_adopt(table);
                next.wanted.name = name;
            }
            forget(place_ / first);
            forget(table);
            return next;
        } catch (const error& e) {
            forget(place_ / first);
            forget(table);
            detail::adopt_answer no;
            no.refused.emplace_back(e.what());
            no.in_force = "as before";
            answer(next.id, no);
        }
    }
}

void request_box::answer(const std::string& id, const detail::adopt_answer& what) {
    kernel::new_file out(place_ / (id + ".answer"));
    out.keep_to_owner();
    out.write(detail::to_json(what));
    out.commit();
}

} // namespace hetmem::daemon
