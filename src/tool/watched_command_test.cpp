#include "tool/watched_command.hpp"

#include "tool/command_file.hpp"

#include <cerrno>
#include <csignal>

#include <gmock/gmock.h>

#include <unistd.h>

namespace hetmem::tool {
namespace {

int status_of(const std::string& script) {
    return watch_command("/bin/sh", {"sh", "-c", script}, [](int) { return 0; }).exit_status;
}

TEST(WatchCommand, TheStatusIsTheCommands) {
    EXPECT_EQ(status_of("exit 0"), 0);
    EXPECT_EQ(status_of("exit 7"), 7);
    EXPECT_EQ(status_of("kill -TERM $$"), 128 + SIGTERM);
}

TEST(WatchCommand, WhatCannotBeStartedThrows) {
    try {
        watch_command("/nonexistent/command", {"command"}, [](int) { return 0; });
        FAIL();
    } catch (const command_error& e) {
        EXPECT_EQ(e.exit_status(), 127);
    }
    EXPECT_THROW(watch_command("/bin/sh", {"sh"}, [](int) { return EPERM; }), command_error);
}

TEST(WatchCommand, SeesTheMemoryOfACommand) {
    const watched seen =
        watch_command("/bin/sh", {"sh", "-c", "i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done"},
                      [](int) { return 0; });
    EXPECT_GT(seen.pid, 0);
    EXPECT_TRUE(seen.memory.known);
    EXPECT_FALSE(seen.memory.at_exit);
    EXPECT_GT(seen.memory.where.present().bytes(), 0U);
    EXPECT_GE(seen.memory.largest.present(), seen.memory.where.present());
}

TEST(WatchCommand, PassesSignalsOn) {
    // The command asks its parent, which is this process, for a signal to itself.
    EXPECT_EQ(status_of("trap 'exit 9' USR1; kill -USR1 $PPID; while :; do :; done"), 9);
}

TEST(ParseReport, TheLastCompleteReportOfTheProcess) {
    const std::string text = "pid 5\nnode 0 100 0\nend\n"
                             "pid 7\nnode 0 4096 0\nnode 2 8192 4096\n"
                             "device /dev/dax0.0 2097152\nend\n"
                             "pid 8\nnode 1 1 1\nend\n"
                             "pid 7\nnode 0 1 0\n";
    last_residency found;
    ASSERT_TRUE(parse_report(text, 7, found));
    EXPECT_TRUE(found.known);
    EXPECT_TRUE(found.at_exit);
    EXPECT_EQ(found.where.on_node(0), byte_size::from_bytes(4096));
    EXPECT_EQ(found.where.on_node(2), byte_size::from_bytes(8192));
    EXPECT_EQ(found.where.on("dax0.0"), byte_size::from_mib(2));
    ASSERT_EQ(found.placed.size(), 2U);
    EXPECT_EQ(found.placed[0].target, "node2");
    EXPECT_EQ(found.placed[0].bytes, byte_size::from_bytes(4096));
    EXPECT_EQ(found.placed[1].target, "dax0.0");
}

TEST(ParseReport, NothingFromOtherTexts) {
    for (const std::string text : {"", "end\n", "pid\nend\n", "pid 7\n", "pid 8\nnode 0 1 1\nend\n",
                                   "garbage\n\n\nnode\n"}) {
        last_residency found;
        EXPECT_FALSE(parse_report(text, 7, found)) << text;
        EXPECT_FALSE(found.known);
    }
}

} // namespace
} // namespace hetmem::tool
