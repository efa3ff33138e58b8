#include "measure/test_buffer.hpp"

#include "tests/support/huge_pages.hpp"
#include "tests/support/tree.hpp"

#include <hetmem/discover.hpp>
#include <hetmem/error.hpp>
#include <hetmem/rank.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>

#include <sys/mman.h>
#include <unistd.h>

namespace hetmem::detail {
namespace {

using testing::HasSubstr;
using testing::Optional;

constexpr std::uint64_t mib = std::uint64_t{1} << 20;

target_id node_here(const topology& machine) {
    const unsigned number = allowed_nodes().first().value_or(0);
    return machine.find_target("node" + std::to_string(number)).value();
}

bool kernel_joins_pages() {
    std::ifstream file("/sys/kernel/mm/transparent_hugepage/enabled");
    std::string said((std::istreambuf_iterator<char>(file)), {});
    return said.find("[never]") == std::string::npos && !said.empty();
}

TEST(TestBuffer, IsWhollyOnItsTarget) {
    const topology machine = discover();
    const target_id here = node_here(machine);
    const test_buffer buffer(machine, here, byte_size::from_mib(8), false);
    EXPECT_GE(buffer.bytes().size(), 8 * mib);
    const residency now = where(buffer.bytes());
    EXPECT_EQ(now.on(machine.targets()[here.index].name).bytes(), buffer.bytes().size());
    buffer.verify();
}

TEST(TestBuffer, TellsThePagesThatItGot) {
    const topology machine = discover();
    const test_buffer buffer(machine, node_here(machine), byte_size::from_mib(8), false);
    EXPECT_GT(buffer.page(), byte_size{});
    EXPECT_GE(buffer.page_percent(), 50U);
    EXPECT_LE(buffer.page_percent(), 100U);
    if (!kernel_joins_pages()) {
        EXPECT_EQ(buffer.page_percent(), 100U) << "pages of one size only";
    }
}

TEST(TestBuffer, UsesAPoolOfHugePagesThatHasEnough) {
    const topology machine = discover();
    const target_id here = node_here(machine);
    const test::huge_pages pool(*machine.targets()[here.index].node, 2 * mib, 8 * mib);
    if (!pool.ok()) {
        GTEST_SKIP() << "needs a pool of huge pages, which only root can fill";
    }
    const test_buffer buffer(machine, here, byte_size::from_mib(8), false);
    EXPECT_EQ(buffer.page(), byte_size::from_mib(2));
    EXPECT_EQ(buffer.page_percent(), 100U);
    std::ifstream maps("/proc/self/smaps");
    const std::string all((std::istreambuf_iterator<char>(maps)), {});
    EXPECT_THAT(all, HasSubstr("KernelPageSize:     2048 kB"));
}

TEST(TestBuffer, NoticesThatMemoryIsGone) {
    const topology machine = discover();
    const test_buffer buffer(machine, node_here(machine), byte_size::from_mib(8), false);
    ASSERT_EQ(::madvise(buffer.bytes().data(), 4 * mib, MADV_DONTNEED), 0);
    EXPECT_THROW(buffer.verify(), target_lost);
}

TEST(TestBuffer, IsNothingWhenItDoesNotFit) {
    const topology machine = discover();
    EXPECT_THROW(test_buffer(machine, node_here(machine), byte_size::from_mib(1U << 24), false),
                 target_full);
}

target dax_target(const std::string& origin) {
    target memory;
    memory.name = "dax0.0";
    memory.node = 1;
    memory.state = target_state::reserved;
    memory.reserved = true;
    dax_device& device = memory.dax.emplace_back();
    device.name = "dax0.0";
    device.size = byte_size::from_mib(64);
    device.origin = origin;
    return memory;
}

TEST(KeepsContents, IsSoForPersistentMemory) {
    EXPECT_THAT(keeps_contents(dax_target("pmem")), Optional(HasSubstr("NVDIMM")));
    target by_srat = dax_target("soft-reserved");
    by_srat.kind = memory_kind::pmem;
    by_srat.kind_reason = "SRAT says non-volatile";
    EXPECT_THAT(keeps_contents(by_srat), Optional(HasSubstr("SRAT says non-volatile")));
    target by_cdat = dax_target("cxl");
    device_leg& leg = by_cdat.device_legs.emplace_back();
    leg.device = "mem0";
    leg.non_volatile = true;
    EXPECT_THAT(keeps_contents(by_cdat), Optional(HasSubstr("CDAT of mem0")));
}

TEST(KeepsContents, MayBeSoWhereNobodyTells) {
    EXPECT_THAT(keeps_contents(dax_target("")), Optional(HasSubstr("dax0.0")));
}

TEST(KeepsContents, IsNotSoForOrdinaryAndVolatileMemory) {
    EXPECT_EQ(keeps_contents(dax_target("soft-reserved")), std::nullopt);
    EXPECT_EQ(keeps_contents(dax_target("cxl")), std::nullopt);
    target as_node = dax_target("pmem");
    as_node.state = target_state::online;
    EXPECT_EQ(keeps_contents(as_node), std::nullopt);
}

TEST(MappedByOthers, NamesTheProgramThatUsesTheDevice) {
    const std::string mapping = "7f0000000000-7f0000200000 rw-s 00000000 00:06 87 /dev/dax0.0\n";
    test::tree machine({{"proc/23/maps", mapping}, {"proc/23/comm", "keydb\n"}});
    const kernel::rooted_reader reader(machine.root());
    EXPECT_THAT(mapped_by_others(reader, dax_target("cxl")),
                Optional(HasSubstr("keydb (process 23) has dax0.0 mapped")));
    target other = dax_target("cxl");
    other.dax[0].name = "dax1.0";
    EXPECT_EQ(mapped_by_others(reader, other), std::nullopt);
    target as_node = dax_target("cxl");
    as_node.state = target_state::online;
    EXPECT_EQ(mapped_by_others(reader, as_node), std::nullopt);

    test::tree alone({{"proc/" + std::to_string(::getpid()) + "/maps", mapping}});
    EXPECT_EQ(mapped_by_others(kernel::rooted_reader(alone.root()), dax_target("cxl")),
              std::nullopt)
        << "what this process has is locked";
}

} // namespace
} // namespace hetmem::detail
