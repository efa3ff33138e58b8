#include "kernel/uevent.hpp"

#include "tests/support/announcer.hpp"
#include "tests/support/tree.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <string>

#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace hetmem::kernel {
namespace {

using namespace std::string_literals;

const std::string plugged = "add@/devices/system/memory/memory12\0"
                            "ACTION=add\0"
                            "DEVPATH=/devices/system/memory/memory12\0"
                            "SUBSYSTEM=memory\0"
                            "SEQNUM=4711\0"s;

TEST(uevent, a_datagram_of_the_kernel_is_taken_apart) {
    uevent e;
    ASSERT_TRUE(parse_uevent(plugged, e));
    EXPECT_EQ(e.action, "add");
    EXPECT_EQ(e.path, "/devices/system/memory/memory12");
    EXPECT_EQ(e.subsystem, "memory");
    EXPECT_EQ(e.seqnum, 4711U);
}

TEST(uevent, one_without_a_subsystem_is_an_event_too) {
    uevent e;
    ASSERT_TRUE(parse_uevent("add@/module/kmem\0ACTION=add\0DEVPATH=/module/kmem\0SEQNUM=3\0"s, e));
    EXPECT_EQ(e.subsystem, "");
    EXPECT_FALSE(concerns_memory(e));
}

TEST(uevent, what_is_no_event_is_refused_and_leaves_the_last_one) {
    uevent e{"change", "/devices/x", "node", 9};
    for (const std::string& text : {
             ""s,
             "libudev\0\xfe\xed\xca\xfe"s, // what udev's daemon passes on
             "@/devices/x\0SEQNUM=1\0"s,
             "add@devices/x\0SEQNUM=1\0"s,
             "add@/devices/x\0"s,
             "add@/devices/x\0SEQNUM=\0"s,
             "add@/devices/x\0SEQNUM=-1\0"s,
             "add@/devices/x\0SEQNUM=18446744073709551616\0"s,
         }) {
        EXPECT_FALSE(parse_uevent(text, e)) << text;
    }
    EXPECT_EQ(e.subsystem, "node");
    EXPECT_EQ(e.seqnum, 9U);
}

TEST(uevent, one_that_is_cut_is_no_event_unless_its_number_is_whole) {
    uevent e;
    for (std::size_t size = 0; size < plugged.size() - 5; ++size) {
        EXPECT_FALSE(parse_uevent(std::string_view(plugged).substr(0, size), e)) << size;
    }
}

TEST(uevent, devices_that_hold_or_reach_memory_concern_us) {
    for (const std::string_view subsystem :
         {"memory", "node", "memory_tiering", "dax", "cxl", "nd", "cpu"}) {
        EXPECT_TRUE(concerns_memory({"add", "/devices/x", subsystem, 1})) << subsystem;
    }
    for (const std::string_view subsystem : {"net", "block", "usb", "mem", "memory2", ""}) {
        EXPECT_FALSE(concerns_memory({"add", "/devices/x", subsystem, 1})) << subsystem;
    }
}

TEST(uevent, the_number_of_the_last_event_is_read_where_there_is_one) {
    test::tree machine({{"sys/kernel/uevent_seqnum", "1860\n"}});
    EXPECT_EQ(last_uevent(rooted_reader(machine.root())), 1860U);
    EXPECT_FALSE(last_uevent(rooted_reader(machine.write("sys/kernel/uevent_seqnum", "x").root())));
    EXPECT_FALSE(last_uevent(rooted_reader(test::tree{}.make_directory("sys").root())));
}

bool readable(const uevent_socket& events) {
    pollfd one{events.fd(), POLLIN, 0};
    return ::poll(&one, 1, 0) == 1;
}

/// What is in the socket until nothing is, or what was lost.
struct counted {
    unsigned ours = 0;
    bool lost = false;
    std::uint64_t last = 0;
};
counted drain(uevent_socket& events) {
    counted sum;
    uevent e;
    for (auto got = events.read(e); got != uevent_socket::got::nothing; got = events.read(e)) {
        if (got == uevent_socket::got::lost) {
            sum.lost = true;
        } else {
            sum.last = e.seqnum;
            sum.ours += e.path == "/devices/system/memory/memory0" ? 1U : 0U;
        }
    }
    return sum;
}

TEST(uevent_socket, hears_the_kernel) {
    const test::announcer memory;
    if (!memory) {
        GTEST_SKIP() << "the kernel cannot be made to announce something here";
    }
    uevent_socket events;
    memory.announce();
    ASSERT_TRUE(readable(events)); // it is there before the write returns
    const counted sum = drain(events);
    EXPECT_EQ(sum.ours, 1U);
    EXPECT_FALSE(sum.lost);
    EXPECT_LE(sum.last, last_uevent(rooted_reader("/")));
}

TEST(uevent_socket, says_when_it_was_too_late_for_some) {
    const test::announcer memory;
    if (!memory) {
        GTEST_SKIP() << "the kernel cannot be made to announce something here";
    }
    uevent_socket events(1);
    constexpr unsigned many = 200;
    memory.announce(many);
    const counted sum = drain(events);
    EXPECT_TRUE(sum.lost);
    EXPECT_LT(sum.ours, many);
    memory.announce();
    EXPECT_EQ(drain(events).ours, 1U); // and goes on hearing
}

TEST(uevent_socket, passes_over_what_programs_send) {
    uevent_socket events;
    sockaddr_nl to{};
    socklen_t size = sizeof to;
    ASSERT_EQ(::getsockname(events.fd(), reinterpret_cast<sockaddr*>(&to), &size), 0);
    const unique_fd liar(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT));
    ASSERT_TRUE(liar);
    to.nl_groups = 0;
    if (::sendto(liar.get(), plugged.data(), plugged.size(), 0,
                 reinterpret_cast<const sockaddr*>(&to), sizeof to) < 0) {
        GTEST_SKIP() << "programs cannot send here: " << std::strerror(errno);
    }
    ASSERT_TRUE(readable(events));
    uevent forged;
    ASSERT_TRUE(parse_uevent(plugged, forged));
    const std::uint64_t number = forged.seqnum;
    uevent e;
    for (auto got = events.read(e); got != uevent_socket::got::nothing; got = events.read(e)) {
        EXPECT_NE(e.seqnum, number); // the kernel may have something to say meanwhile
    }
}

} // namespace
} // namespace hetmem::kernel
