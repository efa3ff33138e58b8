#include "daemon/notify.hpp"

#include "kernel/rooted.hpp"

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include <sys/socket.h>
#include <sys/un.h>

namespace hetmem::daemon {

bool notify(std::string_view message) {
    const char* const place = std::getenv("NOTIFY_SOCKET");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::size_t length = place == nullptr ? 0 : std::strlen(place);
    if (length < 2 || length >= sizeof address.sun_path || (*place != '/' && *place != '@')) {
        return false;
    }
    std::memcpy(address.sun_path, place, length);
    if (*place == '@') {
        address.sun_path[0] = '\0'; // a name that is no file
    }
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
    const kernel::unique_fd to(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    return to && ::sendto(to.get(), message.data(), message.size(), MSG_NOSIGNAL,
                          reinterpret_cast<const sockaddr*>(&address),
                          size) == static_cast<ssize_t>(message.size());
}

} // namespace hetmem::daemon
