#include "memory/populate.hpp"

#include "kernel/policy.hpp"
#include "memory/landing.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <sys/mman.h>

namespace hetmem::detail {

namespace {

/// Counts a piece as taken until it is there or given up.
class admission {
public:
    admission(guard& watch, std::uint64_t bytes) : watch_(watch), bytes_(bytes) {}
    admission(const admission&) = delete;
    admission& operator=(const admission&) = delete;
    ~admission() { watch_.finished(bytes_); }

private:
    guard& watch_;
    std::uint64_t bytes_;
};

} // namespace

std::optional<shortfall> populate_piece(byte_range piece, const guard::request& limits,
                                        guard& watch) {
    guard::request request = limits;
    request.bytes = piece.length;
    if (std::optional<shortfall> refused = watch.admit(request)) {
        return refused;
    }
    const admission taken(watch, piece.length);
    const int failed = kernel::populate(piece.start, piece.length);
    bool landed = failed == 0;
    if (landed && request.node && !ends_landed(piece, *request.node)) {
        const placed_range placed{piece, *request.node};
        landed = still_strayed(std::span(&placed, 1), huge_page, false).empty();
    }
    if (landed) {
        return std::nullopt;
    }
    ::madvise(piece.start, piece.length, MADV_DONTNEED);
    if (failed == EINVAL) {
        throw error(failed, "madvise(MADV_POPULATE_WRITE), which Linux has since 5.14");
    }
    shortfall why = watch.room(request);
    if (why.available >= piece.length) {
        // It looked as if there were room, and there was none: other programs took it, or what
        // counts as available cannot be had.
        why.available = 0;
        why.what += failed == 0 ? ", but the kernel placed pages elsewhere and could not move them"
                                : fmt::format(", but populating failed: {}",
                                              std::generic_category().message(failed));
    }
    return why;
}

} // namespace hetmem::detail
