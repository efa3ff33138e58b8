#include "daemon/service.hpp"

#include "daemon/log.hpp"
#include "daemon/notify.hpp"
#include "daemon/privileges.hpp"
#include "publish/history.hpp"

#include "kernel/uevent.hpp"

#include <hetmem/error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <exception>
#include <vector>

#include <malloc.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <fmt/format.h>

namespace hetmem::daemon {
namespace {

using std::chrono::seconds;

constexpr seconds first_retry{1};
constexpr seconds longest_retry{300};

kernel::unique_fd checked(int fd, const char* what) {
    if (fd < 0) {
        throw error(errno, fmt::format("cannot make {}", what));
    }
    return kernel::unique_fd(fd);
}

/// From now on these come as reads of the descriptor.
kernel::unique_fd signal_descriptor() {
    sigset_t ours;
    sigemptyset(&ours);
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
        sigaddset(&ours, number);
    }
    if (::sigprocmask(SIG_BLOCK, &ours, nullptr) != 0) {
        throw error(errno, "cannot block signals");
    }
    // A journal that went away is no reason to end.
    std::signal(SIGPIPE, SIG_IGN);
    return checked(::signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK), "a descriptor for signals");
}

void wait_for(int epoll, int fd) {
    epoll_event wanted{};
    wanted.events = EPOLLIN;
    wanted.data.fd = fd;
    if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &wanted) != 0) {
        throw error(errno, "cannot wait for events");
    }
}

void set_timer(int timer, seconds after) {
    itimerspec when{};
    when.it_value.tv_sec = after.count();
    ::timerfd_settime(timer, 0, &when, nullptr);
}

/// For a line: ": node2 appeared; 3 more changes".
std::string shortly(const std::vector<change>& changes) {
    switch (changes.size()) {
    case 0:
        return {};
    case 1:
        return ": " + to_string(changes.front());
    default:
        return fmt::format(": {}; {} more", to_string(changes.front()), changes.size() - 1);
    }
}

std::string now_in_words() {
    return detail::timestamp(std::chrono::system_clock::now());
}

} // namespace

service::service(const kernel::rooted_reader& machine, detail::run_directory& place,
                 hmat_in_force& hmat, detail::change_feed* feed, voice tell)
    : machine_(machine), place_(place), hmat_(hmat), feed_(feed), voice_(tell),
      publisher_(machine, place, hmat),
      retry_timer_(
          checked(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), "a timer")) {
    health_.pid = ::getpid();
    health_.version = HETMEM_VERSION;
    health_.started = now_in_words();
    health_.privileges = privileges_in_words();
}

bool service::look(std::string_view cause, evaluator::effort how) {
    try {
        take_outcome(hmat_.follow(machine_, how));
    } catch (const std::exception& e) {
        // The HMAT stays what it was, and there is more to see than that.
        tell(fmt::format("cannot evaluate _HMA: {}", e.what()));
        health_.hmat_refused = {e.what()};
    }
    detail::adopt_answer ignored;
    return publish(cause, ignored);
}

detail::adopt_answer service::serve(const detail::adopt_request& wanted) {
    detail::adopt_answer answer;
    try {
        const hmat_in_force::outcome hmat = hmat_.adopt(machine_, wanted);
        take_outcome(hmat);
        answer.refused = hmat.refused;
        answer.remarks = hmat.remarks;
        answer.done = hmat.refused.empty();
    } catch (const std::exception& e) {
        answer.refused = {e.what()};
    }
    if (answer.done) {
        answer.done = publish("adopted", answer);
    }
    answer.generation = health_.generation;
    answer.in_force = hmat_.words();
    return answer;
}

/// One look. `answer` gets what changed, or why it could not be published.
bool service::publish(std::string_view cause, detail::adopt_answer& answer) {
    ++health_.looks;
    // Before the look: what comes while it is going on may not have been seen by it.
    const std::uint64_t upto =
        feed_ != nullptr ? feed_->seqnum() : kernel::last_uevent(machine_).value_or(0);
    try {
        const publisher::outcome now = publisher_.look(cause, upto);
        health_.generation = now.generation;
        seen_ = upto;
        behind_ = false;
        retry_after_ = seconds(0);
        set_timer(retry_timer_.get(), retry_after_);
        health_.last_error.clear();
        if (now.look_again && feed_ != nullptr) {
            feed_->look_later();
        }
        if (now.published) {
            tell(fmt::format("generation {} ({}){}; HMAT: {}", now.generation, cause,
                             shortly(now.changes), hmat_.words()));
        }
        for (const change& c : now.changes) {
            answer.changes.push_back(to_string(c));
        }
        // A look at a large machine takes much more memory than waiting for the next one.
        ::malloc_trim(0);
    } catch (const std::exception& e) {
        failed(e.what());
        answer.refused.emplace_back(e.what());
    }
    write_health();
    return !behind_;
}

void service::tell(std::string_view text) const {
    if (voice_ == voice::standard_error) {
        say(text);
    }
}

void service::failed(std::string_view why) {
    behind_ = true;
    ++health_.failed_looks;
    if (health_.last_error != why) {
        tell(fmt::format("cannot publish what the machine is now: {}", why));
    }
    health_.last_error = why;
    health_.last_error_time = now_in_words();
    try_again_later();
}

void service::try_again_later() {
    retry_after_ = std::clamp(retry_after_ * 2, first_retry, longest_retry);
    set_timer(retry_timer_.get(), retry_after_);
}

void service::take_outcome(const hmat_in_force::outcome& hmat) {
    for (const std::string& sentence : hmat.refused) {
        if (std::ranges::count(health_.hmat_refused, sentence) == 0) {
            tell(fmt::format("HMAT not adopted: {}", sentence));
        }
    }
    health_.hmat_refused = hmat.refused;
    health_.hmat_remarks = hmat.remarks;
}

void service::take_events() {
    if (feed_->poll()) {
        look("events", evaluator::effort::if_changed);
        return;
    }
    // Other devices' events change nothing of what is published, but who reads it compares numbers.
    if (!behind_ && feed_->seqnum() != seen_) {
        seen_ = feed_->seqnum();
        place_.set_seen(seen_);
    }
}

/// False when it is time to end.
bool service::take_signals(int signals, request_box& requests) {
    signalfd_siginfo one{};
    while (::read(signals, &one, sizeof one) == static_cast<ssize_t>(sizeof one)) {
        if (one.ssi_signo != SIGHUP) {
            return false;
        }
        const std::uint64_t before = health_.generation;
        if (look("request", evaluator::effort::again) && health_.generation == before) {
            tell(fmt::format("looked again: nothing changed; HMAT: {}", health_.hmat));
        }
        take_requests(requests); // nothing else tells of them where inotify is not to be had
    }
    return true;
}

void service::take_requests(request_box& requests) {
    for (bool more = true; more;) {
        try {
            const auto next = requests.take();
            more = next.has_value();
            if (next) {
                requests.answer(next->id, serve(next->wanted));
            }
        } catch (const error& e) {
            // Only who asked is worse off; it gives up after a while.
            tell(fmt::format("a request gets no answer: {}", e.what()));
        }
    }
}

void service::write_health() {
    if (feed_ != nullptr) {
        const detail::change_feed::status events = feed_->now();
        health_.events_arrive = events.events;
        health_.events_remark = events.remark;
        health_.events_seen = events.seen;
        health_.events_lost = events.lost;
    }
    health_.hmat = hmat_.words();
    health_.unreadable = publisher_.published() ? unreadable_sources(*publisher_.published())
                                                : std::vector<source_report>();
    std::string text = to_json(health_);
    if (text == written_health_) {
        return;
    }
    try {
        place_.replace("health.json", text);
        written_health_ = std::move(text);
    } catch (const error& e) {
        tell(e.what());
    }
}

void service::run() {
    const kernel::unique_fd epoll = checked(::epoll_create1(EPOLL_CLOEXEC), "an epoll instance");
    const kernel::unique_fd signals = signal_descriptor();
    request_box requests(place_.place() / "requests");
    wait_for(epoll.get(), signals.get());
    if (requests.fd() >= 0) {
        wait_for(epoll.get(), requests.fd());
    } else {
        tell(fmt::format("takes requests only on SIGHUP: {}", requests.unheard()));
    }
    wait_for(epoll.get(), retry_timer_.get());
    if (feed_ != nullptr) {
        wait_for(epoll.get(), feed_->fd());
    }

    health_.running = true;
    look("start", evaluator::effort::if_changed);
    notify("READY=1\nSTATUS=publishes in " + place_.place().string());
    for (bool go_on = true; go_on;) {
        std::array<epoll_event, 4> ready{};
        const int count = ::epoll_wait(epoll.get(), ready.data(), ready.size(), -1);
        if (count < 0 && errno != EINTR) {
            throw error(errno, "cannot wait for events");
        }
        for (int i = 0; i < count && go_on; ++i) {
            const int fd = ready[static_cast<std::size_t>(i)].data.fd;
            if (fd == signals.get()) {
                go_on = take_signals(fd, requests);
            } else if (fd == requests.fd()) {
                take_requests(requests);
            } else if (fd == retry_timer_.get()) {
                std::uint64_t times = 0;
                if (::read(fd, &times, sizeof times) > 0) {
                    look("retry", evaluator::effort::if_changed);
                }
            } else {
                take_events();
            }
        }
        requests.listen_again();
    }
    notify("STOPPING=1");
    health_.running = false;
    write_health();
}

} // namespace hetmem::daemon
