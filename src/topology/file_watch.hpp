// file_watch.hpp: what inotify(7) tells: settings of the kernel that somebody wrote, which make no
// event, and what hetmemd publishes.
//
//     file_watch files("/run/hetmem");
//     // when files.fd() is readable:
//     file_watch::news n = files.take();
//     if (n.generation) { ... }
#pragma once

#include "kernel/rooted.hpp"

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

struct inotify_event;

namespace hetmem::detail {

class file_watch {
public:
    /// published: the directory of hetmemd, which may come and go; empty: it is not followed.
    explicit file_watch(std::filesystem::path published);

    /// -1 when the system has no more of its kind: then there are never news.
    int fd() const { return notify_.get(); }
    /// Why not, an errno value; 0 when it works.
    int failure() const { return failure_; }

    struct news {
        bool setting = false;    ///< demotion or an interleave weight was written
        bool generation = false; ///< there is another `current`
        bool seen = false;       ///< and after that hetmemd has written what it takes account of
    };
    /// What came since the last time, without waiting.
    news take();

    /// Number of the last event that hetmemd has taken account of; nothing when there is none.
    std::optional<std::uint64_t> seen() const { return seen_; }

private:
    void take(const inotify_event& notice, std::string_view name, news& into);
    void look_for_published();
    void look_again_for_published(news& into);

    std::filesystem::path published_;
    int failure_ = 0;
    kernel::unique_fd notify_;
    // inotify's numbers, -1 for none.
    std::array<int, 2> settings_{-1, -1};
    int directory_ = -1;
    int ancestor_ = -1; // watched while the directory is not there
    std::optional<std::uint64_t> seen_;
};

} // namespace hetmem::detail
