// memory/migrate.hpp: moving pages that are in use.
//
// The kernel moves them while their users go on; this decides which page goes to which leg, in
// pieces, by several threads, and counts. move_pages(2) takes memory on the named node or fails: it
// never strays and never calls the OOM killer. mbind(2) needs no list of pages, which makes it
// faster; its pages may stray, so it is used where they can be found and brought back.
#pragma once

#include <hetmem/placement.hpp>
#include <hetmem/region.hpp>

#include <sys/types.h>

#include <cstdint>
#include <span>

namespace hetmem::detail {

/// Addresses in the process that is meant.
struct address_run {
    std::uint64_t start = 0;
    std::uint64_t length = 0; ///< whole pages
};

/// Moves the pages that are present in `runs` of process `pid` (0: this one) to the nodes of `to`:
/// for bind, chain, best and prefer the first leg up to its headroom, then the next (pages that are
/// on the leg already count and stay); for interleave in stripes of 2 MiB by weight, counted from
/// the start of each run. all_or_nothing: what was moved is moved back to where it was, and
/// target_full is thrown with strayed() set to what could not be. Mappings of this process (pid 0)
/// may have another memory policy afterwards, which the caller sets anyway; after an exception they
/// have the old one. Legs that are not nodes: EINVAL.
/// Throws not_permitted when the kernel or a seccomp filter refuses, hetmem::error (ESRCH).
migration migrate_pages(pid_t pid, std::span<const address_run> runs, const placement& to,
                        const migrate_options& options);

} // namespace hetmem::detail
