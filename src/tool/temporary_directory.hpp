// src/tool/temporary_directory.hpp: a private directory that is gone afterwards, whatever happens.
#pragma once

#include <csignal>
#include <filesystem>

#include <sys/types.h>

namespace hetmem::tool {

/// Made with mode 0700 below $TMPDIR or /tmp; removed with all that is in it by the destructor.
///
/// While one exists, SIGINT, SIGTERM and SIGHUP only take note: whoever works in the directory
/// calls check_interrupted() now and then, which throws, so that the stack unwinds and the
/// directory goes; the destructor then raises the signal again with its usual effect. One at a
/// time.
class temporary_directory {
public:
    temporary_directory();
    ~temporary_directory();
    temporary_directory(const temporary_directory&) = delete;
    temporary_directory& operator=(const temporary_directory&) = delete;

    const std::filesystem::path& path() const { return path_; }

    /// Throws hetmem::error (EINTR) when a signal asked this command to end.
    static void check_interrupted();
    /// Waits for a child process, which such a signal ends at once, and returns its wait status.
    /// Throws hetmem::error, also when there was such a signal.
    static int wait_for(pid_t child);

private:
    std::filesystem::path path_;
    struct sigaction before_[3] = {};
};

} // namespace hetmem::tool
