#include "check/override_record.hpp"
#include "check/parts.hpp"
#include "check/test_machine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace hetmem::detail {
namespace {

using test_machine::found;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::string place = std::string(override_directory) + "/";

/// A machine whose HMAT was installed by an override, in an earlier boot.
test::tree overridden() {
    test::tree machine = test_machine::machine();
    const auto hmat = test_machine::tables().hmat();
    override_record record;
    record.time = "2026-11-23T08:00:00Z";
    record.boot_id = "earlier";
    record.kernel = "6.12.9";
    record.machine = {"ACME", "1.0", "01/02/2026", "dmi:svnACME:pnBox:"};
    record.method = "initramfs-tools";
    overridden_table table;
    table.signature = "HMAT";
    table.oem_id = "HETMEM";
    table.oem_table_id = "HETMEM  ";
    table.oem_revision = 2;
    table.length = hmat.size();
    record.tables.push_back(table);
    machine.write(place + "override.json", to_json(record));
    machine.write(place + "tables/" + early_name("HMAT"), hmat);
    machine.write(
        {{"sys/class/dmi/id/bios_vendor", "ACME\n"},
         {"sys/class/dmi/id/bios_version", "1.0\n"},
         {"sys/class/dmi/id/bios_date", "01/02/2026\n"},
         {"sys/class/dmi/id/modalias", "dmi:bvnACME:bvr1.0:bd01/02/2026:svnACME:pnBox:\n"}});
    return machine;
}

check_result look(const test::tree& machine) {
    const kernel::rooted_reader reader(machine.root());
    check_result result;
    check_override(read_check_subject(reader), result);
    return result;
}

TEST(OverrideChecks, SayThatTheTablesAreOurs) {
    const check_result result = look(overridden());
    ASSERT_THAT(result.findings, SizeIs(1));
    EXPECT_EQ(result.findings[0].check, "override-in-force");
    EXPECT_EQ(result.findings[0].about, "HMAT");
    EXPECT_EQ(result.findings[0].level, severity::info);
}

TEST(OverrideChecks, SayNothingWhereThereIsNone) {
    const check_result result = look(test_machine::machine());
    EXPECT_THAT(result.findings, IsEmpty());
    EXPECT_TRUE(test_machine::ran(result, "override-ignored"));
}

TEST(OverrideChecks, SayWhenTheKernelHasAnotherTable) {
    test::tree machine = overridden();
    machine.write("sys/firmware/acpi/tables/HMAT", test_machine::tables(30).hmat());
    const check_result result = look(machine);
    ASSERT_THAT(found(result, "override-ignored"), SizeIs(1));
    EXPECT_EQ(found(result, "override-ignored")[0].level, severity::error);
    EXPECT_THAT(found(result, "override-ignored")[0].what, HasSubstr("HMAT: "));
    EXPECT_THAT(found(result, "override-in-force"), IsEmpty());
}

TEST(OverrideChecks, SayWhenTheFirmwareIsAnotherVersion) {
    test::tree machine = overridden();
    machine.write("sys/class/dmi/id/bios_version", "1.1\n");
    EXPECT_THAT(found(look(machine), "override-stale"), SizeIs(1));
}

TEST(OverrideChecks, SayWhenTheMachineIsAnother) {
    test::tree machine = overridden();
    machine.write("sys/class/dmi/id/modalias", "dmi:bvnACME:bvr1.0:bd01/02/2026:svnACME:pnCar:\n");
    const check_result result = look(machine);
    EXPECT_THAT(found(result, "override-other-machine"), SizeIs(1));
    EXPECT_THAT(found(result, "override-stale"), IsEmpty());
}

TEST(OverrideChecks, SayWhenTheMachineWasNotRestarted) {
    test::tree machine = overridden();
    machine.write("sys/firmware/acpi/tables/HMAT", test_machine::tables(30).hmat());
    machine.write("proc/sys/kernel/random/boot_id", "earlier\n");
    EXPECT_THAT(found(look(machine), "override-pending"), SizeIs(1));
}

TEST(OverrideChecks, SayWhenOnlyRootCouldTell) {
    test::tree machine = overridden();
    machine.forbid("sys/firmware/acpi/tables/HMAT");
    const test::ordinary_user somebody;
    EXPECT_THAT(found(look(machine), "override-unknown"), SizeIs(1));
}

TEST(OverrideChecks, SayWhenTheRecordCannotBeRead) {
    test::tree machine = overridden();
    machine.write(place + "override.json", "{");
    EXPECT_THAT(look(machine).not_looked_at, Contains(HasSubstr("override.json")));
}

} // namespace
} // namespace hetmem::detail
