#include "memory/remap.hpp"

#include "kernel/numa_maps.hpp"
#include "memory/pieces.hpp"

#include <hetmem/error.hpp>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>

#include <sys/mman.h>

namespace hetmem::detail {

bool copy_bytes(byte_range from, std::byte* to, unsigned threads,
                const std::function<bool(byte_size done, byte_size total)>& progress) {
    constexpr std::size_t between_reports = std::size_t{64} << 20;
    const byte_size all = byte_size::from_bytes(from.length);
    for (std::size_t at = 0; at < from.length; at += between_reports) {
        const byte_range part{from.start + at, std::min(between_reports, from.length - at)};
        in_pieces(std::span(&part, 1), {.threads = threads_for(part.length, threads)}, [&] {
            return [&](byte_range piece) {
                std::memcpy(to + (piece.start - from.start), piece.start, piece.length);
                return piece_result::done;
            };
        });
        if (progress && !progress(byte_size::from_bytes(at + part.length), all)) {
            return false;
        }
    }
    return true;
}

std::vector<mapped_part> mappings_in(byte_range range) {
    const auto low = std::bit_cast<std::uintptr_t>(range.start);
    const auto high = low + range.length;
    std::vector<mapped_part> out;
    const kernel::maps_read got = kernel::read_maps(0, [&](const kernel::process_map& map) {
        if (map.end > low && map.start < high) {
            const std::uint64_t start = std::max(map.start, low);
            const std::uint64_t end = std::min(map.end, high);
            out.push_back({{range.start + (start - low), end - start},
                           map.inode != 0 && !map.path.starts_with("/dev/dax")});
        }
        return map.start < high;
    });
    if (!got.read) {
        throw error(got.read.errno_value, "/proc/self/maps");
    }
    return out;
}

replacement::~replacement() {
    // Not the whole range: where a mapping was moved away somebody else's may be by now.
    for (const byte_range& range : left_) {
        ::munmap(range.start, range.length);
    }
    if (space_.length != 0) {
        ::munmap(space_.end(), base_page); // the page behind, see reserve_space
    }
}

int replacement::put_at(std::byte* place) {
    // What is known is how the parts lie before the first is moved: moved ones are nobody's.
    for (const mapped_part& part : mappings_in(space_)) {
        std::byte* const to = place + (part.range.start - space_.start);
        if (::mremap(part.range.start, part.range.length, part.range.length,
                     MREMAP_MAYMOVE | MREMAP_FIXED, to) == MAP_FAILED) {
            return errno;
        }
        left_ = without(left_, byte_ranges{part.range});
    }
    return 0;
}

} // namespace hetmem::detail
