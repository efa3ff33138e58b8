// memory/backing.hpp: address space, and memory put into it leg by leg as a placement says.
//
// What region and pool have in common. A `backing` is a placement made ready for one page size. It
// reserves address space (PROT_NONE: no promise of memory) and commits parts of it: strictly, all
// or nothing, by asking the legs in order. A leg supplies as much as it can; what it leaves is a
// list of ranges for the next one.
//
//     backing memory(placement, {.pages = page_size::transparent});
//     auto range = memory.reserve(size, alignment);
//     commitment got = memory.commit(range.data(), range.size());      // throws target_full
//     memory.decommit(range.data(), range.size());
//
// Thread-safe: several threads may commit different parts at once.
#pragma once

#include <hetmem/placement.hpp>
#include <hetmem/region.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace hetmem::detail {

/// No leg and no overflow that a forked child would share instead of getting a copy of, and that
/// the kernel cannot move.
bool of_nodes_only(const placement& where);

struct backing_options {
    page_size pages = page_size::transparent;
    bool contiguous = false;
    bool zeroed = true;
    bool keep_on_fork = false;
    unsigned threads = 0;
    byte_size reserve = byte_size::from_mib(32);
};

/// What a commit put where, by index into placement::legs(), then overflow().
struct commitment {
    std::vector<std::uint64_t> bytes; ///< one a leg
    bool zeroed = true;               ///< all of it reads as zero
};

class backing {
public:
    /// Opens what can be opened early; throws as region's constructor does for options that
    /// contradict the placement.
    backing(const placement& where, const backing_options& options);
    ~backing();
    backing(const backing&) = delete;
    backing& operator=(const backing&) = delete;

    const placement& where() const;
    /// The unit of commit and decommit that suits many small ones: 4 KiB (base), 2 MiB, 1 GiB, or
    /// the dax device's alignment.
    std::size_t granule() const;
    /// The smallest unit that commit takes: as granule(), but 4 KiB for transparent huge pages too.
    std::size_t page() const;

    /// Throws target_full (shortage::system) when there is no address space. `alignment` 0:
    /// granule.
    std::span<std::byte> reserve(std::size_t length, std::size_t alignment = 0);
    /// All of the range, or an exception and nothing of it. Lazily for placement_kind::prefer.
    /// Afterwards the mapping has a preferred policy (never bind) where it is of nodes.
    commitment commit(std::byte* start, std::size_t length);
    /// Gives the memory back; the address space stays reserved.
    void decommit(std::byte* start, std::size_t length) noexcept;
    /// A whole reservation.
    void release(std::byte* start, std::size_t length) noexcept;

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace hetmem::detail
