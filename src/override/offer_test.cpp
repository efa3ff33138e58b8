#include "override/offer.hpp"

#include "tests/support/firmware.hpp"

#include <acpi/header.hpp>
#include <acpi/slit.hpp>

#include <hetmem/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

namespace hetmem::detail {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using bytes = std::vector<std::byte>;
constexpr std::uint64_t gib = std::uint64_t{1} << 30;

test::firmware two_memories() {
    test::firmware tables;
    tables.processor(0, 0).memory(0, 0, gib).memory(1, gib, gib);
    return tables;
}

bytes hmat_of(std::vector<std::uint32_t> targets, std::vector<std::uint16_t> figures) {
    return test::firmware()
        .matrix(acpi::data_type::read_latency, 1000, {0}, std::move(targets), std::move(figures))
        .hmat();
}

/// A machine with two memories and an HMAT, whose memory map is what its SRAT says.
class offers : public ::testing::Test {
protected:
    offers() {
        two_memories().write_into(machine_);
        machine_.write("sys/firmware/acpi/tables/HMAT", hmat_of({0, 1}, {100, 200}));
        machine_.write("proc/sys/kernel/osrelease", "6.12.9\n");
        for (std::uint64_t i = 0; i < 2; ++i) {
            const std::string here = fmt::format("sys/firmware/memmap/{}", i);
            machine_.write(here + "/start", fmt::format("{:#x}\n", i * gib));
            machine_.write(here + "/end", fmt::format("{:#x}\n", (i + 1) * gib - 1));
            machine_.write(here + "/type", "System RAM\n");
        }
    }

    offer judge(offered_tables wanted) const {
        return judge_offer(wanted, kernel::rooted_reader(machine_.root()));
    }
    offer judge_one(std::string signature, bytes table) const {
        return judge({.tables = {{std::move(signature), "given", std::move(table)}}});
    }

    test::tree machine_;
};

TEST_F(offers, are_taken_when_linux_would_use_them) {
    const offer judged = judge_one("HMAT", hmat_of({0, 1}, {110, 250}));
    EXPECT_THAT(judged.refused, IsEmpty());
    ASSERT_EQ(judged.tables.size(), 1U);
    EXPECT_EQ(judged.tables[0].record.oem_revision, 2U);
    EXPECT_THAT(judged.remarks, Contains(HasSubstr("it gets 2")));
    const auto files = early_tables(judged);
    ASSERT_EQ(files.size(), 1U);
    EXPECT_EQ(files[0].name, "HMAT.aml");
    EXPECT_EQ(acpi::byte_sum(files[0].bytes), 0);
}

TEST_F(offers, that_linux_would_drop_are_refused_with_its_reasons) {
    acpi::memory_attributes of_nobody;
    of_nobody.memory_pxm = 9;
    const offer judged = judge_one("HMAT", test::firmware().structure(of_nobody).hmat());
    EXPECT_THAT(judged.refused, AllOf(Contains(HasSubstr("would not use the HMAT")),
                                      Contains(HasSubstr("offset 40"))));
}

TEST_F(offers, of_a_slit_that_linux_rejects_are_refused) {
    acpi::slit table;
    table.header = acpi::make_header("SLIT", 1);
    table.localities = 2;
    table.entries = {10, 5, 20, 10};
    acpi::seal(table);
    EXPECT_THAT(judge_one("SLIT", acpi::encode(table)).refused,
                Contains(HasSubstr("would not use the SLIT")));
}

TEST_F(offers, of_a_srat_need_a_word_of_their_own) {
    const bytes table = two_memories().srat();
    EXPECT_THAT(judge_one("SRAT", table).refused, ElementsAre(HasSubstr("--allow-srat")));
    EXPECT_THAT(judge({.tables = {{"SRAT", "given", table}}, .allow_srat = true}).refused,
                IsEmpty());
}

TEST_F(offers, of_a_srat_that_lacks_a_range_of_memory_are_refused) {
    const bytes table = test::firmware().processor(0, 0).memory(0, 0, gib).srat();
    const offer judged = judge({.tables = {{"SRAT", "given", table}}, .allow_srat = true});
    EXPECT_THAT(judged.refused, AllOf(Contains(HasSubstr("would not use the SRAT")),
                                      Contains(HasSubstr("1024 MiB of the memory map"))));
}

TEST_F(offers, of_a_srat_need_a_memory_map) {
    machine_.remove("sys/firmware/memmap");
    const bytes table = two_memories().srat();
    offered_tables wanted{.tables = {{"SRAT", "given", table}}, .allow_srat = true};
    EXPECT_THAT(judge(wanted).refused, ElementsAre(HasSubstr("memory map cannot be read")));
    wanted.force = true;
    EXPECT_THAT(judge(wanted).refused, IsEmpty());
}

TEST_F(offers, under_lockdown_depend_on_the_kernel) {
    machine_.write("sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
    offered_tables wanted{.tables = {{"HMAT", "given", hmat_of({0, 1}, {110, 250})}},
                          .kernel = "6.1.0-32-amd64"};
    EXPECT_THAT(judge(wanted).refused, ElementsAre(HasSubstr("locked down (integrity)")));
    wanted.force = true;
    EXPECT_THAT(judge(wanted).refused, IsEmpty());
    EXPECT_THAT(judge(wanted).remarks, Contains(HasSubstr("will ignore the tables")));
    wanted.force = false;
    wanted.kernel = "6.12.9";
    EXPECT_THAT(judge(wanted).refused, IsEmpty());
    EXPECT_THAT(judge(wanted).remarks, Contains(HasSubstr("takes tables of the initrd")));
}

TEST_F(offers, that_do_not_fit_are_all_told) {
    const offer judged =
        judge({.tables = {{"HMAT", "one.aml", bytes(3)}, {"SLIT", "two.aml", hmat_of({0}, {1})}}});
    EXPECT_THAT(judged.refused, ElementsAre(HasSubstr("one.aml"), HasSubstr("two.aml")));
    EXPECT_THAT(judged.tables, IsEmpty());
}

TEST_F(offers, are_judged_with_what_is_there_once_they_are_installed) {
    // Ours in force has the third memory that this HMAT is about; the firmware's has two.
    test::firmware with_third = two_memories();
    with_third.memory(2, 2 * gib, gib);
    machine_.write("sys/firmware/acpi/tables/SRAT", with_third.srat());
    override_record record;
    record.time = "2026-11-23T08:00:00Z";
    record.method = "dracut";
    record.tables = {{"SRAT", "A", "B", 2, 100, 1}};
    machine_.write("var/lib/hetmem/override/override.json", to_json(record));
    machine_.write("var/lib/hetmem/override/original/SRAT", two_memories().srat());
    acpi::memory_attributes of_third;
    of_third.memory_pxm = 2;
    offered_tables wanted{
        .tables = {{"HMAT", "given", test::firmware().structure(of_third).hmat()}}};
    EXPECT_THAT(judge(wanted).refused, IsEmpty());
    wanted.installing = true;
    EXPECT_THAT(judge(wanted).refused, Contains(HasSubstr("would not use the HMAT")));
}

TEST_F(offers, take_another_kernel_than_the_machines_when_told) {
    machine_.write("proc/sys/kernel/osrelease", "nonsense\n");
    EXPECT_THAT(judge_one("HMAT", hmat_of({0, 1}, {110, 250})).refused, IsEmpty());
}

} // namespace
} // namespace hetmem::detail
