// src/tool/interruption.hpp: Ctrl-C as a wish that is looked at, for what keeps what it has done.
#pragma once

#include <array>
#include <csignal>

namespace hetmem::tool {

/// While it lives, the first SIGINT, SIGTERM or SIGHUP is noted and does nothing else; the next
/// one ends the process as ever. One at a time.
class interruption {
public:
    interruption();
    ~interruption();
    interruption(const interruption&) = delete;
    interruption& operator=(const interruption&) = delete;

    /// The signal that came; 0: none.
    static int noted();

private:
    static constexpr std::array signals = {SIGINT, SIGTERM, SIGHUP};
    std::array<struct sigaction, signals.size()> before_{};
};

} // namespace hetmem::tool
