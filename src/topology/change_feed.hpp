// change_feed.hpp: when it is time to look at the machine again.
//
//     change_feed feed({});
//     // when feed.fd() is readable:
//     if (feed.poll()) {              // the events have been quiet, or waited for long enough
//         std::uint64_t upto = feed.seqnum();
//         look_at_the_machine();      // sees everything up to and including the event `upto`
//     }
//
// Hears the kernel's events, writes to the files of sysfs that make no event (demotion, interleave
// weights), stores of figures, and what hetmemd publishes. While a hetmemd takes account of the
// events (its file `seen` follows them), an event means to wait for what it makes of it, and to
// look once. Used by one thread at a time.
#pragma once

#include "kernel/uevent.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace hetmem::detail {

struct feed_options {
    std::chrono::milliseconds quiet{10};
    std::chrono::milliseconds longest{1000};
    /// Where hetmemd publishes; empty: it is not followed (hetmemd itself).
    std::filesystem::path published = "/run/hetmem";
    /// Stores of figures that are part of what is looked at.
    std::vector<std::filesystem::path> stores = {};
};

class change_feed {
public:
    /// Never fails for want of events: status() says what is missing then. Throws hetmem::error
    /// when not even epoll or a timer is to be had.
    explicit change_feed(feed_options options);
    ~change_feed();

    /// Readable when poll() has something to do.
    int fd() const;
    /// Takes in what came, without waiting. True: look now. It is forgotten then.
    bool poll();
    /// The look that poll() called for could not be done: poll() is true again after `longest`.
    void look_later();
    /// A look after this was asked for sees what every event up to this number announced, or need
    /// not: they did not concern memory, or poll() was true since. At first the number of the last
    /// event before this was made. What poll() has heard and waits to be quiet is not counted.
    std::uint64_t seqnum() const;

    struct status {
        bool events = false;
        bool published = false; ///< there is something published, and it is followed
        std::string remark;     ///< why events do not arrive, and what would help
        std::uint64_t seen = 0;
        std::uint64_t lost = 0;
    };
    status now() const;

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace hetmem::detail
