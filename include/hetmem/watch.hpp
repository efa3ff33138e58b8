// hetmem/watch.hpp: what becomes of the memory that a region or a pool is placed on.
//
//     hetmem::monitor machine;
//     hetmem::region buffer(size, hetmem::bind(machine.current(), "hbm"));
//     hetmem::watch eye(machine, buffer, [&](const hetmem::memory_event& e) {
//         if (e.kind == hetmem::memory_event_kind::lost) {
//             rebuild();
//         } else {
//             log(e.what, e.now);                  // where the bytes are by now
//         }
//     });
//     machine.start();
//
// Told from the generations of a monitor. Linux speaks only after a memory block went offline, and
// moves its pages away silently before: an event says where the bytes are now, it prevents nothing.
// Nothing is moved by the library: whoever is told may call region::migrate().
#pragma once

#include <hetmem/error.hpp>
#include <hetmem/export.hpp>
#include <hetmem/monitor.hpp>
#include <hetmem/pool.hpp>
#include <hetmem/region.hpp>
#include <hetmem/residency.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace hetmem {

enum class memory_event_kind : std::uint8_t {
    leaving,  ///< a memory of the placement became smaller, went offline or vanished
    lost,     ///< content is gone: a dax device of the placement is there no more, and touching
              ///< what lay on it ends in SIGBUS
    returned, ///< a memory of the placement that had left is there again
    better,   ///< best() would choose another memory first now (placements made by best() only)
};

struct memory_event {
    memory_event_kind kind{};
    std::string target;           ///< the name of the memory
    std::string what;             ///< one sentence
    residency now;                ///< counted after the change; what was lost is absent
    std::uint64_t generation = 0; ///< of the topology that told it
};

/// What a program that cannot go on after memory_event_kind::lost may throw.
HETMEM_EXPORT target_lost as_error(const memory_event& event);

/// Memory that is watched until this is destroyed. Of legs that are directories nothing is told.
class HETMEM_EXPORT watch {
public:
    using callback = std::function<void(const memory_event&)>;
    /// The region (which may be migrated meanwhile, but not moved from) or pool must outlive this.
    /// Called as monitor::on_change() says, one event a memory and generation.
    watch(monitor& of, const region& memory, callback tell);
    watch(monitor& of, const pool& memory, callback tell);
    watch(watch&&) noexcept;
    watch& operator=(watch&&) noexcept;
    /// As subscription's: may happen inside its own callback, and waits for one in another thread.
    ~watch();

private:
    struct state;
    watch(monitor& of, std::shared_ptr<state> s);
    void end() noexcept;
    std::shared_ptr<state> state_;
    subscription on_;
};

HETMEM_EXPORT std::string_view to_string(memory_event_kind);

} // namespace hetmem
