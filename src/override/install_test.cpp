#include "override/install.hpp"

#include "override/places.hpp"
#include "override/remake.hpp"
#include "override/test_snapshot.hpp"

#include "kernel/initrd.hpp"
#include "tests/support/firmware.hpp"

#include <hetmem/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include <fmt/ranges.h>

namespace hetmem::detail {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

namespace fs = std::filesystem;
using bytes = std::vector<std::byte>;

constexpr std::uint64_t gib = std::uint64_t{1} << 30;
const std::string hmat_place = "sys/firmware/acpi/tables/HMAT";
const std::string compressed = "\x1f\x8b the rest of an initrd";

bytes hmat(std::uint16_t latency) {
    return test::firmware()
        .matrix(acpi::data_type::read_latency, 1000, {0}, {0, 1}, {100, latency})
        .hmat();
}

std::string text_of(const bytes& content) {
    return {reinterpret_cast<const char*>(content.data()), content.size()};
}

/// A machine with two kernels, initramfs-tools and GRUB, whose programs are ours.
class installations : public ::testing::Test {
protected:
    installations() {
        test::firmware().processor(0, 0).memory(0, 0, gib).memory(1, gib, gib).write_into(machine_);
        machine_.write(hmat_place, hmat(200));
        machine_.write({
            {"proc/sys/kernel/osrelease", "6.12.9\n"},
            {"proc/sys/kernel/random/boot_id", "first\n"},
            {"sys/class/dmi/id/bios_version", "1.0\n"},
            {"sys/class/dmi/id/bios_vendor", "ACME\n"},
            {"sys/class/dmi/id/modalias", "dmi:bvnACME:bvr1.0:pnBox:\n"},
            {"usr/sbin/update-initramfs", ""},
            {"usr/sbin/update-grub", ""},
            {"usr/share/initramfs-tools/hook-functions", "prepend_earlyinitramfs() {\n"},
            {"etc/initramfs-tools/initramfs.conf", ""},
            {"etc/grub.d/10_linux", ""},
            {"boot/vmlinuz-6.12.9", ""},
            {"boot/vmlinuz-6.1.0", ""},
            {"boot/initrd.img-6.12.9", compressed},
            {"boot/initrd.img-6.1.0", compressed},
            {"boot/grub/grub.cfg", "menu\n"},
            {"var/lib/dpkg/status", ""},
        });
    }

    fs::path root() const { return machine_.root(); }

    /// What update-initramfs makes of the hook, and update-grub of its script.
    void run(const std::vector<std::string>& command) {
        ran_.push_back(command_text(command));
        if (command[0] == "update-grub") {
            const bool ours = fs::exists(root() / "etc/grub.d/42_hetmem");
            machine_.write("boot/grub/grub.cfg", ours ? "menu\nwithout\n" : "menu\n");
            return;
        }
        const bool hook = fs::exists(root() / "etc/initramfs-tools/hooks/hetmem-override");
        const std::string archive =
            hook ? kernel::read_file(root() / in_override_directory("tables.cpio")) : "";
        for (const char* const release : {"6.12.9", "6.1.0"}) {
            machine_.write(fmt::format("boot/initrd.img-{}", release), archive + compressed);
        }
    }

    install_options options() {
        return {"", "2026-11-23T08:00:00Z",
                [this](const std::vector<std::string>& command) { run(command); }};
    }
    offer offered(std::uint16_t latency) const {
        return judge_offer({.tables = {{"HMAT", "given", hmat(latency)}}},
                           kernel::rooted_reader(root()));
    }
    void install(std::uint16_t latency) {
        const offer judged = offered(latency);
        const kernel::rooted_reader reader(root());
        run_steps(plan_install(judged, options(), reader).steps);
    }
    void remove() {
        const kernel::rooted_reader reader(root());
        run_steps(plan_remove(*read_override_record(reader), options(), reader).steps);
    }
    /// The machine starts with what its initrd holds.
    void restart(const std::string& boot_id) {
        machine_.write("proc/sys/kernel/random/boot_id", boot_id + "\n");
        const kernel::rooted_reader reader(root());
        const auto early = kernel::read_early_tables(reader, "boot/initrd.img-6.12.9");
        machine_.write(hmat_place, early.empty() ? hmat(200) : early[0].bytes);
    }
    override_verdict verdict() const {
        const kernel::rooted_reader reader(root());
        return judge_override(*read_override_record(reader), reader);
    }
    std::string content(const std::string& path) const { return kernel::read_file(root() / path); }

    test::tree machine_;
    std::vector<std::string> ran_;
};

TEST_F(installations, put_the_tables_in_front_of_every_initrd) {
    install(250);
    const kernel::rooted_reader reader(root());
    for (const kernel::initrd& initrd : kernel::find_initrds(reader)) {
        const auto early = kernel::read_early_tables(reader, initrd.path);
        ASSERT_EQ(early.size(), 1U) << initrd.path;
        EXPECT_EQ(early[0].bytes, offered(250).tables[0].bytes);
        EXPECT_EQ(content(initrd.path + ".without-hetmem"), compressed);
    }
    EXPECT_EQ(content("boot/grub/grub.cfg"), "menu\nwithout\n");
    EXPECT_THAT(ran_, ElementsAre("update-initramfs -u -k all", "update-grub"));
    EXPECT_EQ(content("var/lib/hetmem/override/original/HMAT"), text_of(hmat(200)));
    const auto files = snapshot(root());
    for (const auto& [name, what] : files) {
        EXPECT_THAT(name, Not(HasSubstr(".hetmem-undo")));
    }
    EXPECT_THAT(files.at("etc/initramfs-tools/hooks/hetmem-override"), HasSubstr("755 #!/bin/sh"));
    EXPECT_EQ(files.at("var/lib/hetmem/override/original"), "700 ");
}

TEST_F(installations, keep_a_record_for_everybody) {
    install(250);
    const kernel::rooted_reader reader(root());
    const auto record = read_override_record(reader);
    ASSERT_TRUE(record);
    EXPECT_EQ(record->method, "initramfs-tools");
    EXPECT_EQ(record->machine.bios_version, "1.0");
    EXPECT_EQ(record->kernel, "6.12.9");
    ASSERT_EQ(record->tables.size(), 1U);
    EXPECT_EQ(record->tables[0].replaces, 1U);
    EXPECT_EQ(record->tables[0].oem_revision, 2U);
    EXPECT_EQ(snapshot(root()).at("var/lib/hetmem/override/override.json").substr(0, 4), "644 ");
}

TEST_F(installations, are_pending_until_the_restart_and_then_in_force) {
    install(250);
    EXPECT_EQ(verdict().is, override_state::pending);
    restart("second");
    EXPECT_EQ(verdict().is, override_state::in_force);
    EXPECT_THAT(verdict().why, IsEmpty());
    EXPECT_EQ(verdict().stale, "");
}

TEST_F(installations, are_replaced_by_the_next_and_the_firmwares_table_stays) {
    install(250);
    restart("second");
    install(300);
    EXPECT_EQ(verdict().is, override_state::pending);
    restart("third");
    EXPECT_EQ(verdict().is, override_state::in_force);
    EXPECT_EQ(content("var/lib/hetmem/override/original/HMAT"), text_of(hmat(200)));
    EXPECT_EQ(content("boot/initrd.img-6.12.9.without-hetmem"), compressed);
    const std::string table = content(hmat_place);
    const auto in_force = acpi::decode_hmat(std::as_bytes(std::span(table)));
    EXPECT_EQ(in_force.table->header.oem_revision, 3U);
}

TEST_F(installations, that_are_removed_leave_the_machine_as_it_was) {
    const auto before = snapshot(root());
    install(250);
    restart("second");
    install(300);
    restart("third");
    remove();
    restart("first");
    EXPECT_EQ(snapshot(root()), before);
}

TEST_F(installations, that_fail_leave_the_machine_as_it_was_whichever_step_it_is) {
    const auto before = snapshot(root());
    const offer judged = offered(250);
    const kernel::rooted_reader reader(root());
    const std::size_t steps = plan_install(judged, options(), reader).steps.size();
    ASSERT_GT(steps, 10U);
    for (std::size_t failing = 0; failing + 1 < steps; ++failing) { // the last cannot fail
        installation plan = plan_install(judged, options(), reader);
        plan.steps[failing].apply = [] { throw error(ENOSPC, "full"); };
        EXPECT_THROW(run_steps(plan.steps), error) << plan.steps[failing].what;
        // GRUB's menu is made last; nothing fails behind it.
        EXPECT_EQ(snapshot(root()), before) << plan.steps[failing].what;
    }
}

TEST_F(installations, second_ones_that_fail_leave_the_first) {
    install(250);
    const auto before = snapshot(root());
    const offer judged = offered(300);
    const kernel::rooted_reader reader(root());
    const std::size_t steps = plan_install(judged, options(), reader).steps.size();
    for (std::size_t failing = 0; failing + 1 < steps; ++failing) {
        installation plan = plan_install(judged, options(), reader);
        plan.steps[failing].apply = [] { throw error(ENOSPC, "full"); };
        EXPECT_THROW(run_steps(plan.steps), error);
        EXPECT_EQ(snapshot(root()), before) << plan.steps[failing].what;
    }
}

TEST_F(installations, removals_that_fail_leave_all_in_place) {
    install(250);
    const auto before = snapshot(root());
    const kernel::rooted_reader reader(root());
    const auto record = *read_override_record(reader);
    const std::size_t steps = plan_remove(record, options(), reader).steps.size();
    for (std::size_t failing = 0; failing < steps; ++failing) {
        installation plan = plan_remove(record, options(), reader);
        if (!plan.steps[failing].undo && plan.steps[failing].what.starts_with("remove ")) {
            continue; // what is only cleaned up
        }
        plan.steps[failing].apply = [] { throw error(ENOSPC, "full"); };
        EXPECT_THROW(run_steps(plan.steps), error);
        auto after = snapshot(root());
        after["boot/grub/grub.cfg"] = before.at("boot/grub/grub.cfg"); // made by its own command
        EXPECT_EQ(after, before) << plan.steps[failing].what;
    }
}

TEST_F(installations, are_undone_when_the_initrds_do_not_hold_the_tables) {
    const auto before = snapshot(root());
    install_options does_nothing = options();
    does_nothing.run = [](const std::vector<std::string>&) {};
    const offer judged = offered(250);
    const kernel::rooted_reader reader(root());
    const installation plan = plan_install(judged, does_nothing, reader);
    try {
        run_steps(plan.steps);
        ADD_FAILURE();
    } catch (const error& e) {
        EXPECT_THAT(e.what(), HasSubstr("does not hold the tables after `update-initramfs"));
    }
    EXPECT_EQ(snapshot(root()), before);
}

TEST_F(installations, below_another_root_run_nothing_and_say_so) {
    const offer judged = offered(250);
    const kernel::rooted_reader reader(root());
    const installation plan = plan_install(judged, {"", "", {}}, reader);
    std::vector<std::string> told;
    run_steps(plan.steps, [&](const step& one) { told.push_back(one.what); });
    EXPECT_THAT(told, Contains("not run, since this is not the running machine: "
                               "update-initramfs -u -k all"));
    EXPECT_THAT(told, Contains("not run, since this is not the running machine: update-grub"));
    EXPECT_EQ(content("boot/initrd.img-6.12.9"), compressed);
    EXPECT_THAT(ran_, IsEmpty());
}

TEST_F(installations, removed_from_below_another_root_put_the_kept_initrds_back) {
    const auto before = snapshot(root());
    install(250);
    restart("second");
    const kernel::rooted_reader reader(root());
    const auto record = *read_override_record(reader);
    ran_.clear();
    const installation plan = plan_remove(record, {"", "", {}}, reader);
    EXPECT_EQ(plan.remarks, std::vector<std::string>());
    EXPECT_THAT(plan.steps, Contains(Field(&step::left_to_run, "update-grub")));
    run_steps(plan.steps);
    EXPECT_THAT(ran_, IsEmpty());
    restart("first");
    auto after = snapshot(root());
    after["boot/grub/grub.cfg"] = before.at("boot/grub/grub.cfg"); // left to be made
    EXPECT_EQ(after, before);
}

TEST_F(installations, removed_from_below_another_root_need_a_copy_of_each_initrd) {
    install(250);
    machine_.remove("boot/initrd.img-6.1.0.without-hetmem");
    const kernel::rooted_reader reader(root());
    const installation plan = plan_remove(*read_override_record(reader), {"", "", {}}, reader);
    EXPECT_THAT(plan.remarks, Contains(HasSubstr("/boot/initrd.img-6.1.0: there is no copy")));
    EXPECT_THAT(plan.steps, Contains(Field(&step::left_to_run, "update-initramfs -u -k all")));
    run_steps(plan.steps);
    EXPECT_EQ(content("boot/initrd.img-6.12.9"), compressed);
    EXPECT_TRUE(has_tables(reader, "boot/initrd.img-6.1.0"));
    ASSERT_TRUE(read_override_record(reader));
    remove(); // as it is to be done on the machine itself
    EXPECT_EQ(content("boot/initrd.img-6.1.0"), compressed);
    EXPECT_FALSE(read_override_record(reader));
}

TEST_F(installations, removed_from_below_another_root_are_whole_again_when_that_fails) {
    install(250);
    const auto before = snapshot(root());
    const kernel::rooted_reader reader(root());
    const auto record = *read_override_record(reader);
    const std::size_t steps = plan_remove(record, {"", "", {}}, reader).steps.size();
    for (std::size_t failing = 0; failing < steps; ++failing) {
        installation plan = plan_remove(record, {"", "", {}}, reader);
        if (!plan.steps[failing].undo && plan.steps[failing].what.starts_with("remove ")) {
            continue; // what is only cleaned up
        }
        plan.steps[failing].apply = [] { throw error(ENOSPC, "full"); };
        EXPECT_THROW(run_steps(plan.steps), error);
        EXPECT_EQ(snapshot(root()), before) << plan.steps[failing].what;
    }
}

TEST_F(installations, never_keep_an_initrd_with_tables_nor_write_over_a_kept_one) {
    install(250);
    // Without power behind the tables and before the initrds: these hold others.
    machine_.write("var/lib/hetmem/override/tables/HMAT.aml", hmat(300));
    install(350);
    EXPECT_EQ(content("boot/initrd.img-6.12.9.without-hetmem"), compressed);
    machine_.remove("boot/initrd.img-6.1.0.without-hetmem");
    machine_.write("var/lib/hetmem/override/tables/HMAT.aml", hmat(300));
    install(400);
    EXPECT_FALSE(fs::exists(root() / "boot/initrd.img-6.1.0.without-hetmem"));
}

TEST_F(installations, twice_without_a_restart_keep_the_firmwares_table) {
    install(250);
    restart("second");
    install(300);
    install(350); // the machine still has the first
    EXPECT_EQ(content("var/lib/hetmem/override/original/HMAT"), text_of(hmat(200)));
}

TEST_F(installations, save_the_table_of_another_firmware) {
    install(250);
    machine_.write("sys/class/dmi/id/bios_version", "2.0\n");
    machine_.write(hmat_place, hmat(220));
    install(300);
    EXPECT_EQ(content("var/lib/hetmem/override/original/HMAT"), text_of(hmat(220)));
}

TEST_F(installations, are_removed_by_the_maker_that_is_there) {
    install(250);
    machine_.remove("usr/sbin/update-initramfs").write("usr/sbin/dracut", "");
    ran_.clear();
    remove();
    EXPECT_THAT(ran_, ElementsAre("dracut --regenerate-all --force", "update-grub"));
    EXPECT_EQ(content("boot/initrd.img-6.12.9"), compressed);
}

TEST_F(installations, with_another_set_of_tables_give_the_others_back) {
    install(250);
    acpi::slit distances;
    distances.header = acpi::make_header("SLIT", 1);
    distances.localities = 2;
    distances.entries = {10, 20, 20, 10};
    acpi::seal(distances);
    const kernel::rooted_reader reader(root());
    const offer judged =
        judge_offer({.tables = {{"SLIT", "given", acpi::encode(distances)}}}, reader);
    const installation plan = plan_install(judged, options(), reader);
    EXPECT_THAT(plan.remarks, Contains("The HMAT is the firmware's again."));
    run_steps(plan.steps);
    const auto early = kernel::read_early_tables(reader, "boot/initrd.img-6.12.9");
    ASSERT_EQ(early.size(), 1U);
    EXPECT_EQ(early[0].name, "SLIT.aml");
    EXPECT_FALSE(fs::exists(root() / "var/lib/hetmem/override/tables/HMAT.aml"));
}

TEST_F(installations, need_an_initrd) {
    machine_.remove("boot/initrd.img-6.12.9").remove("boot/initrd.img-6.1.0");
    const offer judged = offered(250);
    const kernel::rooted_reader reader(root());
    EXPECT_THROW(plan_install(judged, options(), reader), error);
}

TEST_F(installations, a_record_is_no_licence_to_remove_anything) {
    install(250);
    const kernel::rooted_reader reader(root());
    override_record record = *read_override_record(reader);
    record.files.emplace_back("usr/sbin/update-grub");
    record.files.emplace_back("etc/../usr/sbin/update-initramfs");
    const installation plan = plan_remove(record, options(), reader);
    EXPECT_THAT(plan.remarks, Contains(HasSubstr("usr/sbin/update-grub")));
    EXPECT_EQ(plan.remarks.size(), 2U);
    run_steps(plan.steps);
    EXPECT_TRUE(fs::exists(root() / "usr/sbin/update-grub"));
    EXPECT_TRUE(fs::exists(root() / "usr/sbin/update-initramfs"));
}

} // namespace
} // namespace hetmem::detail
