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
constexpr std::uint32_t of_store = IN_MOVED_TO | IN_MOVED_FROM | IN_CLOSE_WRITE | IN_DELETE |
                                   IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
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

file_watch::file_watch(std::filesystem::path published, std::vector<std::filesystem::path> stores)
    : notify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)), stores_(std::move(stores)) {
    static_assert(std::size(settings_directories) == std::tuple_size_v<decltype(settings_)>);
    published_ = {std::move(published), of_published, -1, -1};
    for (const std::filesystem::path& store : stores_) {
        store_directories_.push_back({store.parent_path(), of_store, -1, -1});
    }
    if (!notify_) {
        failure_ = errno;
        return;
    }
    std::transform(std::begin(settings_directories), std::end(settings_directories),
                   settings_.begin(), [this](const char* place) {
                       return ::inotify_add_watch(notify_.get(), place, IN_MODIFY | IN_ONLYDIR);
                   });
    for (followed& one : store_directories_) {
        look_for(one);
    }
    look_for(published_);
    seen_ = published_.directory >= 0 ? read_seen(published_.place) : std::nullopt;
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
        for (followed& one : store_directories_) {
            look_for(one);
        }
        look_again_for_published(into);
        return;
    }
    if (std::find(settings_.begin(), settings_.end(), notice.wd) != settings_.end()) {
        into.setting = into.setting || (notice.mask & IN_MODIFY) != 0;
    }
    // What is not there may wait below the same directory.
    take_of_published(notice, name, into);
    for (std::size_t n = 0; n < stores_.size(); ++n) {
        take_of_store(notice, name, stores_[n], store_directories_[n], into);
    }
}

void file_watch::take_of_published(const inotify_event& notice, std::string_view name, news& into) {
    if (notice.wd == published_.directory) {
        if ((notice.mask & gone) != 0) {
            look_again_for_published(into);
        } else if (name == "seen") {
            seen_ = read_seen(published_.place);
            into.seen = into.seen || seen_;
        } else if (name == "current" && (notice.mask & IN_DELETE) == 0) {
            into.generation = true;
            into.seen = false;
        }
    } else if (notice.wd == published_.ancestor) {
        look_again_for_published(into);
    }
}

void file_watch::take_of_store(const inotify_event& notice, std::string_view name,
                               const std::filesystem::path& store, followed& directory,
                               news& into) {
    if (notice.wd == directory.directory) {
        if ((notice.mask & gone) != 0) {
            into.setting = true;
            look_for(directory);
        } else if (name == store.filename().native()) {
            into.setting = true;
        }
    } else if (notice.wd == directory.ancestor) {
        look_again_for_store(store, directory, into);
    }
}

/// Watches the directory, or what there is of the way to it.
void file_watch::look_for(followed& one) {
    std::array<int, 2> old{std::exchange(one.directory, -1), std::exchange(one.ancestor, -1)};
    // Several may wait below one directory: what is asked for is added to what is watched there.
    const auto watch = [this](const std::filesystem::path& place, std::uint32_t wanted) {
        return ::inotify_add_watch(notify_.get(), place.c_str(), wanted | IN_MASK_ADD);
    };
    // Until nothing has appeared on the way while what is above it was not watched yet.
    for (int nearest = -1; !one.place.empty(); nearest = one.ancestor) {
        std::filesystem::path place = one.place;
        one.ancestor = -1;
        one.directory = watch(place, one.wanted);
        while (one.directory < 0 && one.ancestor < 0 && place.has_relative_path()) {
            place = place.parent_path();
            one.ancestor = watch(place, of_ancestor);
        }
        if (nearest >= 0 && nearest != one.ancestor && !is_used(nearest)) {
            ::inotify_rm_watch(notify_.get(), nearest);
        }
        if (one.directory >= 0 || one.ancestor == nearest) {
            break;
        }
    }
    for (const int watched : old) {
        if (watched >= 0 && !is_used(watched)) {
            ::inotify_rm_watch(notify_.get(), watched);
        }
    }
}

bool file_watch::is_used(int watch) const {
    const auto uses = [watch](const followed& one) {
        return one.directory == watch || one.ancestor == watch;
    };
    return uses(published_) ||
           std::any_of(store_directories_.begin(), store_directories_.end(), uses);
}

void file_watch::look_again_for_published(news& into) {
    look_for(published_);
    seen_ = published_.directory >= 0 ? read_seen(published_.place) : std::nullopt;
    if (published_.directory >= 0) {
        into.seen = into.seen || seen_;
        into.generation = ::access((published_.place / "current").c_str(), F_OK) == 0;
    }
}

void file_watch::look_again_for_store(const std::filesystem::path& store, followed& directory,
                                      news& into) {
    look_for(directory);
    if (directory.directory >= 0 && ::access(store.c_str(), F_OK) == 0) {
        into.setting = true;
    }
}

} // namespace hetmem::detail
