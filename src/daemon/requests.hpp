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
#include <optional>
#include <string>

namespace hetmem::daemon {

class request_box {
public:
    struct request {
        std::string id;
        detail::adopt_request wanted;
    };

    /// The directory must be there. What is left of clients that are gone is removed. Throws
    /// hetmem::error when inotify is not to be had.
    explicit request_box(std::filesystem::path place);

    /// Readable when take() may have something.
    int fd() const { return changes_.get(); }
    /// The next request, oldest first; its files are gone then. Requests that make no sense are
    /// answered here. Never waits.
    std::optional<request> take();
    /// Written under another name and renamed. A client that has gone away leaves it; it is removed
    /// when the next request is taken.
    void answer(const std::string& id, const detail::adopt_answer& what);

private:
    void forget_events();
    void remove_stale();

    std::filesystem::path place_;
    kernel::unique_fd changes_;
};

} // namespace hetmem::daemon
