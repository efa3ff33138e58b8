#include "daemon/health.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace hetmem::daemon {
namespace {

using nlohmann::json;

TEST(Health, TellsHowTheDaemonIs) {
    health now;
    now.running = true;
    now.pid = 42;
    now.version = "0.1.0";
    now.started = "2026-11-23T08:00:00.000Z";
    now.privileges = "user 0 without capabilities";
    now.generation = 7;
    now.events_arrive = true;
    now.events_seen = 1000;
    now.events_lost = 1;
    now.looks = 3;
    now.hmat = "the firmware's own";
    const json read = json::parse(to_json(now));
    EXPECT_EQ(read["pid"], 42);
    EXPECT_EQ(read["program"], "hetmemd 0.1.0");
    EXPECT_EQ(read["running"], true);
    EXPECT_EQ(read["generation"], 7);
    EXPECT_EQ(read["events"]["seen"], 1000);
    EXPECT_EQ(read["events"]["lost"], 1);
    EXPECT_EQ(read["looks"], 3);
    EXPECT_EQ(read["hmat"]["in_force"], "the firmware's own");
    EXPECT_TRUE(read["last_error"].is_null());
}

TEST(Health, TellsNoAddresses) {
    health now;
    const std::string text = "memory at 0x880000000 is in no domain, flags 0x1";
    now.last_error = text;
    now.unreadable = {{"HMAT", "sys/firmware/acpi/tables/HMAT", source_status::malformed, text}};
    now.hmat = text;
    now.hmat_refused = {text};
    now.hmat_remarks = {"", text};
    const json read = json::parse(to_json(now));
    const std::string shown = "memory at 0x... is in no domain, flags 0x1";
    EXPECT_EQ(read["last_error"]["text"], shown);
    EXPECT_EQ(read["unreadable"][0]["detail"], shown);
    EXPECT_EQ(read["hmat"]["in_force"], shown);
    EXPECT_EQ(read["hmat"]["refused"][0], shown);
    EXPECT_EQ(read["hmat"]["remarks"][1], shown);
}

TEST(Health, TellsWhatIsWrong) {
    health now;
    now.last_error = "cannot write /run/hetmem/x: \xff No space left on device";
    now.last_error_time = "2026-11-23T08:00:00.000Z";
    now.unreadable = {{"HMAT", "sys/firmware/acpi/tables/HMAT", source_status::malformed, "short"}};
    now.hmat_refused = {"offset 40: expected 1, found 2"};
    const json read = json::parse(to_json(now)); // JSON whatever a file is called
    EXPECT_THAT(read["last_error"]["text"].get<std::string>(),
                testing::HasSubstr("No space left on device"));
    EXPECT_EQ(read["unreadable"][0]["what"], "HMAT");
    EXPECT_EQ(read["unreadable"][0]["status"], "malformed");
    EXPECT_EQ(read["hmat"]["refused"][0], "offset 40: expected 1, found 2");
}

} // namespace
} // namespace hetmem::daemon
