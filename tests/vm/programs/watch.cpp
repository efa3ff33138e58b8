// vm_watch PLACEMENT MIB [region options]: a region and a pool of that size each, which a monitor
// watches, with known contents. Held, it writes every event into the pipe $HETMEM_HOLD.events, as
// "KIND TARGET OWNER: SENTENCE"; released, it prints what it was told and what is left of the
// contents.
// --migrate: also what comes of moving the region to node 0 then.
// --touch: also whether the first byte of the region can be read then.
#include "tests/vm/programs/arguments.hpp"
#include "tests/vm/programs/hold.hpp"
#include "tests/vm/programs/pattern.hpp"
#include "tests/vm/programs/report.hpp"
#include "tests/vm/programs/request.hpp"

#include "kernel/rooted.hpp"

#include <hetmem/monitor.hpp>
#include <hetmem/pool.hpp>
#include <hetmem/region.hpp>
#include <hetmem/watch.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <csetjmp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace vm {
namespace {

using hetmem::memory_event;
using hetmem::memory_event_kind;
using nlohmann::json;

constexpr std::uint64_t seed = 0x5eed;
constexpr std::size_t object_bytes = std::size_t{1} << 20U;

/// What is told, for the script at once and for the host in the end.
class told_events {
public:
    told_events() {
        if (const char* const place = std::getenv("HETMEM_HOLD")) {
            const std::string path = std::string(place) + ".events";
            if (::mkfifo(path.c_str(), 0600) != 0) {
                throw std::runtime_error("mkfifo " + path);
            }
            pipe_ = hetmem::kernel::unique_fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
        }
    }

    void add(const memory_event& event, std::string_view owner, bool intact) {
        const std::lock_guard lock(guard_);
        events_.push_back({{"owner", owner},
                           {"kind", to_string(event.kind)},
                           {"target", event.target},
                           {"what", event.what},
                           {"now", json_of(event.now)},
                           {"generation", event.generation},
                           {"intact", intact}});
        was_lost_ = was_lost_ || event.kind == memory_event_kind::lost;
        const std::string line =
            fmt::format("{} {} {}: {}\n", to_string(event.kind), event.target, owner, event.what);
        if (pipe_ && ::write(pipe_.get(), line.data(), line.size()) < 0) {
            std::abort();
        }
    }

    bool was_lost() const {
        const std::lock_guard lock(guard_);
        return was_lost_;
    }
    json all() const {
        const std::lock_guard lock(guard_);
        return events_;
    }

private:
    mutable std::mutex guard_;
    hetmem::kernel::unique_fd pipe_;
    json events_ = json::array();
    bool was_lost_ = false;
};

/// Objects of a pool, with known contents.
class filled_pool {
public:
    filled_pool(const hetmem::placement& where, std::size_t bytes) : pool_(where) {
        for (std::size_t n = 0; n < bytes / object_bytes; ++n) {
            objects_.emplace_back(static_cast<std::byte*>(pool_.allocate(object_bytes)),
                                  object_bytes);
            write_pattern(objects_.back(), n);
        }
    }
    bool intact() const {
        bool all = true;
        for (std::size_t n = 0; n < objects_.size(); ++n) {
            all = all && has_pattern(objects_[n], n);
        }
        return all;
    }
    const hetmem::pool& pool() const { return pool_; }

private:
    hetmem::pool pool_;
    std::vector<std::span<std::byte>> objects_;
};

// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): for the handler
sigjmp_buf before_touch;
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

/// "works", or the signal that it ends in.
std::string touch(const void* address) {
    struct sigaction handler {};
    handler.sa_handler = [](int) { siglongjmp(before_touch, 1); };
    struct sigaction earlier {};
    sigaction(SIGBUS, &handler, &earlier);
    std::string found = "SIGBUS";
    if (sigsetjmp(before_touch, 1) == 0) {
        static_cast<void>(*static_cast<const volatile char*>(address));
        found = "works";
    }
    sigaction(SIGBUS, &earlier, nullptr);
    return found;
}

json status_of(const hetmem::monitor& machine) {
    const hetmem::monitor_status now = machine.status();
    return {{"events", now.events}, {"remark", now.remark}, {"lost", now.lost}};
}

/// "moved", or why not.
std::string migrate(hetmem::region& region, const hetmem::topology& machine) {
    hetmem::migrate_options how;
    how.quiesce = [] {};
    how.resume = [] {};
    try {
        region.migrate(hetmem::bind(machine, "node0"), how);
        return "moved";
    } catch (const hetmem::target_lost& why) {
        return why.what();
    }
}

json watch_memory(const arguments& asked) {
    json said{{"asked", asked.word(0)}};
    attempt(said, [&] {
        told_events told;
        hetmem::monitor machine;
        const hetmem::placement where = hetmem::parse_placement(machine.current(), asked.word(0));
        const hetmem::byte_size size = size_of(asked, 1);
        hetmem::region region(size, where, options_of(asked));
        write_pattern(region.bytes(), seed);
        const filled_pool objects(where, size.bytes());
        said["first"] = state_of(region);

        // Whoever is told that something is lost must not touch it.
        const hetmem::watch eye(machine, region, [&](const memory_event& e) {
            const bool lost = e.kind == memory_event_kind::lost || told.was_lost();
            told.add(e, "region", !lost && has_pattern(region.bytes(), seed));
        });
        const hetmem::watch other_eye(machine, objects.pool(), [&](const memory_event& e) {
            const bool lost = e.kind == memory_event_kind::lost || told.was_lost();
            told.add(e, "pool", !lost && objects.intact());
        });
        machine.start();
        wait_until_released();

        said["events"] = told.all();
        said["monitor"] = status_of(machine);
        said["later"] = state_of(region);
        said["pool"] = json_of(objects.pool().where());
        if (asked.has("migrate")) {
            said["migrate"] = migrate(region, machine.current());
        }
        if (asked.has("touch")) {
            said["touch"] = touch(region.data());
        }
        if (!told.was_lost()) {
            said["intact"] = has_pattern(region.bytes(), seed) && objects.intact();
        }
    });
    return said;
}

} // namespace
} // namespace vm

int main(int count, char** words) {
    try {
        vm::print(vm::watch_memory(vm::arguments(count, words)));
        return 0;
    } catch (const std::exception& why) {
        fmt::print(stderr, "vm_watch: {}\n", why.what());
        return 2;
    }
}
