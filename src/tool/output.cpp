#include "tool/output.hpp"

#include <hetmem/error.hpp>

#include "kernel/file.hpp"

#include <string>

#include <unistd.h>

namespace hetmem::tool {
void write_output(std::string_view text) {
    if (const int failed = kernel::write_all(STDOUT_FILENO, text); failed != 0) {
        throw error(failed, "cannot write to standard output");
    }
}

void complain(std::string_view text) {
    std::string line = "hetmem: ";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        line += byte < 0x20 || byte == 0x7f ? '?' : c;
    }
    line += '\n';
    // Nobody is left to be told when standard error cannot be written either.
    static_cast<void>(kernel::write_all(STDERR_FILENO, line));
}

} // namespace hetmem::tool
