// file_watch.hpp: what inotify(7) tells: settings of the kernel that somebody wrote, which make no
// event, stores of figures, and what hetmemd publishes.
//
//     file_watch files("/run/hetmem", {machine_store()});
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
#include <vector>

struct inotify_event;

namespace hetmem::detail {

class file_watch {
public:
    /// published: the directory of hetmemd, which may come and go; empty: it is not followed.
    /// stores: files, whose directories may come and go too.
    explicit file_watch(std::filesystem::path published,
                        std::vector<std::filesystem::path> stores = {});

    /// -1 when the system has no more of its kind: then there are never news.
    int fd() const { return notify_.get(); }
    /// Why not, an errno value; 0 when it works.
    int failure() const { return failure_; }

    struct news {
        bool setting = false;    ///< demotion, an interleave weight or a store was written
        bool generation = false; ///< there is another `current`
        bool seen = false;       ///< and after that hetmemd has written what it takes account of
    };
    /// What came since the last time, without waiting.
    news take();

    /// Number of the last event that hetmemd has taken account of; nothing when there is none.
    std::optional<std::uint64_t> seen() const { return seen_; }

private:
    /// A directory that may come and go.
    struct followed {
        std::filesystem::path place;
        std::uint32_t wanted = 0; // of what happens in it
        // inotify's numbers, -1 for none.
        int directory = -1;
        int ancestor = -1; // watched while the directory is not there
    };

    void take(const inotify_event& notice, std::string_view name, news& into);
    void take_of_published(const inotify_event& notice, std::string_view name, news& into);
    void take_of_store(const inotify_event& notice, std::string_view name,
                       const std::filesystem::path& store, followed& directory, news& into);
    void look_for(followed& one);
    void look_again_for_published(news& into);
    void look_again_for_store(const std::filesystem::path& store, followed& directory, news& into);
    bool is_used(int watch) const;

    int failure_ = 0;
    kernel::unique_fd notify_;
    std::array<int, 2> settings_{-1, -1};
    followed published_;
    std::vector<std::filesystem::path> stores_;
    std::vector<followed> store_directories_; // one for each
    std::optional<std::uint64_t> seen_;
};

} // namespace hetmem::detail
