#include "check/subject.hpp"

#include "tests/support/firmware.hpp"
#include "tests/support/tree.hpp"

#include <hetmem/error.hpp>

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace hetmem::detail {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

constexpr std::uint64_t gib = std::uint64_t{1} << 30;

test::firmware tables() {
    test::firmware made;
    made.processor(0, 0).memory(0, 0, gib);
    made.matrix(acpi::data_type::access_latency, 1000, {0}, {0}, {100});
    return made;
}

/// As acpidump(8) writes it.
std::string dump(std::string_view signature, const std::vector<std::byte>& table) {
    std::string text = fmt::format("{} @ 0x0000000000000000\n", signature);
    for (std::size_t at = 0; at < table.size(); at += 16) {
        text += fmt::format("    {:04X}: ", at);
        for (std::size_t i = at; i < std::min(at + 16, table.size()); ++i) {
            text += fmt::format("{:02X} ", std::to_integer<unsigned>(table[i]));
        }
        text += " ................\n";
    }
    return text + "\n";
}

TEST(subject, a_folder_of_tables_under_any_names) {
    test::tree folder({{"README", "what this is\n"}, {"empty", ""}});
    folder.write("b.aml", tables().hmat());
    folder.write("a.dat", tables().srat());
    folder.write("below/hmat.bin", tables().hmat()); // of another machine
    const check_subject subject = read_table_subject(folder.root());
    ASSERT_THAT(subject.tables, SizeIs(2));
    EXPECT_EQ(subject.tables[0].signature, "SRAT");
    EXPECT_EQ(subject.tables[1].signature, "HMAT");
    ASSERT_TRUE(subject.hmat && subject.srat);
    EXPECT_TRUE(subject.hmat->table && subject.srat->table);
    EXPECT_FALSE(subject.slit);
    EXPECT_THAT(subject.not_looked_at, Contains(HasSubstr("SLIT")));
    EXPECT_THAT(subject.not_looked_at, Contains(HasSubstr("only tables")));
}

TEST(subject, one_file_or_the_text_of_acpidump) {
    test::tree folder;
    folder.write("HMAT", tables().hmat());
    EXPECT_THAT(read_table_subject(folder.root() / "HMAT").tables, SizeIs(1));

    folder.write("dump.txt", dump("DSDT", std::vector<std::byte>(40)) +
                                 dump("HMAT", tables().hmat()) + dump("SRAT", tables().srat()));
    const check_subject subject = read_table_subject(folder.root() / "dump.txt");
    ASSERT_THAT(subject.tables, SizeIs(2));
    EXPECT_EQ(subject.tables[0].bytes, tables().hmat());
    EXPECT_THAT(subject.tables[0].place, HasSubstr("dump.txt:"));
    ASSERT_TRUE(subject.srat);
    EXPECT_TRUE(subject.srat->table);
}

TEST(subject, several_of_a_kind_in_the_order_of_their_names) {
    test::tree folder;
    auto other = tables();
    other.matrix(acpi::data_type::access_bandwidth, 1, {0}, {0}, {1});
    folder.write("HMAT10", other.hmat());
    folder.write("HMAT2", tables().hmat());
    const check_subject subject = read_table_subject(folder.root());
    ASSERT_THAT(subject.tables, SizeIs(2));
    EXPECT_EQ(subject.tables[0].bytes, tables().hmat());
}

TEST(subject, where_there_is_no_table_that_is_told) {
    const test::tree folder({{"README", "nothing\n"}});
    EXPECT_THROW(read_table_subject(folder.root()), error);
    EXPECT_THROW(read_table_subject(folder.root() / "README"), error);
    EXPECT_THROW(read_table_subject(folder.root() / "absent"), error);
}

TEST(subject, a_machine_with_its_tables_and_memory_map) {
    test::tree machine({
        {"sys/devices/system/node/online", "0\n"},
        {"sys/devices/system/node/has_memory", "0\n"},
        {"sys/devices/system/node/node0/cpulist", "0\n"},
        {"sys/devices/system/node/node0/meminfo", "Node 0 MemTotal: 1048576 kB\n"},
        {"sys/firmware/memmap/0/start", "0x0\n"},
        {"sys/firmware/memmap/0/end", "0x3fffffff\n"},
        {"sys/firmware/memmap/0/type", "System RAM\n"},
        {"proc/sys/kernel/osrelease", "6.1.9\n"},
    });
    tables().write_into(machine);
    const kernel::rooted_reader reader(machine.root());
    const check_subject subject = read_check_subject(reader);
    EXPECT_EQ(subject.reader, &reader);
    EXPECT_EQ(subject.kernel_release, "6.1.9");
    ASSERT_TRUE(subject.machine);
    EXPECT_THAT(subject.machine->targets(), SizeIs(1));
    ASSERT_THAT(subject.memory_map, SizeIs(1));
    EXPECT_EQ(subject.memory_map[0].range, (address_range{0, gib}));
    EXPECT_EQ(subject.tables.at(0).place, "/sys/firmware/acpi/tables/HMAT");
    EXPECT_THAT(subject.not_looked_at,
                ElementsAre("SLIT: the machine has none", "APIC: the machine has none",
                            "CEDT: the machine has none"));
    EXPECT_FALSE(subject.stored);
}

TEST(subject, what_only_root_may_read_is_told) {
    test::tree machine({{"sys/devices/system/node/online", "0\n"},
                        {"sys/devices/system/node/node0/meminfo", "Node 0 MemTotal: 1024 kB\n"},
                        {"proc/iomem", "00000000-00000000 : System RAM\n"}});
    tables().write_into(machine);
    machine.forbid("sys/firmware/acpi/tables/HMAT");
    const test::ordinary_user user;
    const kernel::rooted_reader reader(machine.root());
    const check_subject subject = read_check_subject(reader);
    EXPECT_FALSE(subject.hmat);
    EXPECT_TRUE(subject.srat);
    EXPECT_THAT(subject.not_looked_at,
                Contains(testing::AllOf(HasSubstr("tables/HMAT"), HasSubstr("run as root"))));
    EXPECT_THAT(subject.not_looked_at, Not(Contains("HMAT: the machine has none")));
    EXPECT_THAT(check(subject).findings,
                Not(Contains(testing::Field(&finding::check, "hmat-missing"))));
    EXPECT_THAT(subject.not_looked_at,
                Contains(testing::AllOf(HasSubstr("memory map"), HasSubstr("run as root"))));
}

TEST(subject, tables_without_a_machine_are_enough_and_nothing_at_all_is_not) {
    test::tree place({{"README", "nothing\n"}});
    const kernel::rooted_reader empty(place.root());
    try {
        read_check_subject(empty);
        FAIL() << "an empty folder is no machine";
    } catch (const error& e) {
        EXPECT_THAT(e.what(), HasSubstr(place.root().string()));
    }
    tables().write_into(place);
    const kernel::rooted_reader reader(place.root());
    EXPECT_THAT(read_check_subject(reader).tables, SizeIs(2));
}

TEST(subject, memory_that_no_hmat_tells_of_is_found_without_a_machine_too) {
    test::tree folder;
    folder.write("SRAT", tables().memory(1, gib, gib).srat());
    EXPECT_THAT(check(read_table_subject(folder.root())).findings,
                Contains(testing::Field(&finding::check, "hmat-missing")));
}

} // namespace
} // namespace hetmem::detail
