// kernel/smaps.hpp: /proc/self/smaps, in what pages memory of this process really is.
//
//     const mapped_pages is = read_mapped_pages(reader, address, length);
//     is.page_bytes;     // 2097152: most of it is in such pages
//
// A mapping has pages of one size (KernelPageSize: pools of huge pages, dax devices) or base pages,
// of which the kernel may have joined some to huge ones (AnonHugePages;
// Documentation/filesystems/proc.rst).
#pragma once

#include "kernel/rooted.hpp"

#include <cstdint>
#include <string_view>

namespace hetmem::kernel {

struct mapped_pages {
    std::uint64_t page_bytes = 0; ///< of most of it; 0: nothing was found
    unsigned percent = 0;         ///< how much of it has that, rounded down
    friend bool operator==(const mapped_pages&, const mapped_pages&) = default;
};

/// Of the mappings that a range lies in, whole ones (a neighbour may be joined to one). A page that
/// is not present counts as one of the mapping's size.
/// Reads no further than the range.
mapped_pages read_mapped_pages(const rooted_reader& reader, std::uint64_t start,
                               std::uint64_t length);

/// The same from the text of such a file, where pages are joined to `joined_bytes`.
mapped_pages parse_mapped_pages(std::string_view smaps, std::uint64_t joined_bytes,
                                std::uint64_t start, std::uint64_t length);

} // namespace hetmem::kernel
