#include "tool/progress_bar.hpp"

#include "kernel/file.hpp"
#include "publish/format.hpp"

#include <utility>

#include <unistd.h>

#include <fmt/format.h>

namespace hetmem::tool {
namespace {

void to_standard_error(const std::string& text) {
    kernel::write_all(STDERR_FILENO, text); // a bar that cannot be seen is no failure
}

} // namespace

progress_bar::progress_bar(std::string what)
    : what_(std::move(what)), to_terminal_(::isatty(STDERR_FILENO) == 1) {}

progress_bar::~progress_bar() {
    if (drawn_) {
        to_standard_error("\r\033[K");
    }
}

void progress_bar::show(byte_size done, byte_size total) {
    constexpr std::chrono::milliseconds at_most_every(100);
    const auto now = std::chrono::steady_clock::now();
    if (!to_terminal_ || (drawn_ && now - last_ < at_most_every) || total == byte_size{}) {
        return;
    }
    constexpr double width = 30;
    const double share = static_cast<double>(done.bytes()) / static_cast<double>(total.bytes());
    const auto filled = static_cast<std::size_t>(share * width);
    to_standard_error(fmt::format("\r\033[K{} [{:#>{}}{:.>{}}] {:.0f} %  {} of {}", what_, "",
                                  filled, "", static_cast<std::size_t>(width) - filled, share * 100,
                                  detail::format_size(done), detail::format_size(total)));
    last_ = now;
    drawn_ = true;
}

} // namespace hetmem::tool
