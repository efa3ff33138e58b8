#include "kernel/memory_map.hpp"

#include "tests/support/tree.hpp"

#include <gmock/gmock.h>

namespace hetmem::kernel {
namespace {

using test::tree;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t mib = std::uint64_t{1} << 20;

TEST(memory_map, of_the_firmware_by_address) {
    const tree files({
        {"sys/firmware/memmap/0/start", "0x100000\n"},
        {"sys/firmware/memmap/0/end", "0x3fffffff\n"},
        {"sys/firmware/memmap/0/type", "System RAM\n"},
        {"sys/firmware/memmap/10/start", "0x0\n"},
        {"sys/firmware/memmap/10/end", "0xfffff\n"},
        {"sys/firmware/memmap/10/type", "Reserved\n"},
        {"proc/iomem", "100000000-1ffffffff : System RAM\n"},
    });
    const memory_map map = read_memory_map(rooted_reader(files.root()));
    EXPECT_TRUE(map.read);
    EXPECT_THAT(map.ranges, ElementsAre(memory_map_range{0, mib, "Reserved"},
                                        memory_map_range{mib, 1023 * mib, "System RAM"}));
}

TEST(memory_map, of_the_kernel_where_firmware_shows_none) {
    const tree files({{"proc/iomem", "00100000-3fffffff : System RAM\n"
                                     "  01000000-01ffffff : Kernel code\n"
                                     "40000000-5fffffff : Soft Reserved\n"}});
    const memory_map map = read_memory_map(rooted_reader(files.root()));
    EXPECT_FALSE(map.hidden);
    EXPECT_THAT(map.ranges, ElementsAre(memory_map_range{mib, 1023 * mib, "System RAM"},
                                        memory_map_range{1024 * mib, 512 * mib, "Soft Reserved"}));
}

TEST(memory_map, what_is_hidden_is_not_memory_at_address_zero) {
    const tree files({{"proc/iomem", "00000000-00000000 : System RAM\n"}});
    const memory_map map = read_memory_map(rooted_reader(files.root()));
    EXPECT_TRUE(map.hidden);
    EXPECT_THAT(map.ranges, IsEmpty());
}

TEST(memory_map, absent_and_garbage) {
    EXPECT_TRUE(read_memory_map(rooted_reader(tree().root())).read.absent());
    const tree files({
        {"sys/firmware/memmap/0/start", "0x10\n"},
        {"sys/firmware/memmap/0/end", "0x0\n"},
        {"sys/firmware/memmap/0/type", "System RAM\n"},
        {"sys/firmware/memmap/1/start", "0x10\n"},
        {"sys/firmware/memmap/2/start", "0x0\n"},
        {"sys/firmware/memmap/2/end", "0xffffffffffffffff\n"},
        {"sys/firmware/memmap/2/type", "System RAM\n"},
    });
    EXPECT_THAT(read_memory_map(rooted_reader(files.root())).ranges, IsEmpty());
}

} // namespace
} // namespace hetmem::kernel
