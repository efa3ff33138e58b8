// daemon/requests.hpp: what `hetmem adopt` asks of a running hetmemd, through files in
// /run/hetmem/requests (publish/adopt_files.hpp), which only root may write.
//
//     request_box requests(run / "requests");
//     // when requests.fd() is readable:
//     while (auto next = requests.take()) {
//         requests.answer(*next, act_on(next->wanted));
//     }
#pragma once

#include "publish/adopt_files.hpp"

#include "kernel/rooted.hpp"

#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>

namespace hetmem::daemon {

class request_box {
public:
    struct request {
        std::string id;
        detail::adopt_request wanted;
    };

    /// The directory must be there, or this throws hetmem::error. What is left of clients that are
    /// gone is removed.
    explicit request_box(std::filesystem::path place);

    /// Readable when take() may have something; -1 where inotify is not to be had.
    int fd() const { return changes_.get(); }
    /// Why fd() is -1, a sentence.
    const std::string& unheard() const { return unheard_; }
    /// Somebody may have removed the directory, and another has been made: listens to that.
    void listen_again();
    /// The next request, oldest first; its files are gone then. Requests that make no sense are
    /// answered here. Never waits. Throws hetmem::error as answer() does; calling it again goes on
    /// with the next one.
    std::optional<request> take();
    /// Written under another name and renamed. A client that has gone away leaves it; it is removed
    /// when a later request is taken. Throws hetmem::error when it cannot be written.
    void answer(const std::string& id, const detail::adopt_answer& what);

private:
    void forget_events();
    void remove_stale();
    std::string oldest();

    std::filesystem::path place_;
    kernel::unique_fd changes_;
    std::string unheard_;
    std::set<std::string, std::less<>> stuck_; ///< cannot be removed, so they would come again
};

} // namespace hetmem::daemon
