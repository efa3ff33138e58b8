// c/barrier.hpp: the one place where exceptions end and errno values begin.
//
//     int hetmem_region_lock(hetmem_region* region) {
//         return guarded([&] { need(region, "region").value.lock(); });
//     }
//
// What an exception said is kept for the calling thread: hetmem_error_text(),
// hetmem_last_shortage().
#pragma once

#include "memory/uncancellable.hpp"

#include <hetmem/error.hpp>

#include <optional>
#include <string>
#include <utility>

namespace hetmem::c {

/// What is kept of a failure that was a shortage.
struct kept_shortage {
    shortage reason{};
    byte_size available;
    byte_size strayed;
};

/// Turns the exception that is being handled into a negative errno value and keeps what it says.
int keep_failure() noexcept;
/// Keeps a text that is no failure (why a migration is not complete).
void keep_text(const char* text) noexcept;
const char* kept_text() noexcept;
std::optional<kept_shortage> last_shortage() noexcept;

template <class Action> int guarded(Action&& action) noexcept {
    const detail::uncancellable scope;
    try {
        std::forward<Action>(action)();
        return 0;
    } catch (...) {
        return keep_failure();
    }
}

/// What is no null pointer; throws hetmem::error (EINVAL) naming the argument otherwise.
template <class Value> Value& need(Value* pointer, const char* name) {
    if (pointer == nullptr) {
        throw error(std::errc::invalid_argument, std::string(name) + " is a null pointer");
    }
    return *pointer;
}

} // namespace hetmem::c
