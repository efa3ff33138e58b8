#include <acpi/table_json.hpp>

#include <acpi/cdat.hpp>
#include <acpi/hmat.hpp>
#include <acpi/slit.hpp>
#include <acpi/srat.hpp>
#include <acpi/test_bytes.hpp>

#include <hetmem/error.hpp>

#include "source_directory.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

namespace hetmem::acpi {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using json = nlohmann::ordered_json;

hmat an_hmat(std::uint8_t revision) {
    hmat table;
    table.header = make_header("HMAT", revision);
    memory_attributes attributes;
    attributes.flags = revision < 2 ? 7 : 1;
    attributes.memory_pxm = 2;
    attributes.range_base = revision < 2 ? 0x1'0000'0000 : 0;
    attributes.range_length = revision < 2 ? 0x4000'0000 : 0;
    locality latencies;
    latencies.kind = data_type::read_latency;
    latencies.base_unit = revision < 2 ? 10 : 1000;
    latencies.initiators = {0, 1};
    latencies.targets = {0, 1, 2};
    latencies.entries = {100, 200, 0, 0xFFFF, 101, 250};
    side_cache cache;
    cache.memory_pxm = 2;
    cache.cache_size = 1U << 30;
    cache.attributes.bits = 0x0040'1111;
    cache.smbios_handles = {17, 18};
    table.structures = {attributes, latencies, cache};
    seal(table);
    return table;
}

bytes an_srat() {
    srat table;
    table.header = make_header("SRAT", 3);
    apic_affinity apic;
    apic.pxm_low = 1;
    apic.apic_id = 7;
    apic.flags = 1;
    memory_affinity memory;
    memory.proximity_domain = 9;
    memory.base = 0x1'0000'0000;
    memory.range_length = 0x4000'0000;
    memory.flags = 5;
    generic_affinity device;
    device.flags = 1;
    device.set_device(pci_device{0, 0, 3, 0});
    generic_affinity port;
    port.type = generic_affinity::port;
    port.set_device(acpi_device{"ACPI0016", 4});
    table.structures = {apic,
                        memory,
                        x2apic_affinity{},
                        gicc_affinity{},
                        its_affinity{},
                        rintc_affinity{},
                        device,
                        port,
                        unknown_structure{99, 0, 4, hex("01 02")}};
    seal(table);
    return encode(table);
}

bytes an_slit() {
    slit table;
    table.header = make_header("SLIT", 1);
    table.localities = 2;
    table.entries = {10, 21, 22, 10};
    seal(table);
    return encode(table);
}

bytes a_cdat() {
    cdat table;
    dsmas range;
    range.flags = 4;
    range.dpa_length = 1U << 30;
    dslbis device;
    device.kind = data_type::read_latency;
    device.base_unit = 1000;
    device.entries = {150, 0, 0};
    sslbis ports;
    ports.kind = data_type::access_bandwidth;
    ports.base_unit = 1;
    ports.entries = {{0x100, 1, 5000, 0}, {0xFFFF, 2, 0xFFFF, 9}};
    table.structures = {range, device, dsmscis{}, dsis{}, dsemts{}, ports};
    seal(table);
    return encode(table);
}

std::vector<bytes> every_kind() {
    return {encode(an_hmat(1)), encode(an_hmat(2)), an_srat(), an_slit(), a_cdat()};
}

void expect_kept(const bytes& table, const std::string& about) {
    std::string text;
    try {
        text = table_to_json(table);
    } catch (const malformed_file&) {
        return; // no table
    }
    try {
        EXPECT_EQ(table_from_json(text), table) << about << "\n" << text;
    } catch (const malformed_file& e) {
        ADD_FAILURE() << about << ": " << e.what() << "\n" << text;
    }
}

std::string refusal(const std::string& text) {
    try {
        table_from_json(text, "hmat.json");
    } catch (const malformed_file& e) {
        return e.what();
    }
    return "accepted";
}

std::string changed(std::string text, std::string_view what, std::string_view into) {
    const std::size_t at = text.find(what);
    EXPECT_NE(at, std::string::npos) << what << " in\n" << text;
    return at == std::string::npos ? text : text.replace(at, what.size(), into);
}

TEST(TableJson, KeepsEveryByteOfCorrectTables) {
    for (const bytes& table : every_kind()) {
        ASSERT_NO_THROW(table_to_json(table));
        expect_kept(table, "correct");
    }
}

TEST(TableJson, KeepsEveryByteOfDamagedTables) {
    std::mt19937 random(20240101); // the same on every run
    for (const bytes& table : every_kind()) {
        for (int round = 0; round < 1500; ++round) {
            bytes damaged = table;
            for (unsigned n = random() % 4 + 1; n > 0; --n) {
                damaged[random() % damaged.size()] = static_cast<std::byte>(random());
            }
            if (round % 3 == 0) {
                damaged.resize(random() % (damaged.size() + 9));
            }
            expect_kept(damaged, "round " + std::to_string(round));
        }
    }
}

TEST(TableJson, KeepsEveryByteOfTheFuzzersCorpus) {
    std::size_t files = 0;
    for (const char* const kind : {"hmat", "srat", "slit", "cdat"}) {
        const auto folder = std::filesystem::path(HETMEM_SOURCE_DIR) / "tests/fuzz/corpus" / kind;
        for (const auto& entry : std::filesystem::directory_iterator(folder)) {
            std::ifstream file(entry.path(), std::ios::binary);
            const std::string content{std::istreambuf_iterator<char>(file), {}};
            bytes table;
            for (const char c : content) {
                table.push_back(static_cast<std::byte>(c));
            }
            expect_kept(table, entry.path().string());
            ++files;
        }
    }
    EXPECT_GT(files, 4U);
}

TEST(TableJson, HasTheNamesOfItsRevision) {
    const auto first = json::parse(table_to_json(encode(an_hmat(1))));
    const auto& range = first["structures"][0];
    EXPECT_EQ(range["type"], "Memory Subsystem Address Range");
    EXPECT_EQ(range["flags"]["reservation_hint"], true);
    EXPECT_EQ(range["processor_proximity_domain"], 0);
    EXPECT_EQ(range["system_physical_address_range_base"], "0x100000000");
    const auto second = json::parse(table_to_json(encode(an_hmat(2))));
    const auto& attributes = second["structures"][0];
    EXPECT_EQ(attributes["type"], "Memory Proximity Domain Attributes");
    EXPECT_EQ(attributes["proximity_domain_for_the_attached_initiator"], 0);
    EXPECT_EQ(attributes["flags"].size(), 1U);
}

TEST(TableJson, ShowsEntriesAndWhatTheyAreWorth) {
    const auto table = json::parse(table_to_json(encode(an_hmat(2))));
    const auto& matrix = table["structures"][1];
    EXPECT_EQ(matrix["data_type"], "read latency");
    EXPECT_EQ(matrix["flags"]["memory_hierarchy"], "Memory");
    EXPECT_EQ(matrix["entries"], json::parse("[[100, 200, 0], [65535, 101, 250]]"));
    EXPECT_EQ(matrix["unit"], "ns");
    EXPECT_EQ(matrix["values"], json::parse(R"([[100, 200, null], ["unreachable", 101, 250]])"));
    const auto old = json::parse(table_to_json(encode(an_hmat(1))));
    EXPECT_EQ(old["structures"][1]["values"],
              json::parse(R"([[100, 200, null], ["unreachable", 101, 250]])"));
}

TEST(TableJson, LeavesOutWhatIsAsItMustBe) {
    const std::string text = table_to_json(encode(an_hmat(2)));
    for (const char* const name : {"length", "checksum", "reserved", "trailing", "number_of"}) {
        EXPECT_THAT(text, Not(HasSubstr(name)));
    }
}

TEST(TableJson, AnEditedTableIsSealedAgain) {
    hmat expected = an_hmat(2);
    std::get<locality>(expected.structures[1]).entries[5] = 300;
    seal(expected);
    auto table = json::parse(table_to_json(encode(an_hmat(2))));
    table["structures"][1]["entries"][1][2] = 300;
    table["structures"][1].erase("values");
    EXPECT_EQ(table_from_json(table.dump()), encode(expected));

    // The other way: the values are given, and the entries follow.
    table = json::parse(table_to_json(encode(an_hmat(2))));
    table["structures"][1]["values"][1][2] = 300;
    table["structures"][1].erase("entries");
    EXPECT_EQ(table_from_json(table.dump()), encode(expected));
}

TEST(TableJson, AnEditThatContradictsItselfIsRefused) {
    auto table = json::parse(table_to_json(encode(an_hmat(2))));
    table["structures"][1]["values"][1][2] = 300;
    EXPECT_THAT(refusal(table.dump()),
                StartsWith("hmat.json:1: structures[1].values[1][2]: the entry gives 250 ns"));
    table["structures"][1].erase("entries");
    table["structures"][1]["values"][1][2] = 300.5;
    EXPECT_THAT(refusal(table.dump()), HasSubstr("values[1][2]: 300.5 ns is no multiple"));
    table["structures"][1]["values"][1][2] = 70000;
    EXPECT_THAT(refusal(table.dump()), HasSubstr("more than 65534 times"));
}

TEST(TableJson, SaysLineFieldAndReason) {
    const std::string text = table_to_json(encode(an_hmat(2)));
    EXPECT_THAT(refusal(changed(text, "[65535, 101, 250]", "[65535, 101, 70000]")),
                HasSubstr("structures[1].entries[1][2]: 70000 does not fit 16 bits"));
    const auto line = [&](std::string_view what) {
        const auto at = static_cast<std::ptrdiff_t>(text.find(what));
        return std::to_string(1 + std::count(text.begin(), text.begin() + at, '\n'));
    };
    EXPECT_THAT(refusal(changed(text, "[65535, 101, 250]", "[65535, -1, 250]")),
                StartsWith("hmat.json:" + line("[65535, 101") + ": "));
    EXPECT_THAT(
        refusal(changed(text, "\"entry_base_unit\"", "\"entry_base_units\"")),
        HasSubstr("structures[1].entry_base_units: there is no such field here; there are "));
    EXPECT_THAT(refusal(changed(text, "\"entry_base_unit\"", "\"extra\": 1, \"entry_base_unit\"")),
                StartsWith("hmat.json:" + line("\"entry_base_unit\"") +
                           ": structures[1].extra: there is no such field"));
    EXPECT_THAT(refusal(changed(text, "\"read latency\"", "\"raed latency\"")),
                HasSubstr("structures[1].data_type: expected \"access latency\""));
    EXPECT_THAT(refusal(changed(text, "\"Memory Side Cache Information\"", "\"Side Cache\"")),
                HasSubstr("structures[2].type: there is no such structure in revision 2"));
    EXPECT_THAT(refusal(changed(text, "[65535, 101, 250]", "[65535, 101]")),
                HasSubstr("entries[1]: expected 3 items, one for each target, found 2"));
    EXPECT_THAT(refusal("{\"table\": \"DSDT\"}"), HasSubstr("1: table: expected \"HMAT\""));
    EXPECT_THAT(refusal("[]"), StartsWith("hmat.json:1: expected an object, found an array"));
    EXPECT_THAT(refusal("{"), StartsWith("hmat.json:1: syntax error"));
}

TEST(TableJson, TellsWhatBytesAreNoTable) {
    const auto complaint = [](const bytes& table) {
        try {
            table_to_json(table);
        } catch (const malformed_file& e) {
            return std::string(e.what());
        }
        return std::string("accepted");
    };
    EXPECT_THAT(complaint(acpi_table("DSDT", 2, hex("00"))), HasSubstr("found \"DSDT\""));
    EXPECT_THAT(complaint(hex("01 02")), HasSubstr("found 2 bytes"));
    EXPECT_THAT(complaint(hex("48 4D 41 54 00 00")), HasSubstr("HMAT: expected a table of 40"));
}

TEST(TableJson, ThePartsOfAHandAreEnough) {
    // What a person writes: no lengths, no counts, no checksum, flags as far as they are set.
    const bytes made = table_from_json(R"({
        "table": "HMAT", "revision": 2, "oemid": "ACME", "oem_table_id": "DESK",
        "oem_revision": 3, "creator_id": "ME", "creator_revision": 1,
        "structures": [
            {"type": 0, "flags": {}, "proximity_domain_for_the_attached_initiator": 0,
             "proximity_domain_for_the_memory": 1},
            {"type": "System Locality Latency and Bandwidth Information", "flags": 0,
             "data_type": "read bandwidth", "entry_base_unit": 100,
             "initiator_proximity_domains": [0], "target_proximity_domains": [0, 1],
             "values": [[204800, 61400]]}
        ]})");
    const auto read = decode_hmat(made);
    ASSERT_TRUE(read.table);
    EXPECT_TRUE(read.defects.empty());
    const auto& matrix = std::get<locality>(read.table->structures.at(1));
    EXPECT_THAT(matrix.entries, ::testing::ElementsAre(2048, 614));
}

} // namespace
} // namespace hetmem::acpi
