#include <acpi/names.hpp>

#include <acpi/cdat.hpp>
#include <acpi/hmat.hpp>
#include <acpi/slit.hpp>
#include <acpi/srat.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>

namespace hetmem::acpi {
namespace {

/// Fields follow each other without gaps and are `size` bytes together.
void expect_gapless(std::span<const field_name> fields, std::size_t size) {
    std::size_t end = 0;
    for (const field_name& field : fields) {
        EXPECT_EQ(field.offset, end) << field.name;
        EXPECT_FALSE(field.name.empty());
        end = std::size_t{field.offset} + field.size;
    }
    EXPECT_EQ(end, size) << (fields.empty() ? std::string_view("no fields") : fields[0].name);
}

bool has(std::span<const field_name> fields, std::string_view name) {
    return std::ranges::any_of(fields, [&](const field_name& f) { return f.name == name; });
}

TEST(Names, CoverEveryByteOfTheFixedParts) {
    expect_gapless(header_field_names("HMAT"), encode(hmat{}).size());
    expect_gapless(header_field_names("SRAT"), encode(srat{}).size());
    expect_gapless(header_field_names("SLIT"), encode(slit{}).size());
    expect_gapless(header_field_names("CDAT"), encode(cdat{}).size());
    for (const unsigned revision : {1U, 2U}) {
        expect_gapless(hmat_field_names(revision, 0), memory_attributes{}.length);
        expect_gapless(hmat_field_names(revision, 1), locality{}.length);
        expect_gapless(hmat_field_names(revision, 2), side_cache{}.length);
    }
    expect_gapless(srat_field_names(0), apic_affinity{}.length);
    expect_gapless(srat_field_names(1), memory_affinity{}.length);
    expect_gapless(srat_field_names(2), x2apic_affinity{}.length);
    expect_gapless(srat_field_names(3), gicc_affinity{}.length);
    expect_gapless(srat_field_names(4), its_affinity{}.length);
    expect_gapless(srat_field_names(5), generic_affinity{}.length);
    expect_gapless(srat_field_names(6), generic_affinity{}.length);
    expect_gapless(srat_field_names(7), rintc_affinity{}.length);
    expect_gapless(cdat_field_names(0), dsmas{}.length);
    expect_gapless(cdat_field_names(1), dslbis{}.length);
    expect_gapless(cdat_field_names(2), dsmscis{}.length);
    expect_gapless(cdat_field_names(3), dsis{}.length);
    expect_gapless(cdat_field_names(4), dsemts{}.length);
    expect_gapless(cdat_field_names(5), sslbis{}.length);
}

TEST(Names, AreThoseOfTheRevision) {
    EXPECT_EQ(hmat_structure_name(1, 0), "Memory Subsystem Address Range");
    EXPECT_EQ(hmat_structure_name(2, 0), "Memory Proximity Domain Attributes");
    EXPECT_TRUE(has(hmat_field_names(1, 0), "System Physical Address Range Base"));
    EXPECT_FALSE(has(hmat_field_names(2, 0), "System Physical Address Range Base"));
    EXPECT_TRUE(has(hmat_field_names(2, 1), "Minimum Transfer Size"));
    EXPECT_FALSE(has(hmat_field_names(1, 1), "Minimum Transfer Size"));
    EXPECT_EQ(hmat_bits_names(1, 0).size(), 3U);
    EXPECT_EQ(hmat_bits_names(1, 0)[2].name, "Reservation Hint");
    EXPECT_EQ(hmat_bits_names(2, 0).size(), 1U);
    EXPECT_EQ(hmat_hierarchy_name(1, 1), "Last Level Memory");
    EXPECT_EQ(hmat_hierarchy_name(1, 2), hmat_hierarchy_name(2, 1));
    EXPECT_EQ(hmat_hierarchy_name(2, 4), "");
    EXPECT_EQ(hmat_hierarchy_name(1, 5), "");
}

TEST(Names, AreEmptyForWhatIsNotDefined) {
    EXPECT_EQ(hmat_structure_name(2, 3), "");
    EXPECT_TRUE(hmat_field_names(2, 3).empty());
    EXPECT_TRUE(hmat_bits_names(2, 3).empty());
    EXPECT_EQ(srat_structure_name(7), "RINTC Affinity");
    EXPECT_EQ(srat_structure_name(8), "");
    EXPECT_TRUE(srat_field_names(8).empty());
    EXPECT_TRUE(srat_flag_names(4).empty());
    EXPECT_EQ(srat_flag_names(1).size(), 3U);
    EXPECT_EQ(srat_flag_names(5).size(), 2U);
    EXPECT_EQ(srat_flag_names(0).size(), 1U);
    EXPECT_EQ(cdat_structure_name(5), "Switch Scoped Latency and Bandwidth Information");
    EXPECT_EQ(cdat_structure_name(6), "");
    EXPECT_TRUE(cdat_field_names(6).empty());
    EXPECT_TRUE(header_field_names("APIC").empty());
}

} // namespace
} // namespace hetmem::acpi
