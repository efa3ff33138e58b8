// memory/grants.hpp: what a pool holds, and which leg of its placement each part came from.
//
// A grant is a range that was committed at once, with the bytes that each leg gave. Giving all of
// it back is exact; of a part of a grant from several legs, somebody has to say what it was (see
// remove()). Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <vector>

namespace hetmem::detail {

class grants {
public:
    using leg_bytes = std::vector<std::uint64_t>; ///< one for each leg

    explicit grants(std::size_t legs) : totals_(legs) {}

    /// Throws std::bad_alloc, with nothing changed.
    void add(std::uintptr_t start, std::size_t length, leg_bytes from);

    /// Whether taking this range away needs to know which legs' memory it is.
    bool splits_legs(std::uintptr_t start, std::size_t length) const;

    /// Takes a range away that was added, in one or several pieces. `seen` is what of it was
    /// counted on each leg, where that matters (splits_legs); what it leaves open is taken from the
    /// last legs first, as a chain fills them last. The sums stay right in any case. Returns how
    /// many bytes of the range were held. Throws std::bad_alloc when a grant would have to be split
    /// and that cannot be recorded.
    std::uint64_t remove(std::uintptr_t start, std::size_t length, const leg_bytes& seen = {});

    /// Nothing is held.
    void clear() noexcept;

    const leg_bytes& totals() const { return totals_; }

    struct range {
        std::uintptr_t start = 0;
        std::size_t length = 0;
    };
    /// What is held, ascending; neighbours are one.
    std::vector<range> ranges() const;

private:
    struct grant {
        std::size_t length = 0;
        leg_bytes from;
    };

    std::map<std::uintptr_t, grant> all_;
    leg_bytes totals_;
};

} // namespace hetmem::detail
