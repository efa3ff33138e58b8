#include "kernel/uevent.hpp"

#include "kernel/text.hpp"

#include <hetmem/error.hpp>

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hetmem::kernel {

namespace {

/// The multicast group that the kernel sends to; udev's daemon sends to another one.
constexpr unsigned kernel_group = 1;

/// The next string of `text`, which loses it and the NUL behind it.
std::string_view next_string(std::string_view& text) {
    const std::size_t end = text.find('\0');
    const std::string_view one = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return one;
}

} // namespace

bool parse_uevent(std::string_view datagram, uevent& into) {
    // "add@/devices/system/memory/memory12", then KEY=value, all ended by NULs
    // (lib/kobject_uevent.c).
    const std::string_view head = next_string(datagram);
    const std::size_t at = head.find('@');
    if (at == 0 || at == std::string_view::npos || !head.substr(at + 1).starts_with('/')) {
        return false;
    }
    uevent event{head.substr(0, at), head.substr(at + 1), {}, 0};
    std::optional<std::uint64_t> number;
    while (!datagram.empty()) {
        const std::string_view line = next_string(datagram);
        constexpr std::string_view subsystem = "SUBSYSTEM=";
        constexpr std::string_view seqnum = "SEQNUM=";
        if (line.starts_with(subsystem)) {
            event.subsystem = line.substr(subsystem.size());
        } else if (line.starts_with(seqnum)) {
            number = parse_u64(line.substr(seqnum.size()));
        }
    }
    if (!number) {
        return false;
    }
    event.seqnum = *number;
    into = event;
    return true;
}

bool concerns_memory(const uevent& event) {
    static constexpr std::string_view subsystems[] = {
        "memory", "node", "memory_tiering", "dax", "cxl", "nd", "cpu"};
    return std::find(std::begin(subsystems), std::end(subsystems), event.subsystem) !=
           std::end(subsystems);
}

uevent_socket::uevent_socket(std::size_t buffer_bytes)
    : fd_(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT)) {
    if (!fd_) {
        throw error(errno, "no socket for the kernel's events (netlink)");
    }
    const int bytes = static_cast<int>(std::min<std::size_t>(buffer_bytes, 1U << 30));
    // Past the system's limit for who may (CAP_NET_ADMIN), up to it for others.
    if (::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0) {
        ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    }
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = kernel_group;
    if (::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        throw error(errno, "cannot listen to the kernel's events (netlink)");
    }
}

uevent_socket::got uevent_socket::read(uevent& into) {
    while (true) {
        sockaddr_nl sender{};
        iovec part{buffer_.data(), buffer_.size()};
        msghdr message{};
        message.msg_name = &sender;
        message.msg_namelen = sizeof sender;
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        const ssize_t size = ::recvmsg(fd_.get(), &message, 0);
        if (size < 0) {
            if (errno == EINTR) {
                continue;
            }
            if (errno == EAGAIN) {
                return got::nothing;
            }
            if (errno == ENOBUFS || errno == ENOMEM) {
                return got::lost;
            }
            throw error(errno, "cannot read the kernel's events (netlink)");
        }
        if (message.msg_namelen != sizeof sender || sender.nl_pid != 0) {
            continue; // some program's: not the kernel's word
        }
        if ((message.msg_flags & MSG_TRUNC) != 0) {
            return got::lost; // longer than the kernel makes them: whatever it was
        }
        if (parse_uevent({buffer_.data(), static_cast<std::size_t>(size)}, into)) {
            return got::event;
        }
    }
}

uevent_reach uevents_reach_us() {
    // The first user namespace has this number for its file (include/linux/proc_ns.h,
    // PROC_USER_INIT_INO), whoever looks at it.
    constexpr ino_t initial_user_namespace = 0xEFFFFFFD;
    const unique_fd network(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
    if (!network) {
        return {false, "whether the kernel's events reach this process cannot be told: "
                       "/proc/self/ns/net cannot be opened"};
    }
    const unique_fd owner(::ioctl(network.get(), NS_GET_USERNS));
    if (owner) {
        struct stat file {};
        if (::fstat(owner.get(), &file) == 0 && file.st_ino == initial_user_namespace) {
            return {true, {}};
        }
        return {false, "the kernel's events do not reach this process: its network namespace "
                       "belongs to a user namespace"};
    }
    if (errno != EPERM) {
        return {true, {}}; // a kernel without user namespaces
    }
    // The owner is above our user namespace, and no more is told of it. The first network
    // namespace, which this file is in alone (net/core/sysctl_net_core.c), gets the events. Others
    // may or may not: what belongs to a user namespace between the first and ours does not.
    if (::access("/proc/sys/net/core/netdev_max_backlog", F_OK) == 0) {
        return {true, {}};
    }
    return {false, "whether the kernel's events reach this process cannot be told: its network "
                   "namespace belongs to a user namespace above its own"};
}

std::optional<std::uint64_t> last_uevent(const rooted_reader& reader) {
    return reader.top().read_u64("sys/kernel/uevent_seqnum");
}

} // namespace hetmem::kernel
