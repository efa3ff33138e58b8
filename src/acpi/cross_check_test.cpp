#include <acpi/cross_check.hpp>

#include <acpi/test_bytes.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>

namespace hetmem::acpi {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

memory_affinity memory(std::uint32_t pxm, std::uint64_t base, std::uint64_t length,
                       bool enabled = true) {
    memory_affinity s;
    s.proximity_domain = pxm;
    s.base = base;
    s.range_length = length;
    s.flags = enabled ? 1 : 0;
    return s;
}

/// CPUs in domain 0, memory in 0 and 2 (two adjacent ranges), disabled memory in 7, a Generic
/// Initiator in 5.
srat machine() {
    srat table;
    table.header.revision = 3;
    x2apic_affinity cpu;
    cpu.flags = 1;
    generic_affinity device;
    device.proximity_domain = 5;
    device.flags = 1;
    table.structures = {cpu,
                        device,
                        memory(0, 0, 0x1000),
                        memory(2, 0x2000, 0x1000),
                        memory(2, 0x1000, 0x1000),
                        memory(7, 0x9000, 0x1000, false)};
    return table;
}

hmat with(unsigned revision, std::vector<hmat_structure> structures) {
    hmat table;
    table.header.revision = static_cast<std::uint8_t>(revision);
    table.structures = std::move(structures);
    return table;
}

memory_attributes attributes(std::uint16_t flags, std::uint32_t initiator, std::uint32_t memory) {
    memory_attributes s;
    s.flags = flags;
    s.initiator_pxm = initiator;
    s.memory_pxm = memory;
    return s;
}

constexpr const char* whole_table = "ignores the whole HMAT";

TEST(CheckHmatAgainstSrat, NothingIsSaidOfTablesThatFit) {
    locality matrix;
    matrix.initiators = {0, 5};
    matrix.targets = {0, 2};
    matrix.entries = {1, 2, 3, 4};
    side_cache cache;
    cache.memory_pxm = 2;
    EXPECT_THAT(
        check_hmat_against_srat(
            with(2, {attributes(1, 5, 2), attributes(0, 128, 0), matrix, cache}), machine()),
        IsEmpty());
}

TEST(CheckHmatAgainstSrat, MemoryThatTheSratLacksCostsTheWholeTable) {
    // Unknown; known but disabled; a domain without memory. Each structure has 40 bytes.
    EXPECT_THAT(
        check_hmat_against_srat(
            with(2, {attributes(0, 0, 9), attributes(0, 0, 7), attributes(0, 0, 5)}), machine()),
        ElementsAre(defect_at(40 + 16, "enabled memory", "domain 9", whole_table),
                    defect_at(80 + 16, "enabled memory", "domain 7", whole_table),
                    defect_at(120 + 16, "enabled memory", "domain 5", whole_table)));
}

TEST(CheckHmatAgainstSrat, AGenericPortIsNotMemory) {
    srat with_port = machine();
    generic_affinity port;
    port.type = generic_affinity::port;
    port.proximity_domain = 6;
    port.flags = 1;
    port.set_device(acpi_device{"ACPI0016", 1});
    with_port.structures.emplace_back(port);
    locality matrix;
    matrix.initiators = {0};
    matrix.targets = {6};
    EXPECT_THAT(check_hmat_against_srat(with(2, {matrix}), with_port), IsEmpty());
    const auto defects = check_hmat_against_srat(with(2, {attributes(0, 0, 6)}), with_port);
    ASSERT_THAT(defects, SizeIs(1));
    EXPECT_EQ(defects[0].linux_does, "");
}

TEST(CheckHmatAgainstSrat, RevisionOneSaysItselfWhetherTheMemoryCounts) {
    EXPECT_THAT(check_hmat_against_srat(with(1, {attributes(0, 0, 9)}), machine()), IsEmpty());
    EXPECT_THAT(check_hmat_against_srat(with(1, {attributes(2, 0, 9)}), machine()), SizeIs(1));
}

TEST(CheckHmatAgainstSrat, AnAttachedInitiatorMustExist) {
    EXPECT_THAT(check_hmat_against_srat(with(2, {attributes(1, 128, 2)}), machine()),
                ElementsAre(defect_at(40 + 12, "SRAT", "domain 128", whole_table)));
}

TEST(CheckHmatAgainstSrat, RowsAndColumnsThatNobodyHasAreTold) {
    locality matrix;
    matrix.initiators = {0, 3};
    matrix.targets = {0, 2, 4};
    EXPECT_THAT(check_hmat_against_srat(with(2, {matrix}), machine()),
                ElementsAre(defect_at(40 + 36, "initiator", "domain 3", "this initiator"),
                            defect_at(40 + 48, "target", "domain 4", "this target")));
    side_cache cache;
    cache.memory_pxm = 5;
    EXPECT_THAT(check_hmat_against_srat(with(2, {cache}), machine()),
                ElementsAre(defect_at(48, "enabled memory", "domain 5", "ignores the cache")));
}

TEST(CheckHmatAgainstSrat, RangesOfRevisionOneLieInsideThoseOfTheSrat) {
    const auto range = [](std::uint64_t base, std::uint64_t length) {
        memory_attributes s = attributes(2, 0, 2);
        s.range_base = base;
        s.range_length = length;
        return s;
    };
    EXPECT_THAT(
        check_hmat_against_srat(with(1, {range(0x1000, 0x2000), range(0x1800, 0x1000)}), machine()),
        IsEmpty())
        << "two adjacent ranges of the SRAT are one";
    EXPECT_THAT(check_hmat_against_srat(with(1, {range(0x800, 0x1000)}), machine()),
                ElementsAre(defect_at(40 + 24, "inside", "0x800-0x17ff", "does not use")));
    EXPECT_THAT(check_hmat_against_srat(with(1, {range(0x2000, 0x1001)}), machine()), SizeIs(1));
    EXPECT_THAT(check_hmat_against_srat(with(2, {range(0x800, 0x1000)}), machine()), IsEmpty())
        << "revision 2 has no range";
}

TEST(CheckHmatAgainstSrat, DomainsOfAnOldSratHaveEightBits) {
    srat old = machine();
    old.header.revision = 1;
    old.structures = {memory(0xFF02, 0, 0x1000)};
    EXPECT_THAT(check_hmat_against_srat(with(2, {attributes(0, 0, 2)}), old), IsEmpty());
}

TEST(CheckHmatAgainstSrat, ManyDefectsAreCounted) {
    EXPECT_THAT(check_hmat_against_srat(
                    with(2, std::vector<hmat_structure>(500, attributes(0, 0, 9))), machine()),
                SizeIs(max_defects + 1));
}

} // namespace
} // namespace hetmem::acpi
