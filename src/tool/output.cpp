#include "tool/output.hpp"

#include <hetmem/error.hpp>

#include "kernel/file.hpp"

#include <cerrno>
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

void complain(const error& e) {
    // The types that a name is enough for, and what the commands throw with a sentence of their
    // own: there the errno value stands for the sentence and adds nothing.
    const bool says_all = dynamic_cast<const malformed_file*>(&e) != nullptr ||
                          dynamic_cast<const no_such_target*>(&e) != nullptr ||
                          dynamic_cast<const not_permitted*>(&e) != nullptr ||
                          e.code().value() == EINVAL;
    const std::string text = e.what();
    complain(says_all ? text.substr(0, text.rfind(": " + e.code().message())) : text);
}

} // namespace hetmem::tool
