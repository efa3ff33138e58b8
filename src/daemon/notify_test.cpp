#include "daemon/notify.hpp"

#include "kernel/rooted.hpp"
#include "tests/support/tree.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace hetmem::daemon {
namespace {

/// A service manager's socket; `name` begins with '/' or, for one that is no file, with '@'.
class manager {
public:
    explicit manager(const std::string& name) : socket_(::socket(AF_UNIX, SOCK_DGRAM, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, name.data(), name.size());
        if (name.front() == '@') {
            address.sun_path[0] = '\0';
        }
        const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
        EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
        ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
    }
    manager(const manager&) = delete;
    manager& operator=(const manager&) = delete;
    ~manager() { ::unsetenv("NOTIFY_SOCKET"); }

    std::string heard() const {
        std::array<char, 100> text{};
        const ssize_t size = ::recv(socket_.get(), text.data(), text.size(), MSG_DONTWAIT);
        return std::string(text.data(), size < 0 ? 0 : static_cast<std::size_t>(size));
    }

private:
    kernel::unique_fd socket_;
};

TEST(Notify, ReachesTheServiceManager) {
    const test::temporary_directory place;
    const manager listens((place.path() / "notify").string());
    EXPECT_TRUE(notify("READY=1\nSTATUS=generation 7"));
    EXPECT_EQ(listens.heard(), "READY=1\nSTATUS=generation 7");
}

TEST(Notify, ReachesOneWithoutAFile) {
    const manager listens("@hetmem-test-" + std::to_string(::getpid()));
    EXPECT_TRUE(notify("READY=1"));
    EXPECT_EQ(listens.heard(), "READY=1");
}

TEST(Notify, IsNoTroubleWithoutAServiceManager) {
    ::unsetenv("NOTIFY_SOCKET");
    EXPECT_FALSE(notify("READY=1"));
    const std::string too_long = "/" + std::string(200, 'x');
    for (const std::string& useless :
         {std::string("/nowhere/notify"), std::string(""), std::string("relative"), too_long}) {
        ::setenv("NOTIFY_SOCKET", useless.c_str(), 1);
        EXPECT_FALSE(notify("READY=1")) << useless;
    }
    ::unsetenv("NOTIFY_SOCKET");
}

} // namespace
} // namespace hetmem::daemon
