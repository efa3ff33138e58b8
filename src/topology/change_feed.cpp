#include "topology/change_feed.hpp"

#include "topology/file_watch.hpp"

#include <hetmem/error.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <fmt/format.h>

namespace hetmem::detail {

namespace {

using clock = std::chrono::steady_clock; // CLOCK_MONOTONIC, as the timer
using kernel::uevent_socket;
using kernel::unique_fd;

/// How much longer than `longest` a hetmemd is waited for: it waits as long for the events to be
/// quiet, and then looks and publishes.
constexpr std::chrono::milliseconds patience{250};

/// Things that come one after the other and make one look.
struct burst {
    clock::time_point first;
    clock::time_point last;
};

/// Nobody waits for longer, and the clock does not overflow.
std::chrono::milliseconds sensible(std::chrono::milliseconds asked) {
    return std::clamp<std::chrono::milliseconds>(asked, std::chrono::milliseconds(0),
                                                 std::chrono::hours(24));
}

void prolong(std::optional<burst>& what, clock::time_point now) {
    if (!what) {
        what = burst{now, now};
    }
    what->last = now;
}

} // namespace

struct change_feed::state {
    explicit state(feed_options asked);

    bool poll();
    void look_later();

    const feed_options options;
    status told;
    unique_fd epoll{::epoll_create1(EPOLL_CLOEXEC)};
    /// The number of the last event that was taken in, and of the last that needs no look any more.
    std::uint64_t taken = 0;
    std::uint64_t settled = 0;

private:
    void listen();
    void wait_for(int fd);
    void take_events(clock::time_point now);
    void take_news(clock::time_point now);
    bool is_due(clock::time_point now);
    bool events_are_due(clock::time_point now) const;
    /// When something is due although nothing more comes.
    std::optional<clock::time_point> next_end() const;
    void set_alarm();

    clock::time_point end_of_quiet(const burst& of) const {
        return std::min(of.last + options.quiet, of.first + options.longest);
    }
    clock::time_point end_of_patience(clock::time_point begin) const {
        return begin + options.longest + patience;
    }

    kernel::rooted_reader machine_{"/"};
    std::optional<uevent_socket> socket_;
    file_watch files_;
    unique_fd timer_{::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)};
    std::optional<clock::time_point> alarm_; // what timer_ is set to

    // What calls for a look, and since when.
    std::optional<burst> events_;
    std::uint64_t first_event_ = 0; // their numbers
    std::uint64_t last_event_ = 0;
    std::optional<burst> settings_;
    /// Until when the write to `seen` that completes a generation is waited for.
    std::optional<clock::time_point> generation_;
    std::optional<clock::time_point> failed_; // when to look again

    /// A hetmemd takes account of events: true until it did not do so in time.
    bool hetmemd_follows_ = false;
};

change_feed::state::state(feed_options asked)
    : options{sensible(asked.quiet), sensible(asked.longest), std::move(asked.published),
              std::move(asked.stores)},
      files_(options.published, options.stores) {
    if (!epoll || !timer_) {
        throw error(errno, "cannot wait for changes of the machine (epoll, timerfd)");
    }
    listen();
    // After the socket is there, so that every later event comes.
    taken = settled = kernel::last_uevent(machine_).value_or(0);
    hetmemd_follows_ = files_.seen() && *files_.seen() >= taken;
    told.published = files_.seen().has_value();
    wait_for(timer_.get());
    if (socket_) {
        wait_for(socket_->fd());
    }
    if (files_.fd() >= 0) {
        wait_for(files_.fd());
    } else {
        told.remark +=
            fmt::format("{}neither settings nor what hetmemd publishes can be watched "
                        "(inotify: {})",
                        told.remark.empty() ? "" : "; ", std::strerror(files_.failure()));
    }
}

void change_feed::state::listen() {
    try {
        socket_.emplace();
        kernel::uevent_reach reach = kernel::uevents_reach_us();
        told.events = reach.arrives;
        told.remark = std::move(reach.why_not);
    } catch (const error& e) {
        told.remark = e.what();
    }
    if (!told.events) {
        told.remark += "; a hetmemd outside would tell of changes, where its /run/hetmem can be "
                       "seen here";
    }
}

void change_feed::state::wait_for(int fd) {
    epoll_event readable{};
    readable.events = EPOLLIN;
    if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &readable) != 0) {
        throw error(errno, "cannot wait for changes of the machine (epoll)");
    }
}

void change_feed::state::take_events(clock::time_point now) {
    if (!socket_) {
        return;
    }
    kernel::uevent event;
    for (auto got = socket_->read(event); got != uevent_socket::got::nothing;
         got = socket_->read(event)) {
        const bool lost = got == uevent_socket::got::lost;
        // What was lost has numbers up to the last that the kernel gave.
        const std::uint64_t number =
            lost ? kernel::last_uevent(machine_).value_or(taken) : event.seqnum;
        taken = std::max(taken, number);
        if (lost) {
            ++told.lost;
        } else {
            if (!told.events) { // it could not be told, and now it can
                told.events = true;
                told.remark.clear();
            }
            if (!concerns_memory(event)) {
                continue;
            }
            ++told.seen;
        }
        first_event_ = events_ ? std::min(first_event_, number) : number;
        last_event_ = events_ ? std::max(last_event_, number) : number;
        prolong(events_, now);
    }
}

void change_feed::state::take_news(clock::time_point now) {
    const file_watch::news news = files_.take();
    told.published = files_.seen().has_value();
    if (news.setting) {
        prolong(settings_, now);
    }
    if (news.generation && !generation_) {
        generation_ = end_of_patience(now);
    }
    if (news.seen) {
        hetmemd_follows_ = true;
        // It has got so far, and goes on.
        if (events_ && files_.seen() >= first_event_) {
            events_->first = now;
        }
        if (generation_) {
            generation_ = now;
        }
    }
    hetmemd_follows_ = hetmemd_follows_ && files_.seen();
}

bool change_feed::state::events_are_due(clock::time_point now) const {
    if (!events_) {
        return false;
    }
    return hetmemd_follows_ ? files_.seen() >= last_event_ || now >= end_of_patience(events_->first)
                            : now >= end_of_quiet(*events_);
}

bool change_feed::state::is_due(clock::time_point now) {
    bool due = false;
    if (events_are_due(now)) {
        hetmemd_follows_ = hetmemd_follows_ && files_.seen() >= last_event_;
        events_.reset();
        due = true;
    }
    if (settings_ && now >= end_of_quiet(*settings_)) {
        settings_.reset();
        due = true;
    }
    if (generation_ && now >= *generation_) {
        generation_.reset();
        due = true;
    }
    due = due || (failed_ && now >= *failed_);
    if (due) {
        failed_.reset(); // this look makes up for it
    }
    return due;
}

std::optional<clock::time_point> change_feed::state::next_end() const {
    std::optional<clock::time_point> next = failed_;
    const auto earlier = [&next](clock::time_point one) {
        next = next ? std::min(*next, one) : one;
    };
    if (events_) {
        earlier(hetmemd_follows_ ? end_of_patience(events_->first) : end_of_quiet(*events_));
    }
    if (settings_) {
        earlier(end_of_quiet(*settings_));
    }
    if (generation_) {
        earlier(*generation_);
    }
    return next;
}

/// An alarm that rings too early is left as it is: setting it for each of a thousand events costs
/// more than one that rings for nothing.
void change_feed::state::set_alarm() {
    const std::optional<clock::time_point> next = next_end();
    if (next ? alarm_ && *alarm_ <= *next : !alarm_) {
        return;
    }
    itimerspec at{}; // none
    if (next) {
        const auto since_boot = next->time_since_epoch();
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since_boot);
        at.it_value.tv_sec = seconds.count();
        at.it_value.tv_nsec = std::chrono::nanoseconds(since_boot - seconds).count();
    }
    if (::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &at, nullptr) != 0) {
        throw error(errno, "cannot wait for changes of the machine (timerfd)");
    }
    alarm_ = next;
}

bool change_feed::state::poll() {
    std::uint64_t rung = 0;
    if (::read(timer_.get(), &rung, sizeof rung) > 0) {
        alarm_.reset();
    }
    const clock::time_point now = clock::now();
    take_events(now);
    take_news(now);
    const bool due = is_due(now);
    if (!events_) {
        settled = taken;
    }
    set_alarm();
    return due;
}

void change_feed::state::look_later() {
    failed_ = clock::now() + options.longest;
    set_alarm();
}

change_feed::change_feed(feed_options options)
    : state_(std::make_unique<state>(std::move(options))) {}
change_feed::~change_feed() = default;

int change_feed::fd() const {
    return state_->epoll.get();
}
bool change_feed::poll() {
    return state_->poll();
}
void change_feed::look_later() {
    state_->look_later();
}
std::uint64_t change_feed::seqnum() const {
    return state_->settled;
}
change_feed::status change_feed::now() const {
    return state_->told;
}

} // namespace hetmem::detail
