#include "memory/huge_mapping.hpp"

#include "kernel/available.hpp"
#include "memory/words.hpp"

#include <hetmem/error.hpp>

#include <bit>
#include <cerrno>

#include <fmt/format.h>
#include <sys/mman.h>

#ifndef MAP_HUGE_SHIFT
#define MAP_HUGE_SHIFT 26
#endif

namespace hetmem::detail {

namespace {

void* map(void* at, std::size_t length, page_size pages, int more_flags) {
    const std::size_t page = pages == page_size::huge_1g ? giant_page : huge_page;
    const int size_flag = std::countr_zero(page) << MAP_HUGE_SHIFT;
    return ::mmap(at, length, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | size_flag | more_flags, -1, 0);
}

void keep_from_children(byte_range range, const backing_options& options) {
    if (!options.keep_on_fork && ::madvise(range.start, range.length, MADV_DONTFORK) != 0) {
        throw error(errno, "madvise(MADV_DONTFORK)");
    }
}

} // namespace

bool map_huge_pages(byte_range range, const backing_options& options) {
    if (map(range.start, range.length, options.pages, MAP_FIXED | MAP_NORESERVE) == MAP_FAILED) {
        return false;
    }
    keep_from_children(range, options);
    return true;
}

bool reserve_huge_pages(byte_range range, const backing_options& options) {
    // Elsewhere first: a pool that is too small is found out only after MAP_FIXED has unmapped what
    // was there, when another thread may already have taken the address.
    void* const got = map(nullptr, range.length, options.pages, 0);
    if (got == MAP_FAILED) {
        return false;
    }
    if (::mremap(got, range.length, range.length, MREMAP_MAYMOVE | MREMAP_FIXED, range.start) ==
        MAP_FAILED) {
        const int failed = errno;
        ::munmap(got, range.length);
        throw error(failed, "mremap of huge pages");
    }
    keep_from_children(range, options);
    return true;
}

shortfall huge_pool_room(unsigned node, std::size_t page, std::uint64_t headroom) {
    const std::string_view name = page == giant_page ? "1 GiB" : "2 MiB";
    const auto pool = kernel::read_huge_pool(node, page);
    if (!pool) {
        return {shortage::huge_page_pool, fmt::format("node{} has no pool of {} pages", node, name),
                0};
    }
    const std::uint64_t free = pool->free * page;
    shortfall out{shortage::huge_page_pool,
                  fmt::format("the pool of {} pages of node{} has {} of {} free", name, node,
                              pool->free, pool->total),
                  free > headroom ? free - headroom : 0};
    if (headroom != 0) {
        out.what += fmt::format(" and keeps {}", in_words(headroom));
    }
    out.what += fmt::format(" (/sys/devices/system/node/node{}/hugepages/hugepages-{}kB/"
                            "nr_hugepages makes it larger)",
                            node, page >> 10);
    return out;
}

} // namespace hetmem::detail
