#include "topology/file_watch.hpp"

#include "topology/published.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fcntl.h>
#include <sys/inotify.h>
#include <unistd.h>

namespace hetmem::detail {

namespace {

constexpr const char* settings_directories[] = {"/sys/kernel/mm/numa",
                                                "/sys/kernel/mm/mempolicy/weighted_interleave"};

constexpr std::uint32_t gone = IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED;
constexpr std::uint32_t of_published =
    IN_MOVED_TO | IN_CREATE | IN_MODIFY | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
constexpr std::uint32_t of_ancestor =
    IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

std::optional<std::uint64_t> read_seen(const std::filesystem::path& published) {
    const kernel::unique_fd file(
        ::open((published / "seen").c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
    seen_record record{};
    const auto size = static_cast<ssize_t>(record.size());
    if (!file || ::read(file.get(), record.data(), record.size()) != size) {
        return std::nullopt;
    }
    return decode_seen(record);
}

} // namespace

file_watch::file_watch(std::filesystem::path published)
    : published_(std::move(published)), notify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    static_assert(std::size(settings_directories) == std::tuple_size_v<decltype(settings_)>);
    if (!notify_) {
        failure_ = errno;
        return;
    }
    std::transform(std::begin(settings_directories), std::end(settings_directories),
                   settings_.begin(), [this](const char* place) {
                       return ::inotify_add_watch(notify_.get(), place, IN_MODIFY | IN_ONLYDIR);
                   });
    look_for_published();
}

file_watch::news file_watch::take() {
    news all;
    alignas(inotify_event) std::array<char, 4096> buffer;
    while (notify_) {
        const ssize_t size = ::read(notify_.get(), buffer.data(), buffer.size());
        if (size <= 0) {
            break;
        }
        for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
            const auto& notice = *reinterpret_cast<const inotify_event*>(&buffer[at]);
            take(notice, notice.len == 0 ? "" : notice.name, all);
            at += sizeof notice + notice.len;
        }
    }
    return all;
}

void file_watch::take(const inotify_event& notice, std::string_view name, news& into) {
    if ((notice.mask & IN_Q_OVERFLOW) != 0) { // some are missing, whatever they were
        into.setting = true;
        look_again_for_published(into);
    } else if (notice.wd == directory_) {
        if ((notice.mask & gone) != 0) {
            look_again_for_published(into);
        } else if (name == "seen") {
            seen_ = read_seen(published_);
            into.seen = into.seen || seen_;
        } else if (name == "current" && (notice.mask & IN_DELETE) == 0) {
            into.generation = true;
            into.seen = false;
        }
    } else if (notice.wd == ancestor_) {
        look_again_for_published(into);
    } else if (std::find(settings_.begin(), settings_.end(), notice.wd) != settings_.end()) {
        into.setting = into.setting || (notice.mask & IN_MODIFY) != 0;
    }
}

/// Watches the directory, or what there is of the way to it.
void file_watch::look_for_published() {
    std::array<int, 2> old{std::exchange(directory_, -1), std::exchange(ancestor_, -1)};
    // Until nothing has appeared on the way while what is above it was not watched yet.
    for (int nearest = -1; !published_.empty(); nearest = ancestor_) {
        std::filesystem::path place = published_;
        ancestor_ = -1;
        directory_ = ::inotify_add_watch(notify_.get(), place.c_str(), of_published);
        while (directory_ < 0 && ancestor_ < 0 && place.has_relative_path()) {
            place = place.parent_path();
            ancestor_ = ::inotify_add_watch(notify_.get(), place.c_str(), of_ancestor);
        }
        if (nearest >= 0 && nearest != ancestor_) {
            ::inotify_rm_watch(notify_.get(), nearest);
        }
        if (directory_ >= 0 || ancestor_ == nearest) {
            break;
        }
    }
    for (const int one : old) {
        if (one >= 0 && one != directory_ && one != ancestor_) {
            ::inotify_rm_watch(notify_.get(), one);
        }
    }
    seen_ = directory_ >= 0 ? read_seen(published_) : std::nullopt;
}

void file_watch::look_again_for_published(news& into) {
    look_for_published();
    if (directory_ >= 0) {
        into.seen = into.seen || seen_;
        into.generation = ::access((published_ / "current").c_str(), F_OK) == 0;
    }
}

} // namespace hetmem::detail
