// daemon/service.hpp: the loop of hetmemd. One thread, which sleeps until there is something to do.
#pragma once

#include "daemon/health.hpp"
#include "daemon/hmat_in_force.hpp"
#include "daemon/publisher.hpp"
#include "daemon/requests.hpp"
#include "publish/adopt_files.hpp"
#include "publish/run_directory.hpp"
#include "topology/change_feed.hpp"

#include "kernel/rooted.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hetmem::daemon {

class service {
public:
    /// Whom it tells what happened, besides health.json.
    enum class voice : std::uint8_t { standard_error, silent };
    /// feed: null where no events are to be had (another machine's tree, a single look). All must
    /// outlive this.
    service(const kernel::rooted_reader& machine, detail::run_directory& place, hmat_in_force& hmat,
            detail::change_feed* feed, voice tell = voice::standard_error);

    /// Evaluates _HMA, looks at the machine and publishes what is different. False when it could
    /// not; why is in health.json and on standard error.
    bool look(std::string_view cause, evaluator::effort how);
    /// Does what is wanted of the HMAT and publishes what came of it.
    detail::adopt_answer serve(const detail::adopt_request& wanted);
    /// Looks at the start, then whenever there is a reason, until SIGTERM or SIGINT. One look that
    /// fails is tried again later. Throws hetmem::error when there is no way to wait for anything.
    void run();

private:
    bool publish(std::string_view cause, detail::adopt_answer& answer);
    void take_outcome(const hmat_in_force::outcome& hmat);
    void take_events();
    bool take_signals(int signals, request_box& requests);
    void take_requests(request_box& requests);
    void tell(std::string_view text) const;
    void failed(std::string_view why);
    void try_again_later();
    void write_health();

    const kernel::rooted_reader& machine_;
    detail::run_directory& place_;
    hmat_in_force& hmat_;
    detail::change_feed* feed_;
    voice voice_;
    publisher publisher_;

    health health_;
    std::string written_health_;
    std::uint64_t seen_ = 0;
    bool behind_ = true; ///< what is published does not take account of every event taken in
    kernel::unique_fd retry_timer_;
    std::chrono::seconds retry_after_{0};
};

} // namespace hetmem::daemon
