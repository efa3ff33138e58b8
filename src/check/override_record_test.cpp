#include "check/override_record.hpp"

#include "tests/support/tree.hpp"

#include <hetmem/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hetmem::detail {
namespace {

using ::testing::HasSubstr;

override_record example() {
    override_record record;
    record.time = "2026-11-23T08:00:00Z";
    record.boot_id = "a boot";
    record.kernel = "6.12.9";
    record.machine = {"ACME", "1.0", "01/02/2026", "dmi:pnBox:"};
    record.method = "dracut";
    record.tables = {{"HMAT", "ACME", "BOX", 8, 120, 7}, {"SLIT", "ACME", "BOX", 1, 60, {}}};
    record.files = {"etc/dracut.conf.d/50-hetmem-override.conf", "etc/dracut.conf.d/"};
    record.initrds = {"boot/initrd.img-6.12.9"};
    return record;
}

std::string refusal(std::string text, std::string_view from, std::string_view to) {
    text.replace(text.find(from), from.size(), to);
    try {
        override_record_from(text, "override.json");
        return "";
    } catch (const malformed_file& e) {
        return e.what();
    }
}

TEST(override_record, is_read_as_it_was_written) {
    EXPECT_EQ(override_record_from(to_json(example()), "override.json"), example());
}

TEST(override_record, that_is_damaged_is_refused_with_the_place) {
    const std::string text = to_json(example());
    EXPECT_THAT(refusal(text, "\"time\"", "\"times\""),
                HasSubstr("override.json: time: expected something"));
    EXPECT_THAT(refusal(text, "\"bios_date\"", "\"date\""), HasSubstr("machine.bios_date"));
    EXPECT_THAT(refusal(text, "\"oem_revision\": 1", "\"oem_revision\": -1"),
                HasSubstr("tables[1].oem_revision: expected a number up to 4294967295"));
    EXPECT_THAT(refusal(text, "\"oem_revision\": 8", "\"oem_revision\": 4294967296"),
                HasSubstr("tables[0].oem_revision"));
    EXPECT_THAT(refusal(text, "\"hetmem_override\": 1", "\"hetmem_override\": 2"),
                HasSubstr("hetmem_override: expected 1"));
    EXPECT_THAT(refusal(text, "{", "["), HasSubstr("expected an object"));
    EXPECT_THAT(refusal(text, "\"boot/initrd.img-6.12.9\"", "7"),
                HasSubstr("initrds: expected a list of strings"));
}

TEST(override_record, is_none_where_nothing_was_installed) {
    const test::tree machine;
    EXPECT_FALSE(read_override_record(kernel::rooted_reader(machine.root())));
}

TEST(override_record, of_a_machine_is_found_and_a_damaged_one_named) {
    test::tree machine({{"var/lib/hetmem/override/override.json", to_json(example())}});
    EXPECT_EQ(read_override_record(kernel::rooted_reader(machine.root())), example());
    machine.write("var/lib/hetmem/override/override.json", "{}");
    EXPECT_THROW(read_override_record(kernel::rooted_reader(machine.root())), malformed_file);
}

TEST(lockdown_stops_overrides, before_6_12) {
    EXPECT_TRUE(lockdown_stops_overrides("6.1.0-32-amd64"));
    EXPECT_FALSE(lockdown_stops_overrides("6.12.117+deb12-cloud-amd64"));
    EXPECT_FALSE(lockdown_stops_overrides("7.0"));
    EXPECT_TRUE(lockdown_stops_overrides(""));
}

} // namespace
} // namespace hetmem::detail
