// daemon/notify.hpp: tells the service manager how the daemon is (sd_notify(3)).
//
// One datagram is no reason for libsystemd and the libraries that it loads.
#pragma once

#include <string_view>

namespace hetmem::daemon {

/// Sends "READY=1\nSTATUS=..." and the like to $NOTIFY_SOCKET. False when nobody wants to know, or
/// it could not be sent: the daemon works without.
bool notify(std::string_view message);

} // namespace hetmem::daemon
