#include "kernel/smaps.hpp"

#include "tests/support/tree.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include <sys/mman.h>
#include <unistd.h>

namespace hetmem::kernel {
namespace {

constexpr std::uint64_t mib = std::uint64_t{1} << 20U;

std::string mapping(const std::string& range, const std::string& page, const std::string& huge) {
    return range +
           " rw-p 00000000 00:00 0 \nSize:              999999 kB\nKernelPageSize:        " + page +
           " kB\nMMUPageSize:           4 kB\nRss:                4096 kB\nAnonHugePages:     " +
           huge + " kB\nVmFlags: rd wr mr mw me ac \n";
}

/// A machine whose program has three mappings: 4 MiB with one huge page in it, 8 MiB of a pool, and
/// 4 MiB that are all of huge pages.
mapped_pages of(std::uint64_t start, std::uint64_t length) {
    test::tree machine;
    machine.write("sys/kernel/mm/transparent_hugepage/hpage_pmd_size", "2097152\n");
    machine.write("proc/self/smaps", mapping("10000000-10400000", "4", "2048") +
                                         mapping("20000000-20800000", "2048", "0") +
                                         mapping("30000000-30400000", "4", "4096"));
    return read_mapped_pages(rooted_reader(machine.root()), start, length);
}

TEST(Smaps, TellsThePagesOfMostOfARange) {
    EXPECT_EQ(of(0x30000000, 4 * mib), (mapped_pages{2 * mib, 100}));
    EXPECT_EQ(of(0x20000000, 8 * mib), (mapped_pages{2 * mib, 100}));
    EXPECT_EQ(of(0x10000000, 4 * mib), (mapped_pages{2 * mib, 50}));
}

TEST(Smaps, CountsOnlyMappingsOfTheRange) {
    EXPECT_EQ(of(0x18000000, 4 * mib), mapped_pages());
    EXPECT_EQ(of(0x10000000, 0x30400000 - 0x10000000), (mapped_pages{2 * mib, 87}));
    EXPECT_EQ(of(0x0fff0000, mib), (mapped_pages{2 * mib, 50}));
}

TEST(Smaps, TellsNothingOfWhatIsNotThere) {
    test::tree machine;
    EXPECT_EQ(read_mapped_pages(rooted_reader(machine.root()), 0, mib), mapped_pages());
    machine.write("proc/self/smaps",
                  "10000000-10400000 rw-p 00000000 00:00 0 \nKernelPageSize: x\n");
    EXPECT_EQ(read_mapped_pages(rooted_reader(machine.root()), 0x10000000, mib), mapped_pages());
}

TEST(Smaps, SeesBasePagesOfThisProcess) {
    constexpr std::size_t length = 4 * mib;
    void* const start =
        ::mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(start, MAP_FAILED);
    ::madvise(start, length, MADV_NOHUGEPAGE);
    static_cast<volatile char*>(start)[0] = 1;
    const mapped_pages found =
        read_mapped_pages(rooted_reader("/"), reinterpret_cast<std::uintptr_t>(start), length);
    EXPECT_EQ(found.page_bytes, static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
    EXPECT_EQ(found.percent, 100U);
    ::munmap(start, length);
}

} // namespace
} // namespace hetmem::kernel
