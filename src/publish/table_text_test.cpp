#include "publish/table_text.hpp"

#include <acpi/test_bytes.hpp>

namespace hetmem::detail {
namespace {

using acpi::bytes;
using acpi::data_type;
using ::testing::HasSubstr;
using ::testing::Not;

acpi::hmat table_of(std::uint8_t revision) {
    acpi::hmat table;
    table.header = acpi::make_header("HMAT", revision);
    acpi::memory_attributes attributes;
    attributes.flags = revision < 2 ? 7 : 1;
    attributes.memory_pxm = 2;
    acpi::locality latency;
    latency.kind = data_type::read_latency;
    latency.base_unit = revision < 2 ? 10 : 1000;
    latency.initiators = {0, 11};
    latency.targets = {0, 2};
    latency.entries = {100, 0, 0xFFFF, 250};
    acpi::locality bandwidth = latency;
    bandwidth.kind = data_type::access_bandwidth;
    bandwidth.base_unit = revision < 2 ? 10'000 : 1000;
    bandwidth.entries = {204, 61, 0, 0};
    acpi::side_cache cache;
    cache.memory_pxm = 2;
    cache.cache_size = std::uint64_t{1} << 30;
    cache.attributes.bits = 0x0040'1111;
    table.structures = {attributes, latency, bandwidth, cache};
    acpi::seal(table);
    return table;
}

TEST(TableText, ShowsMatricesWithUnits) {
    const std::string text = draw_table(acpi::encode(table_of(2)));
    EXPECT_THAT(text, HasSubstr("at 80: System Locality Latency and Bandwidth Information\n"
                                "  Flags                  Memory Hierarchy Memory\n"
                                "  Data Type              read latency\n"
                                "  Minimum Transfer Size  0\n"
                                "  Entry Base Unit        1000\n"
                                "  ns, from \\ to            0    2\n"
                                "              0          100    -\n"
                                "             11  unreachable  250\n"));
    EXPECT_THAT(text, HasSubstr("  GB/s, from \\ to    0   2\n"
                                "                0  204  61\n"
                                "               11    -   -\n"));
    EXPECT_THAT(text, HasSubstr("Memory Side Cache Size           1073741824 (1 GiB)\n"));
    EXPECT_THAT(text, Not(HasSubstr("wrong")));
}

TEST(TableText, HasTheWordsOfItsRevision) {
    const std::string first = draw_table(acpi::encode(table_of(1)));
    EXPECT_THAT(first, HasSubstr("at 40: Memory Subsystem Address Range\n"));
    EXPECT_THAT(first, HasSubstr("Memory Proximity Domain Valid, Reservation Hint\n"));
    EXPECT_THAT(first, HasSubstr("Processor Proximity Domain"));
    const std::string second = draw_table(acpi::encode(table_of(2)));
    EXPECT_THAT(second, HasSubstr("at 40: Memory Proximity Domain Attributes\n"));
    EXPECT_THAT(second, Not(HasSubstr("Hint")));
}

TEST(TableText, TellsWhatIsWrong) {
    acpi::hmat table = table_of(2);
    table.structures.push_back(table.structures[1]);
    std::get<acpi::locality>(table.structures.back()).entries[3] = 300;
    acpi::seal(table);
    table.header.checksum = static_cast<std::uint8_t>(table.header.checksum + 1);
    acpi::srat affinity;
    const std::string text = draw_table(acpi::encode(table), &affinity);
    EXPECT_THAT(text, HasSubstr("What is wrong with it:\n  at "));
    EXPECT_THAT(text, HasSubstr("expected checksum 0x"));
    EXPECT_THAT(text, HasSubstr("Where it contradicts itself:\n"));
    EXPECT_THAT(text, HasSubstr("Where it does not fit the SRAT:\n"));
}

TEST(TableText, ShowsSratSlitAndCdat) {
    acpi::srat affinity;
    affinity.header = acpi::make_header("SRAT", 3);
    acpi::apic_affinity apic;
    apic.pxm_low = 2;
    apic.pxm_high = {1, 0, 0};
    acpi::generic_affinity device;
    device.set_device(acpi::pci_device{0, 0, 3, 0});
    affinity.structures = {apic, device};
    acpi::seal(affinity);
    const std::string srat = draw_table(acpi::encode(affinity));
    EXPECT_THAT(srat, HasSubstr("Proximity Domain         258\n"));
    EXPECT_THAT(srat, HasSubstr("Device Handle       pci 0000:00:03.0\n"));

    acpi::slit distances;
    distances.header = acpi::make_header("SLIT", 1);
    distances.localities = 2;
    distances.entries = {10, 20, 255, 10};
    acpi::seal(distances);
    EXPECT_THAT(draw_table(acpi::encode(distances)), HasSubstr("  from \\ to            0   1\n"
                                                               "          0           10  20\n"
                                                               "          1  unreachable  10\n"));

    acpi::cdat device_table;
    acpi::dslbis figures;
    figures.kind = data_type::read_bandwidth;
    figures.base_unit = 100;
    figures.entries = {614, 0, 0};
    acpi::sslbis ports;
    ports.kind = data_type::access_latency;
    ports.base_unit = 1000;
    ports.entries = {{0x100, 3, 25, 0}};
    device_table.structures = {figures, ports};
    acpi::seal(device_table);
    const std::string cdat = draw_table(acpi::encode(device_table));
    EXPECT_THAT(cdat, HasSubstr("Figure           61.4 GB/s\n"));
    EXPECT_THAT(cdat, HasSubstr("upstream port to port 3  25 ns\n"));
}

TEST(TableText, DifferencesAreSentences) {
    const acpi::hmat before = table_of(2);
    acpi::hmat after = before;
    std::get<acpi::locality>(after.structures[1]).entries[3] = 300;
    std::get<acpi::locality>(after.structures[2]).entries[1] = 0;
    acpi::seal(after);
    const auto words = [](const acpi::hmat& a, const acpi::hmat& b) {
        return draw_difference(acpi::compare_tables(acpi::encode(a), acpi::encode(b)));
    };
    EXPECT_EQ(words(before, after),
              "read latency from domain 11 to domain 2: 250 ns, now 300 ns\n"
              "read bandwidth from domain 0 to domain 2: 61 GB/s, now unknown\n"
              "write bandwidth from domain 0 to domain 2: 61 GB/s, now unknown\n");
    EXPECT_EQ(words(before, before), "");
    acpi::hmat otherwise = before;
    auto& matrix = std::get<acpi::locality>(otherwise.structures[1]);
    matrix.base_unit = 10'000;
    matrix.entries = {10, 0, 0xFFFF, 25};
    acpi::seal(otherwise);
    EXPECT_THAT(words(before, otherwise), HasSubstr("the same figures, another form\n"));
}

} // namespace
} // namespace hetmem::detail
