#include <hetmem/monitor.hpp>

#include "topology/change_feed.hpp"
#include "topology/latest.hpp"
#include "topology/snapshot.hpp"
#include "topology/state.hpp"

#include "kernel/blocked_signals.hpp"
#include "kernel/rooted.hpp"

#include <hetmem/error.hpp>
#include <hetmem/measured.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <exception>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace hetmem {

namespace {

using detail::change_feed;
using detail::latest;

/// Names the thread that is in something, while it is.
class marked_thread {
public:
    explicit marked_thread(std::atomic<std::thread::id>& mark) : mark_(mark) {
        mark_ = std::this_thread::get_id();
    }
    marked_thread(const marked_thread&) = delete;
    marked_thread& operator=(const marked_thread&) = delete;
    ~marked_thread() { mark_ = std::thread::id(); }

private:
    std::atomic<std::thread::id>& mark_;
};

} // namespace

// ---- subscriptions

struct HETMEM_HIDDEN subscription::state {
    explicit state(std::function<void(const update&)> f) : callback(std::move(f)) {}

    void call(const update& u) {
        const std::lock_guard<std::mutex> busy(in_call);
        if (!ended) {
            const marked_thread mark(caller);
            callback(u);
        }
    }
    void end() {
        if (::getpid() != process) {
            return; // whatever another thread of the parent was doing is not undone here
        }
        ended = true;
        if (caller.load() != std::this_thread::get_id()) {
            const std::lock_guard<std::mutex> wait(in_call);
            callback = nullptr; // with all that it holds
        }
    }

    std::function<void(const update&)> callback;
    std::mutex in_call;
    std::atomic<std::thread::id> caller{};
    std::atomic<bool> ended{false};
    const pid_t process = ::getpid();
};

subscription::subscription(std::shared_ptr<state> s) : state_(std::move(s)) {}
subscription::subscription(subscription&&) noexcept = default;
subscription& subscription::operator=(subscription&& other) noexcept {
    const subscription old(std::move(*this));
    state_ = std::move(other.state_);
    return *this;
}
subscription::~subscription() {
    if (state_) {
        state_->end();
    }
}

// ---- the monitor

struct HETMEM_HIDDEN monitor::state {
    explicit state(monitor_options asked);
    ~state();
    state(const state&) = delete;
    state& operator=(const state&) = delete;

    bool forked() const { return ::getpid() != process_; }
    int fd() const { return feed_ && !forked() ? feed_->fd() : never_.get(); }
    /// Looks when something is due, or anyway.
    std::vector<update> take(bool anyway);
    void subscribe(const std::shared_ptr<subscription::state>& one);
    void start();

private:
    std::optional<update> look_when_due(bool anyway);
    std::optional<update> look();
    void tell(const update& u);
    void tell_status();
    void run();
    bool look_in_thread();

    const monitor_options options_;
    const pid_t process_ = ::getpid();
    const kernel::unique_fd never_{::eventfd(0, EFD_CLOEXEC)}; // never readable
    const kernel::unique_fd stop_{::eventfd(0, EFD_CLOEXEC)};

    std::mutex looking_;                // by one thread at a time: feed_, looks_, failure_
    std::unique_ptr<change_feed> feed_; // none of another root
    std::uint64_t looks_ = 0;
    std::string failure_; // of the last look

public:
    // After the feed: what happens while this is read is heard.
    latest<topology> current;
    latest<monitor_status> status{{}};

private:
    std::atomic<std::thread::id> in_callbacks_{};
    std::mutex listing_; // subscriptions_, thread_
    std::vector<std::weak_ptr<subscription::state>> subscriptions_;
    std::thread thread_;
};

namespace {

std::unique_ptr<change_feed> feed_for(const monitor_options& options) {
    if (!kernel::rooted_reader(options.discover.root).live()) {
        return nullptr;
    }
    detail::feed_options what{.quiet = options.quiet, .longest = options.longest};
    what.stores = {machine_store()};
    if (std::filesystem::path own = user_store(); !own.empty()) {
        what.stores.push_back(std::move(own));
    }
    return std::make_unique<change_feed>(std::move(what));
}

} // namespace

monitor::state::state(monitor_options asked)
    : options_(std::move(asked)), feed_(feed_for(options_)), current(discover(options_.discover)) {
    if (!never_ || !stop_) {
        throw error(errno, "cannot make a monitor (eventfd)");
    }
    tell_status();
}

monitor::state::~state() {
    if (thread_.joinable()) {
        ::eventfd_write(stop_.get(), 1);
        thread_.join();
    }
}

std::vector<update> monitor::state::take(bool anyway) {
    if (forked()) {
        return {};
    }
    if (in_callbacks_.load() == std::this_thread::get_id()) {
        throw error(std::errc::resource_deadlock_would_occur,
                    "a callback of a monitor cannot make it look");
    }
    const std::lock_guard<std::mutex> alone(looking_);
    std::vector<update> found;
    if (std::optional<update> one = look_when_due(anyway)) {
        tell(*one);
        found.push_back(std::move(*one));
    }
    return found;
}

std::optional<update> monitor::state::look_when_due(bool anyway) {
    std::optional<update> found;
    if ((feed_ && feed_->poll()) || anyway) {
        try {
            found = look();
            failure_.clear();
        } catch (const std::exception& e) {
            failure_ = e.what();
            if (feed_) {
                feed_->look_later();
            }
            tell_status();
            throw;
        }
    }
    tell_status();
    return found;
}

std::optional<update> monitor::state::look() {
    ++looks_;
    const topology before = current.get();
    const topology fresh = detail::keep_tiers(discover(options_.discover), before);
    if (feed_ && detail::tiers_unread(fresh)) {
        feed_->look_later();
    }
    std::vector<change> different = changes(before, fresh);
    if (different.empty()) {
        return std::nullopt;
    }
    const std::uint64_t number = std::max(before.generation() + 1, fresh.generation());
    const topology now = detail::with_generation(fresh, number);
    current.set(now);
    return update{before, now, std::move(different)};
}

void monitor::state::tell_status() {
    monitor_status now;
    if (feed_) {
        change_feed::status heard = feed_->now();
        now.events = heard.events;
        now.published = heard.published;
        now.remark = std::move(heard.remark);
        now.seen = heard.seen;
        now.lost = heard.lost;
    } else {
        now.remark = "no events arrive of another root; changes are found when it is looked at";
    }
    if (!failure_.empty()) {
        now.remark += (now.remark.empty() ? "" : "; ") + ("the last look failed: " + failure_);
    }
    now.looks = looks_;
    status.set(std::move(now));
}

void monitor::state::tell(const update& u) {
    std::vector<std::shared_ptr<subscription::state>> all;
    {
        const std::lock_guard<std::mutex> list(listing_);
        std::erase_if(subscriptions_, [](const auto& one) { return one.expired(); });
        for (const auto& one : subscriptions_) {
            all.push_back(one.lock());
        }
    }
    std::exception_ptr first;
    const marked_thread mark(in_callbacks_);
    for (const std::shared_ptr<subscription::state>& one : all) {
        try {
            if (one) {
                one->call(u);
            }
        } catch (...) {
            first = first ? first : std::current_exception();
        }
    }
    if (first) {
        std::rethrow_exception(first);
    }
}

void monitor::state::subscribe(const std::shared_ptr<subscription::state>& one) {
    const std::lock_guard<std::mutex> list(listing_);
    subscriptions_.push_back(one);
}

void monitor::state::start() {
    const std::lock_guard<std::mutex> once(listing_);
    if (feed_ && !thread_.joinable()) {
        const kernel::blocked_signals inherited;
        thread_ = std::thread([this] { run(); });
    }
}

void monitor::state::run() {
    pollfd fds[] = {{stop_.get(), POLLIN, 0}, {feed_->fd(), POLLIN, 0}};
    while (true) {
        if (::poll(fds, std::size(fds), -1) < 0) {
            continue; // EINTR, after a stop and continue of the process
        }
        if (fds[0].revents != 0) {
            return;
        }
        if (!look_in_thread()) {
            // Told by status(). Wait, rather than fail as fast as possible.
            ::poll(fds, 1, 1000);
        }
    }
}

bool monitor::state::look_in_thread() {
    const std::lock_guard<std::mutex> alone(looking_);
    std::optional<update> found;
    try {
        found = look_when_due(false);
    } catch (const std::exception&) {
        return false;
    }
    if (found) {
        tell(*found); // what this throws is the program's, and ends it
    }
    return true;
}

monitor::monitor(monitor_options options) : state_(std::make_unique<state>(std::move(options))) {}
monitor::monitor(monitor&&) noexcept = default;
monitor& monitor::operator=(monitor&& other) noexcept {
    const monitor old(std::move(*this));
    state_ = std::move(other.state_);
    return *this;
}
monitor::~monitor() {
    if (state_ && state_->forked()) {
        // Its thread is not here, and what that had locked stays so: nothing of it can be ended.
        static_cast<void>(state_.release());
    }
}

topology monitor::current() const {
    return state_->current.get();
}

int monitor::fd() const {
    return state_->fd();
}

std::vector<update> monitor::take() {
    return state_->take(false);
}

std::vector<update> monitor::look() {
    return state_->take(true);
}

std::vector<update> monitor::wait(std::chrono::milliseconds longest) {
    using clock = std::chrono::steady_clock;
    // A day at a time: what poll(2) and the clock can count is limited.
    const auto end =
        clock::now() + std::min<std::chrono::milliseconds>(longest, std::chrono::years{1});
    while (true) {
        std::vector<update> found = take();
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - clock::now());
        if (!found.empty() || left.count() <= 0) {
            return found;
        }
        pollfd one{fd(), POLLIN, 0}; // never readable in a forked child
        const std::chrono::milliseconds day = std::chrono::hours{24};
        ::poll(&one, 1, static_cast<int>(std::min(left, day).count()));
    }
}

subscription monitor::on_change(std::function<void(const update&)> callback) {
    auto one = std::make_shared<subscription::state>(std::move(callback));
    if (!state_->forked()) {
        state_->subscribe(one);
    }
    return subscription(std::move(one));
}

void monitor::start() {
    if (!state_->forked()) {
        state_->start();
    }
}

monitor_status monitor::status() const {
    return state_->status.get();
}

} // namespace hetmem
