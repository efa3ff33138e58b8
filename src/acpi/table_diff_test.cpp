#include <acpi/table_diff.hpp>

#include <acpi/test_bytes.hpp>

#include <hetmem/error.hpp>

namespace hetmem::acpi {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

locality matrix(data_type kind, std::uint64_t base, std::vector<std::uint16_t> entries,
                std::uint8_t flags = 0) {
    locality s;
    s.kind = kind;
    s.base_unit = base;
    s.flags = flags;
    s.initiators = {0, 1};
    s.targets = {0, 1};
    s.entries = std::move(entries);
    return s;
}

memory_attributes attributes(std::uint32_t pxm) {
    memory_attributes s;
    s.memory_pxm = pxm;
    return s;
}

bytes hmat_of(std::vector<hmat_structure> structures, std::uint8_t revision = 2) {
    hmat table;
    table.header = make_header("HMAT", revision);
    table.structures = std::move(structures);
    seal(table);
    return encode(table);
}

TEST(TableDiff, TheSameIsTheSame) {
    const bytes table = hmat_of({matrix(data_type::read_latency, 1000, {1, 2, 3, 4})});
    const auto d = compare_tables(table, table);
    EXPECT_TRUE(d.same_bytes);
    EXPECT_TRUE(d.same_content());
}

TEST(TableDiff, TellsWhichPairChanged) {
    const auto d =
        compare_tables(hmat_of({matrix(data_type::read_latency, 1000, {100, 200, 0, 100})}),
                       hmat_of({matrix(data_type::read_latency, 1000, {100, 250, 7, 0xFFFF})}));
    const cell unreachable{cell_state::unreachable, 0};
    EXPECT_THAT(
        d.figures,
        ElementsAre(
            figure_change{data_type::read_latency,
                          "",
                          0,
                          1,
                          {cell_state::known, 200'000},
                          {cell_state::known, 250'000}},
            figure_change{data_type::read_latency, "", 1, 0, {}, {cell_state::known, 7'000}},
            figure_change{
                data_type::read_latency, "", 1, 1, {cell_state::known, 100'000}, unreachable}));
    EXPECT_THAT(d.fields, IsEmpty());
    EXPECT_FALSE(d.same_content());
}

TEST(TableDiff, AnotherFormIsNoOtherFigure) {
    const bytes one = hmat_of({matrix(data_type::access_latency, 1000, {100, 200, 200, 100})});
    const bytes parted = hmat_of({matrix(data_type::read_latency, 100'000, {1, 2, 2, 1}),
                                  matrix(data_type::write_latency, 1000, {100, 200, 200, 100})});
    const auto d = compare_tables(one, parted);
    EXPECT_FALSE(d.same_bytes);
    EXPECT_TRUE(d.same_content());
    EXPECT_THAT(d.form, ElementsAre(AllOf(HasSubstr("access latency, base unit 1000, 2 x 2; now"),
                                          HasSubstr("read latency, base unit 100000, 2 x 2"))));

    // Revision 1 counts in tenths of nanoseconds.
    const auto revisions =
        compare_tables(hmat_of({matrix(data_type::read_latency, 10, {100, 200, 200, 100})}, 1),
                       hmat_of({matrix(data_type::read_latency, 1000, {100, 200, 200, 100})}, 2));
    EXPECT_TRUE(revisions.same_content());
    EXPECT_THAT(revisions.fields, ElementsAre(field_change{"", "Revision", "1", "2"}));
}

TEST(TableDiff, OtherLevelsAndPatternsAreOtherFigures) {
    const auto d =
        compare_tables(hmat_of({matrix(data_type::read_latency, 1000, {1, 2, 3, 4}, 1)}),
                       hmat_of({matrix(data_type::read_latency, 1000, {1, 2, 3, 5}, 1),
                                matrix(data_type::read_latency, 1000, {9, 0, 0, 0}, 0x20)}));
    ASSERT_THAT(d.figures, SizeIs(2));
    EXPECT_EQ(d.figures[0].about, "non-sequential transfers");
    EXPECT_EQ(d.figures[1].about, "1st Level Memory Side Cache");
}

TEST(TableDiff, TellsStructuresAndFields) {
    memory_attributes attached = attributes(1);
    attached.flags = 1;
    attached.initiator_pxm = 3;
    const auto d = compare_tables(hmat_of({attributes(0), attributes(1), attributes(2)}),
                                  hmat_of({attributes(0), attached, attributes(4)}));
    const std::string of = "Memory Proximity Domain Attributes, domain 1";
    EXPECT_THAT(
        d.fields,
        ElementsAre(
            field_change{of, "Flags", "none", "Proximity Domain for the Attached Initiator Valid"},
            field_change{of, "Proximity Domain for the Attached Initiator", "0", "3"}));
    EXPECT_THAT(d.removed, ElementsAre(HasSubstr(
                               "Memory Proximity Domain Attributes, domain 2 (Flags: none")));
    EXPECT_THAT(d.added, ElementsAre(HasSubstr("domain 4")));
}

TEST(TableDiff, OtherTables) {
    srat before;
    before.header = make_header("SRAT", 3);
    memory_affinity memory;
    memory.base = 0x1'0000'0000;
    memory.range_length = 0x4000'0000;
    memory.flags = 1;
    before.structures = {memory};
    srat after = before;
    std::get<memory_affinity>(after.structures[0]).flags = 3;
    seal(before);
    seal(after);
    EXPECT_THAT(compare_tables(encode(before), encode(after)).fields,
                ElementsAre(field_change{"Memory Affinity, base address 0x100000000", "Flags",
                                         "Enabled", "Enabled, Hot Pluggable"}));
    slit distances;
    distances.header = make_header("SLIT", 1);
    distances.localities = 2;
    distances.entries = {10, 20, 20, 10};
    slit others = distances;
    others.entries = {10, 21, 20, 10};
    seal(distances);
    seal(others);
    EXPECT_THAT(compare_tables(encode(distances), encode(others)).distances,
                ElementsAre(distance_change{0, 1, 20, 21}));
    EXPECT_THROW(compare_tables(encode(before), encode(distances)), malformed_file);
}

TEST(TableDiff, OnlyTheChecksumIsToldAsThat) {
    const bytes table = hmat_of({attributes(0)});
    bytes wrong = table;
    put(wrong, 9, std::to_integer<unsigned>(wrong[9]) + 1, 1);
    EXPECT_THAT(compare_tables(table, wrong).form, ElementsAre("checksum"));
}

} // namespace
} // namespace hetmem::acpi
