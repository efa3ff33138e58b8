// The connection of a monitor with a region or a pool; memory_events.cpp has what is told.
#include <hetmem/watch.hpp>

#include "memory/memory_events.hpp"

#include <atomic>
#include <exception>
#include <utility>
#include <vector>

namespace hetmem {

struct HETMEM_HIDDEN watch::state {
    std::function<placement()> asked;
    std::function<residency()> where;
    callback tell;
    /// Set in the callback or beside it: the memory must not be looked at any more then.
    std::atomic<bool> ended = false;
    detail::memory_history history;

    template <class Memory, class Size>
    static std::shared_ptr<state> of(const Memory& memory, callback tell, Size size) {
        if (!tell) {
            throw error(std::errc::invalid_argument, "a watch that has nobody to tell");
        }
        auto made = std::make_shared<state>();
        made->asked = [&memory] { return memory.asked(); };
        made->where = [&memory, size] {
            try {
                return memory.where();
            } catch (const error&) {
                // The change is told also where the kernel keeps back where pages are.
                residency nothing_known;
                nothing_known.unknown = size();
                return nothing_known;
            }
        };
        made->tell = std::move(tell);
        return made;
    }

    void take(const update& change) {
        if (ended) {
            return;
        }
        std::exception_ptr first;
        for (memory_event& event : history.next(asked(), change.before, change.now)) {
            event.now = where();
            try {
                tell(event);
            } catch (...) {
                first = first ? first : std::current_exception();
            }
            if (ended) {
                break;
            }
        }
        if (first) {
            std::rethrow_exception(first);
        }
    }
};

watch::watch(monitor& of, std::shared_ptr<state> s)
    : state_(std::move(s)), on_(of.on_change([kept = state_](const update& change) {
          // The watch may be ended by what it calls, and this function with it.
          const std::shared_ptr<state> alive = kept; // NOLINT(performance-unnecessary-copy*)
          alive->take(change);
      })) {}

watch::watch(monitor& of, const region& memory, callback tell)
    : watch(of, state::of(memory, std::move(tell),
                          [&memory] { return byte_size::from_bytes(memory.size()); })) {}

watch::watch(monitor& of, const pool& memory, callback tell)
    : watch(of,
            state::of(memory, std::move(tell), [&memory] { return memory.statistics().held; })) {}

watch::watch(watch&&) noexcept = default;

watch& watch::operator=(watch&& other) noexcept {
    if (this != &other) {
        end();
        on_ = std::move(other.on_);
        state_ = std::move(other.state_);
    }
    return *this;
}

watch::~watch() {
    end();
}

void watch::end() noexcept {
    if (state_) {
        state_->ended = true;
    }
}

target_lost as_error(const memory_event& event) {
    return target_lost(event.what);
}

std::string_view to_string(memory_event_kind kind) {
    switch (kind) {
    case memory_event_kind::leaving:
        return "leaving";
    case memory_event_kind::lost:
        return "lost";
    case memory_event_kind::returned:
        return "returned";
    case memory_event_kind::better:
        return "better";
    }
    return "unknown";
}

} // namespace hetmem
