#include "preload/message.hpp"

#include "preload/files.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace hetmem::preload {

void say(std::initializer_list<std::string_view> parts) noexcept {
    const errno_keeper keeper;
    std::array<char, 512> line;
    std::size_t length = 0;
    const auto add = [&](std::string_view part) {
        const std::size_t fits = std::min(part.size(), line.size() - 1 - length);
        std::copy_n(part.data(), fits, line.data() + length);
        length += fits;
    };
    add("libhetmem-malloc: ");
    for (const std::string_view part : parts) {
        add(part);
    }
    line[length++] = '\n';
    ::syscall(SYS_write, STDERR_FILENO, line.data(), length);
}

} // namespace hetmem::preload
