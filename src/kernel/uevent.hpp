// kernel/uevent.hpp: what the kernel announces of devices that come, go and change (netlink(7),
// NETLINK_KOBJECT_UEVENT; lib/kobject_uevent.c). No privilege is needed.
//
//     uevent_socket events;
//     uevent e;
//     while (events.read(e) == uevent_socket::got::event) { use(e.action, e.subsystem); }
//
// A socket of its own rather than libudev: an event is one datagram of a dozen words, and every
// program that uses the library would load libudev at its start.
#pragma once

#include "kernel/rooted.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hetmem::kernel {

/// Valid until the next read of the same socket.
struct uevent {
    std::string_view action;    ///< "add", "remove", "online", "offline", "change", "bind", ...
    std::string_view path;      ///< "/devices/system/memory/memory12"
    std::string_view subsystem; ///< "memory"; "" when it has none
    std::uint64_t seqnum = 0;   ///< counts all events of this boot
};

/// Parses one datagram as the kernel sends it; false when it is none. Pure; fuzzed.
bool parse_uevent(std::string_view datagram, uevent& into);

/// Whether an event may change what is described: nodes, memory blocks, tiers, dax, CXL, nvdimm
/// (nd), CPUs.
bool concerns_memory(const uevent& event);

class uevent_socket {
public:
    /// Throws hetmem::error when such a socket is not to be had (seccomp filters, no netlink).
    /// buffer_bytes: how much the kernel keeps for a reader that is late; as far as allowed.
    explicit uevent_socket(std::size_t buffer_bytes = std::size_t{1} << 20);

    int fd() const { return fd_.get(); }

    enum class got : std::uint8_t {
        event,
        nothing, ///< nothing is waiting
        lost,    ///< the kernel dropped some (ENOBUFS): look at everything
    };
    /// Never waits. What others than the kernel send is passed over.
    got read(uevent& into);

private:
    unique_fd fd_;
    std::array<char, 16384> buffer_;
};

/// Whether the kernel's events reach this process: only network namespaces of the initial user
/// namespace get them.
struct uevent_reach {
    bool arrives = false;
    std::string why_not;
};
uevent_reach uevents_reach_us();

/// /sys/kernel/uevent_seqnum: the number of the last event. Nothing when it cannot be read.
std::optional<std::uint64_t> last_uevent(const rooted_reader& reader);

} // namespace hetmem::kernel
