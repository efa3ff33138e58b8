// A library whose constructor allocates and forks, before main and before other constructors.
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

extern "C" __attribute__((visibility("default"))) void* early_object;
void* early_object = nullptr;

namespace {

void allocate() {
    std::free(std::malloc(3000));
}

[[gnu::constructor]] void start() {
    early_object = std::malloc(1000);
    std::memset(early_object, 'e', 1000);
    // Handlers that allocate, registered before most others.
    ::pthread_atfork(allocate, allocate, allocate);
    const pid_t child = ::fork();
    if (child == 0) {
        std::free(std::malloc(100));
        ::_exit(0);
    }
    ::waitpid(child, nullptr, 0);
}

} // namespace
