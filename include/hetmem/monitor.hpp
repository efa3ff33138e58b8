// hetmem/monitor.hpp: the description kept up to date while programs run.
//
//     hetmem::monitor machine;
//     hetmem::topology now = machine.current();           // never waits for anything
//
//     // In an event loop: when machine.fd() is readable,
//     for (const hetmem::update& u : machine.take()) {    // never waits for events
//         react(u.now, u.changes);
//     }
//
//     // Or by itself, from a thread of its own:
//     hetmem::subscription on = machine.on_change([](const hetmem::update& u) { react(u.now); });
//     machine.start();
//
// The kernel's events of nodes, memory blocks, dax devices, CXL, CPUs and memory tiers, and writes
// to its settings (demotion, interleave weights), make the monitor look at the machine once they
// have been quiet for a moment; a burst of them is one generation. Events that were lost (the
// kernel says so) make it look, too: what is described is always read, never added up from events.
// Where events cannot arrive (a network namespace that belongs to a user namespace) status() says
// so, and what hetmemd publishes is followed instead.
//
// A topology that somebody holds never changes. All functions may be called from any thread, except
// the destructor and moving. A forked child does not monitor: current() stays what it was there,
// and the other functions do nothing; it must not go on polling the fd() that its parent asked for.
#pragma once

#include <hetmem/change.hpp>
#include <hetmem/discover.hpp>
#include <hetmem/export.hpp>
#include <hetmem/topology.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace hetmem {

struct monitor_options {
    /// Below another root no events arrive: look() is all that finds changes there.
    discover_options discover{};
    /// The events must have been quiet for so long ...
    std::chrono::milliseconds quiet{10};
    /// ... but the machine is looked at no later than this after the first of them.
    std::chrono::milliseconds longest{1000};
};

/// One new generation.
struct update {
    topology before;
    topology now;                ///< its generation() is larger than that of `before`
    std::vector<change> changes; ///< never empty
};

/// How a monitor learns of changes.
struct monitor_status {
    bool events = false;     ///< the kernel's events arrive here
    bool published = false;  ///< what a hetmemd of this boot publishes is followed
    std::string remark;      ///< why events do not arrive and what would help; "" when they do
    std::uint64_t seen = 0;  ///< events that concerned memory
    std::uint64_t lost = 0;  ///< times that the kernel said it had dropped some
    std::uint64_t looks = 0; ///< times that the machine was read since the monitor was made
};

/// A callback stays in force as long as this lives. May outlive the monitor.
class HETMEM_EXPORT subscription {
public:
    subscription() = default;
    subscription(subscription&&) noexcept;
    subscription& operator=(subscription&&) noexcept;
    /// Waits for the callback when another thread is in it; never runs it again.
    ~subscription();

private:
    friend class monitor;
    struct state;
    explicit subscription(std::shared_ptr<state> s);
    std::shared_ptr<state> state_;
};

class HETMEM_EXPORT monitor {
public:
    /// Reads the machine once. Throws as discover().
    explicit monitor(monitor_options options = {});
    monitor(monitor&&) noexcept;
    monitor& operator=(monitor&&) noexcept;
    /// Ends the thread, waiting for callbacks that run in it.
    ~monitor();

    /// The newest generation. Never waits for somebody who looks at the machine.
    topology current() const;

    /// Readable (poll(2), epoll(7)) when take() has something to do. Belongs to the monitor.
    int fd() const;
    /// Does what is due: reads the events that came, and looks at the machine when they have been
    /// quiet for long enough. Does not wait for more. The generations that came of it, mostly none
    /// or one; callbacks have run when it returns.
    std::vector<update> take();
    /// take() as soon as it has a generation to return, for at most that long.
    std::vector<update> wait(std::chrono::milliseconds longest);
    /// Looks at the machine now, whatever was heard.
    std::vector<update> look();

    /// Called with every generation from now on, by whoever makes the monitor look: the thread of
    /// start(), or the caller of take(), wait() and look(). Callbacks run one at a time, in the
    /// order in which they were subscribed. One may call current() and status() and end
    /// subscriptions, its own too; take(), wait() and look() from inside give EDEADLK. What a
    /// callback throws leaves take(), wait() or look() after the other callbacks ran; in the thread
    /// of start() it ends the process, as in any thread.
    subscription on_change(std::function<void(const update&)> callback);
    /// From now on a thread of the monitor does what take() does whenever there is something. All
    /// signals are blocked in it. Started once; further calls do nothing.
    void start();

    monitor_status status() const;

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace hetmem
