// memory/page_mover.hpp: moving pages of a process to one node, whatever their size and state.
//
// One address moves a whole transparent huge page, while small pages need an address each. Which of
// them are there is not known, and asking costs as much as a sixth of the move. So the first page
// of each 2 MiB is moved and a few others are looked at: where they came along it was a huge page,
// and elsewhere all pages are moved. After memory of
// small pages a few ranges are taken to be of such without a look.
//
// move_pages(2) gives up in the middle, and then tells nothing, when the node is full (ENOMEM) or a
// page is in use by the kernel (EAGAIN): what is left is asked for, and tried again in smaller
// lists. On Linux before 6.6 it does not find pages that NUMA balancing has marked: those are
// unmarked.
#pragma once

#include "memory/address_range.hpp"
#include "memory/page_places.hpp"

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace hetmem::detail {

/// Pages that stayed where they were; bytes.
struct stayed {
    std::uint64_t shared = 0; ///< other processes map them too
    std::uint64_t busy = 0;   ///< in use by the kernel just now

    stayed& operator+=(const stayed& other) {
        shared += other.shared;
        busy += other.busy;
        return *this;
    }
};

class page_mover {
public:
    /// pid 0: this process.
    explicit page_mover(pid_t pid) : pid_(pid), places_(pid) {}

    /// Moves what is there of the pages; gives back those for which the node had no room. Throws
    /// not_permitted, target_lost, hetmem::error (ESRCH).
    std::vector<void*> move(std::vector<void*> pages, unsigned node);
    /// All pages of a range, of which most are there. May overlook a page of a 2 MiB block whose
    /// first, second, middle and last pages are on the node.
    std::vector<void*> move_blocks(std::span<const byte_range> ranges, unsigned node);
    /// The pages that are there and for which `wanted(node)` holds, with the node of each; pages
    /// whose place the kernel keeps to itself are left out.
    struct located {
        std::vector<void*> pages;
        std::vector<unsigned> nodes;
    };
    located locate(std::span<const byte_range> ranges,
                   const std::function<bool(unsigned node)>& wanted);
    /// The parts of a range that have pages; the range itself when that cannot be told.
    byte_ranges populated(byte_range range);

    const stayed& left() const { return left_; }
    /// Bytes of pages of which the kernel said, each by itself, that they are on the node now.
    std::uint64_t confirmed() const { return confirmed_; }

private:
    std::vector<void*> not_there_yet(std::span<void* const> pages, std::span<const int> status,
                                     int node);
    void move_halves(std::span<void* const> pages, unsigned node, std::vector<void*>& without_room);

    pid_t pid_;
    page_places places_;
    stayed left_;
    std::uint64_t confirmed_ = 0;
    unsigned small_for_ = 0; ///< so many more ranges are taken to be of small pages
};

/// The addresses of all (small) pages of a range.
void add_pages(byte_range range, std::vector<void*>& pages);

} // namespace hetmem::detail
