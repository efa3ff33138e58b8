#include "kernel/lockdown.hpp"

#include "kernel/text.hpp"

namespace hetmem::kernel {

lockdown read_lockdown(const rooted_reader& reader) {
    lockdown found;
    const read_result file = reader.read("sys/kernel/security/lockdown");
    found.read = {file.errno_value};
    if (file) {
        found.level = chosen_level(file.text);
    }
    if (!found.level.empty()) {
        return found;
    }
    const read_result command_line = reader.read("proc/cmdline");
    std::string_view words = command_line.text;
    for (std::string_view word = next_word(words); !word.empty(); word = next_word(words)) {
        constexpr std::string_view option = "lockdown=";
        if (command_line && word.starts_with(option)) {
            found.level = word.substr(option.size());
        }
    }
    return found;
}

std::string chosen_level(std::string_view text) {
    const std::size_t open = text.find('[');
    const std::size_t close = text.find(']', open);
    if (open == std::string_view::npos || close == std::string_view::npos) {
        return "";
    }
    return std::string(text.substr(open + 1, close - open - 1));
}

} // namespace hetmem::kernel
