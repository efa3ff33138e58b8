#include "kernel/available.hpp"

#include "tests/support/tree.hpp"

#include <gmock/gmock.h>

#include <string>

#include <unistd.h>

#include <fmt/format.h>

namespace hetmem::kernel {
namespace {

const auto page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
const std::uint64_t mib = (std::uint64_t{1} << 20U) / page_bytes; // pages

struct counters {
    std::uint64_t free = 0;
    std::uint64_t inactive_file = 0;
    std::uint64_t active_file = 0;
    std::uint64_t mapped = 0;
    std::uint64_t dirty = 0;
    std::uint64_t writeback = 0;
};

/// In the order of Linux 6.12, with neighbours of similar names.
std::string vmstat(const counters& pages) {
    return fmt::format("nr_free_pages {}\nnr_zone_inactive_anon 7\nnr_zone_inactive_file 99999\n"
                       "nr_zone_active_file 99999\nnuma_hit 5\nnr_inactive_anon 1\n"
                       "nr_inactive_file {}\nnr_active_file {}\nnr_mapped {}\nnr_file_pages 4711\n"
                       "nr_dirty {}\nnr_writeback {}\nnr_dirtied 123456\n",
                       pages.free, pages.inactive_file, pages.active_file, pages.mapped,
                       pages.dirty, pages.writeback);
}

/// Two nodes as Linux prints them; the second is sparse in number.
const std::string zoneinfo = R"(Node 0, zone      DMA
  per-node stats
      nr_inactive_anon 3
  pages free     3840
        boost    0
        min      16
        low      20
        high     24
        spanned  4095
        present  3998
        managed  3840
        cma      0
        protection: (0, 2991, 15051, 15051, 15051)
Node 0, zone   Normal
  pages free     2549237
        boost    0
        min      100
        low      200
        high     300
        promo    400
        spanned  5505024
        managed  3080192
        protection: (0, 0, 0, 0, 0)
      nr_free_pages 2549237
  pagesets
    cpu: 0
              count:    1
              high:     8622
              high_min: 8433
Node 250, zone   Normal
  pages free     0
        min      0
        low      10
        high     20
        managed  0
        protection: (0, 0, 0, 32)
Node 250, zone  Movable
  pages free     12
        low      1000
        high     1500
        managed  131072
        protection: (0, 0, 0, 0)
)";

std::string vmstat_of(unsigned node) {
    return fmt::format("sys/devices/system/node/node{}/vmstat", node);
}

TEST(node_available, nearly_all_of_the_clean_cache_counts) {
    const test::tree machine(
        {{"proc/zoneinfo", zoneinfo},
         {vmstat_of(250),
          vmstat({.free = 50 * mib, .inactive_file = 300 * mib, .active_file = 130 * mib})}});
    node_reader reader(id_set::parse("250").value(), machine.root());
    const auto found = reader.read(250);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->node, 250U);
    EXPECT_EQ(found->free, (50 * mib - 1500) * page_bytes);
    EXPECT_EQ(found->available, (50 * mib - 1500 + 430 * mib - 1000) * page_bytes);
}

TEST(node_available, what_is_mapped_dirty_or_being_written_does_not_count) {
    const test::tree machine({{"proc/zoneinfo", zoneinfo},
                              {vmstat_of(250), vmstat({.free = 50 * mib,
                                                       .inactive_file = 300 * mib,
                                                       .active_file = 130 * mib,
                                                       .mapped = 100 * mib,
                                                       .dirty = 200 * mib,
                                                       .writeback = 10 * mib})}});
    node_reader reader(id_set::parse("250").value(), machine.root());
    EXPECT_EQ(reader.read(250)->available, (50 * mib - 1500 + 120 * mib - 1000) * page_bytes);
}

TEST(node_available, a_zone_keeps_what_it_protects_but_no_more_than_it_has) {
    const test::tree machine(
        {{"proc/zoneinfo", zoneinfo}, {vmstat_of(0), vmstat({.free = 10000})}});
    node_reader reader(id_set::parse("0").value(), machine.root());
    // All 3840 pages of DMA (its protection is larger), 300 of Normal.
    EXPECT_EQ(reader.read(0)->free, (10000 - 3840 - 300) * page_bytes);
}

TEST(node_available, below_the_watermarks_the_cache_has_to_fill_up_first) {
    const test::tree machine({{"proc/zoneinfo", zoneinfo},
                              {vmstat_of(250), vmstat({.free = 500, .inactive_file = 5000})}});
    node_reader reader(id_set::parse("250").value(), machine.root());
    EXPECT_EQ(reader.read(250)->free, 0U);
    EXPECT_EQ(reader.read(250)->available, (5000 - 1000 - 1000) * page_bytes);
}

TEST(node_available, a_full_node_has_nothing) {
    const test::tree machine(
        {{"proc/zoneinfo", zoneinfo},
         {vmstat_of(250), vmstat({.free = 3, .inactive_file = 4, .mapped = 9})}});
    node_reader reader(id_set::parse("250").value(), machine.root());
    EXPECT_EQ(reader.read(250)->free, 0U);
    EXPECT_EQ(reader.read(250)->available, 0U);
}

TEST(node_available, is_read_anew_each_time) {
    test::tree machine({{"proc/zoneinfo", zoneinfo},
                        {vmstat_of(0), vmstat({.free = 10000})},
                        {vmstat_of(250), vmstat({.free = 2000})}});
    node_reader reader(id_set::parse("0,7,250").value(), machine.root());
    EXPECT_EQ(reader.read_all(), (10000 - 4140 + 500) * page_bytes);
    EXPECT_FALSE(reader.read(7)) << "there is no such node";
    EXPECT_FALSE(reader.read(1)) << "nobody asked for it";
    machine.write(vmstat_of(250), vmstat({.free = 3000}));
    EXPECT_EQ(reader.read(250)->free, 1500 * page_bytes);
    machine.write(vmstat_of(0), "nr_free_pages x\n");
    EXPECT_FALSE(reader.read(0));
}

TEST(node_available, this_machine_has_some) {
    node_reader reader(id_set::parse("0").value());
    const auto found = reader.read(0);
    if (!found) {
        GTEST_SKIP() << "a machine without node 0";
    }
    EXPECT_GE(found->available, found->free);
    EXPECT_GT(found->available, 0U);
}

TEST(huge_pool, is_read_for_each_size) {
    const std::string base = "sys/devices/system/node/node2/hugepages/";
    const test::tree machine({{base + "hugepages-2048kB/nr_hugepages", "40\n"},
                              {base + "hugepages-2048kB/free_hugepages", "39\n"},
                              {base + "hugepages-1048576kB/nr_hugepages", "0\n"},
                              {base + "hugepages-1048576kB/free_hugepages", "0\n"}});
    const auto pool = read_huge_pool(2, std::uint64_t{2} << 20U, machine.root());
    ASSERT_TRUE(pool);
    EXPECT_EQ(pool->total, 40U);
    EXPECT_EQ(pool->free, 39U);
    EXPECT_EQ(read_huge_pool(2, std::uint64_t{1} << 30U, machine.root())->total, 0U);
    EXPECT_FALSE(read_huge_pool(2, std::uint64_t{32} << 20U, machine.root()));
    EXPECT_FALSE(read_huge_pool(1, std::uint64_t{2} << 20U, machine.root()));
}

} // namespace
} // namespace hetmem::kernel
