// A second opinion: what ACPICA's iasl sees in tables that we encoded, and what we see in tables
// that iasl made.
#include <acpi/hmat.hpp>
#include <acpi/slit.hpp>
#include <acpi/srat.hpp>

#include <acpi/test_bytes.hpp>

#include "tests/support/tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hetmem::acpi {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

/// True when iasl ran and was content.
bool iasl(const std::filesystem::path& where, std::vector<std::string> words) {
    words.insert(words.begin(), "iasl");
    std::vector<char*> arguments;
    for (std::string& word : words) {
        arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addchdir_np(&actions, where.c_str());
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    pid_t child = -1;
    const int failure =
        ::posix_spawnp(&child, "iasl", &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    int status = 0;
    return failure == 0 && ::waitpid(child, &status, 0) == child && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

class Iasl : public ::testing::Test {
protected:
    void SetUp() override {
        if (!iasl(directory_.path(), {"-v"})) {
            GTEST_SKIP() << "iasl (package acpica-tools) is not installed";
        }
    }

    /// The fields that iasl shows, as "name : value", in the order of the table.
    std::vector<std::string> disassemble(const bytes& table) {
        const auto file = directory_.path() / "table.aml";
        std::ofstream(file, std::ios::binary)
            .write(reinterpret_cast<const char*>(table.data()),
                   static_cast<std::streamsize>(table.size()));
        EXPECT_TRUE(iasl(directory_.path(), {"-d", "table.aml"}));
        std::vector<std::string> fields;
        std::ifstream text(directory_.path() / "table.dsl");
        for (std::string line; std::getline(text, line) && !line.starts_with("Raw Table Data");) {
            // "[0A2h 0162   2]                     Reserved : 0000", or without the bracket.
            const std::size_t bracket = line.find(']');
            std::string field = line.starts_with('[') && bracket != std::string::npos
                                    ? line.substr(bracket + 1)
                                    : line;
            field.erase(0, field.find_first_not_of(' '));
            if (field.find(" : ") != std::string::npos) {
                fields.push_back(field);
            }
        }
        EXPECT_THAT(fields, Not(IsEmpty()));
        return fields;
    }

    /// The table of iasl's own example for a signature.
    bytes make_template(const std::string& signature, const std::string& lower) {
        EXPECT_TRUE(iasl(directory_.path(), {"-T", signature}));
        EXPECT_TRUE(iasl(directory_.path(), {lower + ".asl"}));
        std::ifstream file(directory_.path() / (lower + ".aml"), std::ios::binary);
        const std::string content{std::istreambuf_iterator<char>(file), {}};
        EXPECT_FALSE(content.empty());
        bytes table;
        for (const char c : content) {
            table.push_back(static_cast<std::byte>(c));
        }
        return table;
    }

private:
    test::temporary_directory directory_;
};

/// The fields between the first structure line that names a structure and the next such line.
std::vector<std::string> structure(const std::vector<std::string>& fields,
                                   const std::string& title) {
    std::vector<std::string> inside;
    bool found = false;
    for (const std::string& field : fields) {
        const bool begins =
            field.starts_with("Structure Type") || field.starts_with("Subtable Type");
        if (begins && found) {
            break;
        }
        found = found || (begins && field.find(title) != std::string::npos);
        if (found) {
            inside.push_back(field);
        }
    }
    return inside;
}

TEST_F(Iasl, ReadsOurHmat) {
    hmat table;
    table.header = make_header("HMAT", 2);
    memory_attributes attributes;
    attributes.flags = 1;
    attributes.initiator_pxm = 3;
    attributes.memory_pxm = 4;
    locality matrix;
    matrix.kind = data_type::write_bandwidth;
    matrix.flags = 2;
    matrix.base_unit = 1024;
    matrix.initiators = {3};
    matrix.targets = {4, 5};
    matrix.entries = {0x1234, 0xFFFF};
    side_cache cache;
    cache.memory_pxm = 4;
    cache.cache_size = 0x1'0000'0000;
    cache.attributes.bits = 0x0080'2132;
    cache.smbios_handles = {0x11, 0x12};
    table.structures = {attributes, matrix, cache};
    seal(table);

    const auto fields = disassemble(encode(table));
    EXPECT_THAT(fields, Contains("Oem ID : \"HETMEM\""));
    EXPECT_THAT(fields, Contains("Table Length : 000000A4"));
    EXPECT_THAT(structure(fields, "Memory Proximity Domain Attributes"),
                AllOf(Contains("Length : 00000028"),
                      Contains("Processor Proximity Domain Valid : 1"),
                      Contains("Attached Initiator Proximity Domain : 00000003"),
                      Contains("Memory Proximity Domain : 00000004")));
    EXPECT_THAT(
        structure(fields, "System Locality"),
        ElementsAre(
            "Structure Type : 0001 [System Locality Latency and Bandwidth Information]",
            "Reserved : 0000", "Length : 00000030", "Flags (decoded below) : 02",
            "Memory Hierarchy : 2", "Data Type : 05", "Reserved1 : 0000",
            "Initiator Proximity Domains # : 00000001", "Target Proximity Domains # : 00000002",
            "Reserved2 : 00000000", "Entry Base Unit : 0000000000000400",
            "Initiator Proximity Domain List : 00000003", "Target Proximity Domain List : 00000004",
            "Target Proximity Domain List : 00000005", "Entry : 1234", "Entry : FFFF"));
    EXPECT_THAT(structure(fields, "Memory Side Cache"),
                AllOf(Contains("Memory Side Cache Size : 0000000100000000"),
                      Contains("Total Cache Levels : 2"), Contains("Cache Level : 3"),
                      Contains("Cache Associativity : 1"), Contains("Write Policy : 2"),
                      Contains("Cache Line Size : 0080"), Contains("SMBIOS Handle # : 0002"),
                      Contains("SMBIOS Handle : 0011"), Contains("SMBIOS Handle : 0012")));
}

TEST_F(Iasl, ReadsOurSrat) {
    srat table;
    table.header = make_header("SRAT", 3);
    apic_affinity apic;
    apic.pxm_low = 1;
    apic.pxm_high = {2, 0, 0};
    apic.apic_id = 7;
    apic.flags = 1;
    memory_affinity memory;
    memory.proximity_domain = 9;
    memory.base = 0x1'0000'0000;
    memory.range_length = 0x4000'0000;
    memory.flags = 5;
    x2apic_affinity x2apic;
    x2apic.proximity_domain = 10;
    x2apic.x2apic_id = 300;
    gicc_affinity gicc;
    gicc.proximity_domain = 11;
    gicc.processor_uid = 12;
    its_affinity its;
    its.proximity_domain = 13;
    its.its_id = 14;
    generic_affinity device;
    device.proximity_domain = 15;
    device.flags = 1;
    device.set_device(pci_device{0x0102, 0x5D, 3, 1});
    table.structures = {apic, memory, x2apic, gicc, its, device};
    seal(table);

    const auto fields = disassemble(encode(table));
    EXPECT_THAT(structure(fields, "Local APIC/SAPIC"),
                AllOf(Contains("Length : 10"), Contains("Proximity Domain Low(8) : 01"),
                      Contains("Apic ID : 07"), Contains("Enabled : 1"),
                      Contains("Proximity Domain High(24) : 000002")));
    EXPECT_THAT(structure(fields, "Memory Affinity"),
                AllOf(Contains("Proximity Domain : 00000009"),
                      Contains("Base Address : 0000000100000000"),
                      Contains("Address Length : 0000000040000000"), Contains("Enabled : 1"),
                      Contains("Hot Pluggable : 0"), Contains("Non-Volatile : 1")));
    EXPECT_THAT(structure(fields, "x2APIC"),
                AllOf(Contains("Proximity Domain : 0000000A"), Contains("Apic ID : 0000012C"),
                      Contains("Enabled : 0")));
    EXPECT_THAT(structure(fields, "GICC"), AllOf(Contains("Proximity Domain : 0000000B"),
                                                 Contains("Acpi Processor UID : 0000000C")));
    EXPECT_THAT(structure(fields, "ITS"),
                AllOf(Contains("Proximity Domain : 0000000D"), Contains("ITS ID : 0000000E")));
    EXPECT_THAT(structure(fields, "Generic Initiator"),
                AllOf(Contains("Device Handle Type : 01"), Contains("Proximity Domain : 0000000F"),
                      Contains("Device Handle : 02 01 19 5D 00 00 00 00 00 00 00 00 00 00 00 00"),
                      Contains("Enabled : 1")));
}

TEST_F(Iasl, ReadsOurSlit) {
    slit table;
    table.header = make_header("SLIT", 1);
    table.localities = 3;
    table.entries = {10, 20, 255, 21, 10, 28, 255, 30, 10};
    seal(table);
    EXPECT_THAT(disassemble(encode(table)),
                AllOf(Contains("Localities : 0000000000000003"),
                      Contains("Locality   0 : 0A 14 FF"), Contains("Locality   1 : 15 0A 1C"),
                      Contains("Locality   2 : FF 1E 0A")));
}

/// iasl's examples are of the layout, not of sense: only what the layout can get wrong must be
/// right.
template <class Decoded>
void expect_whole(const Decoded& read, const bytes& table, std::size_t structures) {
    ASSERT_TRUE(read.table.has_value());
    EXPECT_EQ(read.table->structures.size(), structures);
    for (const auto& s : read.table->structures) {
        EXPECT_FALSE(std::holds_alternative<unknown_structure>(s));
    }
    EXPECT_THAT(read.table->trailing, IsEmpty());
    for (const defect& d : read.defects) {
        EXPECT_EQ(d.expected.find("length"), std::string::npos) << d.expected;
        EXPECT_EQ(d.expected.find("checksum"), std::string::npos) << d.expected;
        EXPECT_EQ(d.expected.find("end of the table"), std::string::npos) << d.expected;
    }
    EXPECT_EQ(encode(*read.table), table);
}

TEST_F(Iasl, MakesAnHmatThatWeRead) {
    const bytes table = make_template("HMAT", "hmat");
    expect_whole(decode_hmat(table), table, 3);
}

TEST_F(Iasl, MakesASratThatWeRead) {
    const bytes table = make_template("SRAT", "srat");
    expect_whole(decode_srat(table), table, 6);
}

TEST_F(Iasl, MakesASlitThatWeRead) {
    const bytes table = make_template("SLIT", "slit");
    const auto read = decode_slit(table);
    ASSERT_TRUE(read.table.has_value());
    EXPECT_EQ(read.table->rows(), read.table->localities);
    EXPECT_THAT(read.table->trailing, IsEmpty());
    EXPECT_EQ(encode(*read.table), table);
}

} // namespace
} // namespace hetmem::acpi
