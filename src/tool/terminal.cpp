#include "tool/terminal.hpp"

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include <sys/ioctl.h>
#include <unistd.h>

namespace hetmem::tool {
namespace {

std::string_view environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string_view{} : std::string_view{value};
}

// By the names that POSIX gives precedence to, without loading the locale, which would cost more
// than drawing.
bool locale_is_utf8() {
    for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        const std::string_view locale = environment(name);
        if (locale.empty()) {
            continue;
        }
        std::string letters;
        for (const char c : locale) {
            if (c != '-') {
                letters += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
            }
        }
        return letters.find("utf8") != std::string::npos;
    }
    return false;
}

bool wants_color(when asked) {
    if (asked != when::automatic) {
        return asked == when::always;
    }
    return environment("NO_COLOR").empty() && environment("TERM") != "dumb" &&
           ::isatty(STDOUT_FILENO) == 1;
}

std::size_t terminal_width() {
    winsize size{};
    return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

} // namespace

bool output_is_terminal() {
    return ::isatty(STDOUT_FILENO) == 1;
}

text_options drawing_options(const show_arguments& asked) {
    constexpr std::size_t narrowest = 80;
    text_options options;
    options.width = std::max(narrowest, asked.width ? *asked.width : terminal_width());
    options.color = wants_color(asked.color);
    options.unicode = !asked.ascii && locale_is_utf8();
    options.matrix = asked.matrix;
    return options;
}

} // namespace hetmem::tool
