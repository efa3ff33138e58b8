// memory/page_places.hpp: on which node single pages are, as well as the kernel can be made to
// tell.
//
// The page query (move_pages(2) without targets) has three gaps. Linux before 6.6 answers "absent"
// for a page that NUMA balancing has marked for its next hinting fault; a container's seccomp
// filter forbids the call; and -ENOENT or -EFAULT alone prove nothing: marked huge pages and the
// kernel's page of zeroes get -EFAULT alike. So each page without an answer is looked up in
// /proc/PID/pagemap (Documentation/admin-guide/mm/pagemap.rst), which tells presence, and of a page
// that one process has or that is of a file that it is a page of memory; ordinary users may read
// it.
#pragma once

#include "kernel/rooted.hpp"

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <vector>

namespace hetmem::detail {

/// Instead of a node number.
inline constexpr int absent_page = -1;
inline constexpr int unknown_page = -2; ///< there, but where is not told

/// Asks about one process; use from one thread.
class page_places {
public:
    /// pid 0: this process.
    explicit page_places(pid_t pid);

    /// `places` gets the node of each page, absent_page or unknown_page. 0, or why the kernel did
    /// not answer: then the pages are only told present (unknown_page) or absent.
    int ask(std::span<void* const> pages, std::span<int> places);

    /// The same, with marked pages unmarked and asked again, also where they are marked anew
    /// meanwhile: what remains unknown is kept from everybody (memory that was made inaccessible,
    /// say).
    int ask_firmly(std::span<void* const> pages, std::span<int> places);

    /// Makes the kernel forget its mark on pages that are there, as their next use would: so they
    /// can be asked for (and moved) where marks hide them. May move them, as NUMA balancing does.
    void unmark(std::span<void* const> pages);

    /// Whether each page from `start` on is there; false when this cannot be told.
    bool present(std::uint64_t start, std::span<bool> there);

private:
    bool read_entries(std::uint64_t start, std::size_t count);
    void look_up(std::span<void* const> pages, std::span<int> places);
    /// Unmarks pages and asks at once; `open` are the ones without an answer, of which those that
    /// still have none are kept.
    void ask_again(std::span<void* const> pages, std::span<int> places,
                   std::vector<std::size_t>& open, std::size_t at_once, bool believe_zeroes);

    pid_t pid_;
    kernel::unique_fd pagemap_;
    std::vector<std::uint64_t> entries_;
};

} // namespace hetmem::detail
