#include "c/barrier.hpp"

#include "publish/utf8.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace hetmem::c {
namespace {

struct failure {
    std::array<char, 1024> text{};
    std::optional<kept_shortage> short_of;
};

// Behind one pointer: what a library adds to the thread-local storage of a process that is running
// already comes out of a small reserve that all such libraries share.
// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): what hetmem_error_text() tells
thread_local std::unique_ptr<failure> last;
thread_local bool nothing_kept = false; // not even the record could be had
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

/// What a file or a caller named may be any bytes; what is kept is UTF-8 that can be printed, cut
/// between two characters. Takes no memory: each character fits into the string that shows it.
void copy_shown(std::string_view text, std::span<char> out) {
    std::size_t length = 0;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t start = at;
        detail::next_code_point(text, at);
        const std::string shown = detail::printable(text.substr(start, at - start));
        if (shown.size() >= out.size() - length) {
            break;
        }
        length += shown.copy(&out[length], shown.size());
    }
    out[length] = '\0';
}

void keep(std::string_view text, const std::optional<kept_shortage>& short_of) noexcept {
    if (!last) {
        last.reset(new (std::nothrow) failure); // NOLINT(*-owning-memory): make_unique throws
    }
    nothing_kept = !last;
    if (!last) {
        return;
    }
    copy_shown(text, last->text);
    last->short_of = short_of;
}

int negative_errno(const std::error_code& code) {
    const bool is_errno =
        code.category() == std::generic_category() || code.category() == std::system_category();
    return is_errno && code.value() > 0 ? -code.value() : -EIO;
}

} // namespace

int keep_failure() noexcept {
    try {
        throw;
    } catch (const target_full& e) {
        keep(e.what(), kept_shortage{e.reason(), e.available(), e.strayed()});
        return negative_errno(e.code());
    } catch (const std::system_error& e) { // hetmem::error and those of the C++ library
        keep(e.what(), {});
        return negative_errno(e.code());
    } catch (const std::bad_alloc& e) {
        keep(e.what() == std::string_view("std::bad_alloc") ? "out of memory" : e.what(), {});
        return -ENOMEM;
    } catch (const std::length_error& e) {
        keep(e.what(), {});
        return -ENOMEM;
    } catch (const std::logic_error& e) { // invalid_argument, out_of_range
        keep(e.what(), {});
        return -EINVAL;
    } catch (const std::exception& e) {
        keep(e.what(), {});
        return -EIO;
    } catch (...) {
        keep("an unknown exception", {});
        return -EIO;
    }
}

void keep_text(const char* text) noexcept {
    keep(text, {});
}

const char* kept_text() noexcept {
    if (nothing_kept) {
        return "out of memory";
    }
    return last ? last->text.data() : "";
}

std::optional<kept_shortage> last_shortage() noexcept {
    return last && !nothing_kept ? last->short_of : std::nullopt;
}

} // namespace hetmem::c
