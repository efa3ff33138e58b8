// vm_monitor follow [--quiet=MS] [--longest=MS]: follows the machine while it is held, and says on
// standard error, at once, every look and every change. Released, it prints what it heard, how long
// after the last event each generation was there, and whether the first topology is what it was.
// vm_monitor storm EVENTS: has the kernel announce memory blocks that stay what they are.
#include "tests/vm/programs/arguments.hpp"
#include "tests/vm/programs/hold.hpp"
#include "tests/vm/programs/report.hpp"

#include "kernel/uevent.hpp"

#include <hetmem/monitor.hpp>

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <iterator>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace vm {
namespace {

using clock = std::chrono::steady_clock;
using hetmem::kernel::unique_fd;
using nlohmann::json;

/// When the kernel announced something of memory, heard without the library's monitor.
class last_event {
public:
    int fd() const { return socket_.fd(); }
    void take() {
        hetmem::kernel::uevent event;
        for (auto got = socket_.read(event); got != hetmem::kernel::uevent_socket::got::nothing;
             got = socket_.read(event)) {
            at_ = clock::now();
        }
    }
    double milliseconds_ago() const {
        return std::chrono::duration<double, std::milli>(clock::now() - at_).count();
    }

private:
    hetmem::kernel::uevent_socket socket_{std::size_t{16} << 20U};
    clock::time_point at_ = clock::now();
};

void say(const std::string& line) {
    std::fputs((line + "\n").c_str(), stderr);
}

json json_of(const hetmem::monitor_status& status) {
    return {{"events", status.events}, {"published", status.published}, {"remark", status.remark},
            {"seen", status.seen},     {"lost", status.lost},           {"looks", status.looks}};
}

json follow(const arguments& asked) {
    last_event kernel;
    hetmem::monitor machine({.quiet = std::chrono::milliseconds(asked.number("quiet", 10)),
                             .longest = std::chrono::milliseconds(asked.number("longest", 1000))});
    const hetmem::topology first = machine.current();
    const std::string first_text = to_json(first);
    json generations = json::array();
    const unique_fd released(::eventfd(0, EFD_CLOEXEC));
    std::thread waiter([&] {
        wait_until_released();
        ::eventfd_write(released.get(), 1);
    });
    pollfd fds[] = {
        {kernel.fd(), POLLIN, 0}, {machine.fd(), POLLIN, 0}, {released.get(), POLLIN, 0}};
    for (std::uint64_t looks = 0; (fds[2].revents & POLLIN) == 0;) {
        ::poll(fds, std::size(fds), -1);
        kernel.take();
        for (const hetmem::update& u : machine.take()) {
            json changes = json::array();
            for (const hetmem::change& c : u.changes) {
                changes.push_back(to_string(c));
                say(fmt::format("generation {}: {}", u.now.generation(), to_string(c)));
            }
            generations.push_back({{"generation", u.now.generation()},
                                   {"changes", std::move(changes)},
                                   {"ms", kernel.milliseconds_ago()}});
        }
        if (const std::uint64_t now = machine.status().looks; now != looks) {
            looks = now;
            say(fmt::format("looks: {}", looks));
        }
    }
    waiter.join();
    json targets = json::object();
    for (const hetmem::target& memory : machine.current().targets()) {
        targets[memory.name] = to_string(memory.state);
    }
    return {{"status", json_of(machine.status())},
            {"generations", std::move(generations)},
            {"targets", std::move(targets)},
            {"first_unchanged", to_json(first) == first_text}};
}

json storm(const arguments& asked) {
    std::vector<unique_fd> blocks;
    for (const auto& entry : std::filesystem::directory_iterator("/sys/devices/system/memory")) {
        if (entry.path().filename().string().starts_with("memory")) {
            blocks.emplace_back(::open((entry.path() / "uevent").c_str(), O_WRONLY | O_CLOEXEC));
        }
    }
    const std::uint64_t events = asked.number(1);
    for (std::uint64_t n = 0; n < events; ++n) {
        if (::write(blocks.at(n % blocks.size()).get(), "change", 6) != 6) {
            throw std::runtime_error("the kernel refuses to announce a memory block");
        }
    }
    return {{"written", events}};
}

} // namespace
} // namespace vm

int main(int count, char** words) {
    try {
        const vm::arguments asked(count, words);
        vm::print(asked.word(0) == "storm" ? vm::storm(asked) : vm::follow(asked));
        return 0;
    } catch (const std::exception& e) {
        vm::say(e.what());
        return 1;
    }
}
