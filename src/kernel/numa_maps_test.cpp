#include "kernel/numa_maps.hpp"

#include <gmock/gmock.h>

#include <cstdint>
#include <string>

#include <sys/mman.h>
#include <unistd.h>

#include <fmt/format.h>

namespace hetmem::kernel {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(parse_numa_map, counts_pages_on_each_node) {
    const auto map =
        parse_numa_map("7f1a00000000 prefer:2 anon=262144 dirty=262144 active=0 N0=512 "
                       "N2=261120 N255=512 kernelpagesize_kB=4");
    ASSERT_TRUE(map);
    EXPECT_EQ(map->start, 0x7f1a00000000U);
    EXPECT_EQ(map->policy, "prefer:2");
    EXPECT_EQ(map->name, "");
    EXPECT_FALSE(map->huge);
    EXPECT_EQ(map->page_bytes, 4096U);
    EXPECT_THAT(map->pages, ElementsAre(Pair(0U, 512U), Pair(2U, 261120U), Pair(255U, 512U)));
}

TEST(parse_numa_map, a_mapping_without_pages_has_no_page_size_either) {
    const auto map = parse_numa_map("7ffd1000 default");
    ASSERT_TRUE(map);
    EXPECT_THAT(map->pages, IsEmpty());
    EXPECT_EQ(map->page_bytes, 4096U);
}

TEST(parse_numa_map, pages_of_a_pool_are_huge) {
    const auto map = parse_numa_map("7f0000000000 bind:1 file=/anon_hugepage\\040(deleted) huge "
                                    "anon=3 dirty=3 N1=3 kernelpagesize_kB=2048");
    ASSERT_TRUE(map);
    EXPECT_TRUE(map->huge);
    EXPECT_EQ(map->page_bytes, 2U << 20U);
    EXPECT_EQ(map->name, "/anon_hugepage (deleted)");
    EXPECT_THAT(map->pages, ElementsAre(Pair(1U, 3U)));
}

TEST(parse_numa_map, names_keep_what_is_no_escape) {
    EXPECT_EQ(parse_numa_map("1000 default file=/memfd:x\\040(deleted) dirty=1 N0=1")->name,
              "/memfd:x (deleted)");
    EXPECT_EQ(parse_numa_map("1000 default file=/a\\134b\\075c\\011d\\0")->name,
              "/a\\134b=c\td\\0");
    EXPECT_EQ(parse_numa_map("1000 default heap anon=1 N0=1 kernelpagesize_kB=4")->name, "[heap]");
    EXPECT_EQ(parse_numa_map("1000 default stack anon=1 N0=1 kernelpagesize_kB=4")->name,
              "[stack]");
}

TEST(parse_numa_map, policies_of_several_words_and_with_flags) {
    const auto many = parse_numa_map("1000 prefer (many):0-1,4 anon=1 N4=1 kernelpagesize_kB=4");
    ASSERT_TRUE(many);
    EXPECT_EQ(many->policy, "prefer (many):0-1,4");
    EXPECT_THAT(many->pages, ElementsAre(Pair(4U, 1U)));
    EXPECT_EQ(parse_numa_map("1000 weighted interleave:0-1 anon=1 N0=1")->policy,
              "weighted interleave:0-1");
    EXPECT_EQ(parse_numa_map("1000 bind=static:0 file=/x N0=1")->policy, "bind=static:0");
}

TEST(parse_numa_map, takes_a_thousand_nodes) {
    std::string line = "1000 interleave:0-1023 anon=1024";
    for (int node = 0; node < 1024; ++node) {
        line += fmt::format(" N{}={}", node, node + 1);
    }
    const auto map = parse_numa_map(line + " kernelpagesize_kB=4");
    ASSERT_TRUE(map);
    ASSERT_EQ(map->pages.size(), 1024U);
    EXPECT_THAT(map->pages.back(), Pair(1023U, 1024U));
}

TEST(parse_numa_map, refuses_what_is_not_of_the_form) {
    for (const char* line :
         {"", "1000", "x000 default", " 1000 default", "0x1000 default", "-1 default",
          "1000 default N0=", "1000 default N0=-1", "1000 default N0=99999999999999999999",
          "1000 default N0=18446744073709551615 kernelpagesize_kB=4", "1000 default N70000=1",
          "1000 default N0=1 kernelpagesize_kB=0",
          "1000 default N0=1 kernelpagesize_kB=18014398509481984"}) {
        EXPECT_FALSE(parse_numa_map(line)) << line;
    }
}

TEST(parse_process_map, reads_every_field) {
    const auto map = parse_process_map(
        "7f2c40000000-7f2c60000000 rw-s 1fe00000 00:06 312                        /dev/dax0.0");
    ASSERT_TRUE(map);
    EXPECT_EQ(map->start, 0x7f2c40000000U);
    EXPECT_EQ(map->end, 0x7f2c60000000U);
    EXPECT_TRUE(map->readable);
    EXPECT_TRUE(map->writable);
    EXPECT_TRUE(map->shared);
    EXPECT_EQ(map->offset, 0x1fe00000U);
    EXPECT_EQ(map->major, 0U);
    EXPECT_EQ(map->minor, 6U);
    EXPECT_EQ(map->inode, 312U);
    EXPECT_EQ(map->path, "/dev/dax0.0");
}

TEST(parse_process_map, anonymous_memory_and_odd_names) {
    const auto anonymous = parse_process_map("7f2c40000000-7f2c60000000 ---p 00000000 00:00 0 ");
    ASSERT_TRUE(anonymous);
    EXPECT_FALSE(anonymous->readable);
    EXPECT_FALSE(anonymous->writable);
    EXPECT_FALSE(anonymous->shared);
    EXPECT_EQ(anonymous->path, "");
    EXPECT_EQ(parse_process_map("1000-2000 r--p 00000000 fe:01 12      /a file\\012named so")->path,
              "/a file\nnamed so");
    EXPECT_EQ(parse_process_map("1000-2000 rw-p 00000000 00:00 0       [anon: x y]")->path,
              "[anon: x y]");
}

TEST(parse_process_map, refuses_what_is_not_of_the_form) {
    for (const char* line :
         {"", "1000", "2000-1000 rw-p 0 00:00 0", "1000-1000 rw-p 0 00:00 0",
          "1000-2000 rw 0 00:00 0", "1000-2000 rw-p x 00:00 0", "1000-2000 rw-p 0 0000 0",
          "1000-2000 rw-p 0 00:00 ", "-2000 rw-p 0 00:00 0", "1000- rw-p 0 00:00 0"}) {
        EXPECT_FALSE(parse_process_map(line)) << line;
    }
}

TEST(read_numa_maps, finds_the_pages_of_this_process_and_stops_when_told) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    // A file in memory, so that the kernel does not join the mapping with a neighbour.
    const int fd = ::memfd_create("a name", MFD_CLOEXEC);
    ASSERT_GE(fd, 0);
    ASSERT_EQ(::ftruncate(fd, static_cast<off_t>(4 * page)), 0);
    void* const memory = ::mmap(nullptr, 4 * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ASSERT_NE(memory, MAP_FAILED);
    auto* const bytes = static_cast<char*>(memory);
    bytes[0] = bytes[page] = bytes[2 * page] = 1;
    const auto start = reinterpret_cast<std::uintptr_t>(memory);

    std::uint64_t pages = 0;
    std::string name;
    bool stopped = false;
    const maps_read read = read_numa_maps(0, [&](const numa_map& map) {
        EXPECT_FALSE(stopped);
        if (map.start == start) {
            name = map.name;
            for (const auto& [node, count] : map.pages) {
                pages += count * map.page_bytes / page;
            }
        }
        stopped = map.start >= start;
        return !stopped;
    });
    ::munmap(memory, 4 * page);
    ::close(fd);
    if (read.read.absent()) {
        GTEST_SKIP() << "a kernel without NUMA";
    }
    EXPECT_TRUE(stopped);
    EXPECT_EQ(pages, 3U);
    EXPECT_EQ(name, "/memfd:a name (deleted)");
    EXPECT_EQ(read.malformed, 0U);
}

TEST(read_maps, understands_every_line_of_this_process) {
    const auto here = reinterpret_cast<std::uintptr_t>(&testing::UnitTest::GetInstance);
    bool found = false;
    const maps_read read = read_maps(0, [&](const process_map& map) {
        found = found || (map.start <= here && here < map.end);
        return true;
    });
    EXPECT_TRUE(read.read);
    EXPECT_EQ(read.malformed, 0U);
    EXPECT_TRUE(found);
}

TEST(read_maps, a_process_that_is_not_there_is_absent) {
    EXPECT_TRUE(read_maps(0x7fffffff, [](const process_map&) { return true; }).read.absent());
}

} // namespace
} // namespace hetmem::kernel
