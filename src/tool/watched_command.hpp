// src/tool/watched_command.hpp: a command run as a child, its memory looked at until it ends.
//
// A process that has ended has no memory to look at, and nobody is told before. So it is counted
// again and again while the command runs; and the preloaded malloc, where it is in the command,
// tells by itself just before the end (preload/report.hpp), which then goes before what was seen.
#pragma once

#include <hetmem/residency.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace hetmem::tool {

/// What is known of where a command's memory was.
struct last_residency {
    bool known = false;
    bool at_exit = false;   ///< told by the process itself as it ended
    double before_exit = 0; ///< seconds; when it was not at_exit
    residency where;
    std::vector<resident_share> placed; ///< of it, what the preloaded malloc had placed
    residency largest;                  ///< when it had the most that was seen
};

struct watched {
    pid_t pid = 0;
    int exit_status = 0; ///< of the command; 128 + the signal's number when one ended it
    last_residency memory;
};

/// Runs a file with its arguments (words[0] is its name). Signals that reach this process alone are
/// passed on. `before_start` is called in the child with the end of the pipe for the report, which
/// is closed when the command starts unless it is told otherwise; it says by an errno value what
/// keeps the command from starting. Throws command_error, hetmem::error.
watched watch_command(const std::string& file, const std::vector<std::string>& words,
                      const std::function<int(int report)>& before_start);

/// What preload/report.hpp writes, for one process; false when the text has no report of it.
bool parse_report(std::string_view text, pid_t pid, last_residency& found);

} // namespace hetmem::tool
