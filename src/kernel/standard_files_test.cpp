#include "kernel/standard_files.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hetmem::kernel {
namespace {

/// Of a process of its own, whose standard files may be closed.
template <typename Child> int status_of(Child child) {
    const pid_t process = ::fork();
    if (process == 0) {
        ::_exit(child());
    }
    int status = 0;
    ::waitpid(process, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(StandardFiles, ThatAreClosedAreNotTakenByOtherFiles) {
    EXPECT_EQ(status_of([] {
                  for (const int number : {0, 1, 2}) {
                      ::close(number);
                  }
                  occupy_standard_files();
                  return ::open("/dev/zero", O_RDWR) > STDERR_FILENO ? 0 : 1;
              }),
              0);
}

TEST(StandardFiles, ThatWereClosedFailAsBefore) {
    EXPECT_EQ(status_of([] {
                  ::close(STDIN_FILENO);
                  ::close(STDERR_FILENO);
                  occupy_standard_files();
                  std::array<char, 1> byte{};
                  const bool no_input = ::read(STDIN_FILENO, byte.data(), 1) < 0 && errno == EBADF;
                  const bool no_output =
                      ::write(STDERR_FILENO, byte.data(), 1) < 0 && errno == EBADF;
                  return no_input && no_output ? 0 : 1;
              }),
              0);
}

TEST(StandardFiles, ThatAreOpenStayWhatTheyAre) {
    EXPECT_EQ(status_of([] {
                  std::array<int, 2> ends{};
                  if (::pipe(ends.data()) != 0 || ::dup2(ends[1], STDERR_FILENO) < 0) {
                      return 2;
                  }
                  ::close(STDIN_FILENO);
                  occupy_standard_files();
                  std::array<char, 1> byte{};
                  return ::write(STDERR_FILENO, "x", 1) == 1 && ::read(ends[0], byte.data(), 1) == 1
                             ? 0
                             : 1;
              }),
              0);
}

} // namespace
} // namespace hetmem::kernel
