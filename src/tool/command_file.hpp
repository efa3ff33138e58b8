// src/tool/command_file.hpp: the file behind a command, and whether a library can be preloaded
// there.
//
//     const auto found = find_command("redis-server");       // as execvp(3) would
//     const std::string why = why_not_preloaded(found.path); // "" when it can
#pragma once

#include <filesystem>
#include <string>

namespace hetmem::tool {

/// What keeps a command from being run; exit_status is what shells end with then.
class command_error : public std::exception {
public:
    command_error(int errno_value, const std::string& command);
    const char* what() const noexcept override { return text_.c_str(); }
    /// 127: there is no such command; 126: there is, but it cannot be run.
    int exit_status() const { return exit_status_; }

private:
    std::string text_;
    int exit_status_;
};

/// Looks through PATH as a shell does. Throws command_error.
std::filesystem::path find_command(const std::string& command);

/// The loader takes LD_PRELOAD into programs that are dynamically linked, of its own architecture
/// and do not get privileges by being run. Scripts are judged by their interpreter. Empty: it can
/// be; or the reason, as the end of a sentence about the file.
std::string why_not_preloaded(const std::filesystem::path& file);

} // namespace hetmem::tool
