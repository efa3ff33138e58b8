#include "kernel/standard_files.hpp"

#include <cerrno>
#include <initializer_list>

#include <fcntl.h>
#include <unistd.h>

namespace hetmem::kernel {

void occupy_standard_files() {
    for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (::fcntl(number, F_GETFD) < 0 && errno == EBADF) {
            // Gets this number, the lowest that is free. The wrong direction, for its users to see
            // that there is nothing. Without O_CLOEXEC: the same holds for programs started later.
            static_cast<void>(::open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY));
        }
    }
}

} // namespace hetmem::kernel
