#include "tool/process_name.hpp"

#include "kernel/file.hpp"
#include "kernel/text.hpp"
#include "publish/utf8.hpp"

#include <hetmem/error.hpp>

#include <fmt/format.h>

namespace hetmem::tool {

std::string process_name(pid_t pid) {
    try {
        const std::string name = kernel::read_file(fmt::format("/proc/{}/comm", pid));
        return detail::printable(kernel::trimmed(name));
    } catch (const error&) {
        return "?";
    }
}

} // namespace hetmem::tool
