#include "tests/vm/programs/hold.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>

namespace vm {

void wait_until_released() {
    const char* const place = std::getenv("HETMEM_HOLD");
    if (place == nullptr) {
        return;
    }
    const std::string base = place;
    const std::string word = "ready " + std::to_string(getpid()) + "\n";
    // Open before anybody is told: what release writes then waits in the pipe.
    const int go = open((base + ".go").c_str(), O_RDWR | O_CLOEXEC);
    const int ready = open((base + ".ready").c_str(), O_WRONLY | O_CLOEXEC);
    if (ready < 0 || write(ready, word.data(), word.size()) < 0) {
        _exit(120);
    }
    close(ready);

    char byte = 0;
    while (go >= 0 && read(go, &byte, 1) < 0 && errno == EINTR) {
    }
    close(go);
}

} // namespace vm
