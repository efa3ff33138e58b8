#include "daemon/log.hpp"

#include "kernel/file.hpp"

#include <string>

#include <unistd.h>

namespace hetmem::daemon {

void say(std::string_view text) {
    std::string line = "hetmemd: ";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        line += byte < 0x20 || byte == 0x7f ? '?' : c;
    }
    line += '\n';
    // Nobody is left to be told when standard error cannot be written.
    static_cast<void>(kernel::write_all(STDERR_FILENO, line));
}

} // namespace hetmem::daemon
