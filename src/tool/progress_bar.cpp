#include "tool/progress_bar.hpp"

#include "kernel/file.hpp"
#include "publish/format.hpp"

#include <algorithm>
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

/// Not worth drawing yet, or nobody sees it.
bool progress_bar::soon_again() const {
    constexpr std::chrono::milliseconds at_most_every(100);
    return !to_terminal_ || (drawn_ && std::chrono::steady_clock::now() - last_ < at_most_every);
}

void progress_bar::show(byte_size done, byte_size total) {
    if (soon_again() || total == byte_size{}) {
        return;
    }
    show(static_cast<double>(done.bytes()) / static_cast<double>(total.bytes()),
         fmt::format("{} of {}", detail::format_size(done), detail::format_size(total)));
}

void progress_bar::show(double share, const std::string& rest) {
    if (soon_again()) {
        return;
    }
    constexpr double width = 30;
    const double part = std::clamp(share, 0.0, 1.0);
    const auto filled = static_cast<std::size_t>(part * width);
    to_standard_error(fmt::format("\r\033[K{} [{:#>{}}{:.>{}}] {:.0f} %  {}", what_, "", filled, "",
                                  static_cast<std::size_t>(width) - filled, part * 100, rest));
    last_ = std::chrono::steady_clock::now();
    drawn_ = true;
}

} // namespace hetmem::tool
