// Keeps an eye on the memories of the machine, in an event loop of its own.
//
//     monitor [MILLISECONDS]      how long; without it, what is there now and no more
#include <hetmem/monitor.hpp>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include <poll.h>

int main(int count, char** words) {
    using clock = std::chrono::steady_clock;
    try {
        const auto end =
            clock::now() + std::chrono::milliseconds(count > 1 ? std::atoi(words[1]) : 0);
        hetmem::monitor machine;
        for (const hetmem::target& memory : machine.current().targets()) {
            std::printf("%s is %s\n", memory.name.c_str(), to_string(memory.state).data());
        }
        if (const hetmem::monitor_status how = machine.status(); !how.remark.empty()) {
            std::printf("%s\n", how.remark.c_str());
        }
        while (true) {
            const auto left =
                std::chrono::ceil<std::chrono::milliseconds>(end - clock::now()).count();
            if (left <= 0) {
                return 0;
            }
            // Here a program would wait for its other descriptors, too.
            pollfd changed{machine.fd(), POLLIN, 0};
            if (::poll(&changed, 1, static_cast<int>(left)) < 0 && errno != EINTR) {
                std::perror("poll");
                return 1;
            }
            for (const hetmem::update& u : machine.take()) {
                for (const hetmem::change& c : u.changes) {
                    std::printf("generation %llu: %s\n",
                                static_cast<unsigned long long>(u.now.generation()),
                                to_string(c).c_str());
                }
            }
        }
    } catch (const std::exception& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
