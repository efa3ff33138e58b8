// memory/remap.hpp: memory that the kernel cannot move, replaced by a copy at the same address.
#pragma once

#include "memory/address_range.hpp"

#include <hetmem/units.hpp>

#include <functional>

namespace hetmem::detail {

/// Copies by several threads; `progress` (may be empty) is called from this thread and stops it by
/// returning false. Whether all was copied.
bool copy_bytes(byte_range from, std::byte* to, unsigned threads,
                const std::function<bool(byte_size done, byte_size total)>& progress);

/// A reservation (reserve_space) whose mappings are moved over those of another range of the same
/// length, one mapping at a time. Each replaces its part at once: whoever looks sees the old
/// mapping or the new one, never none. What the reservation has left goes with the object.
class replacement {
public:
    replacement() { left_.reserve(1); } // so that taking what was reserved cannot fail
    replacement(const replacement&) = delete;
    replacement& operator=(const replacement&) = delete;
    ~replacement();

    void take(byte_range space) noexcept {
        space_ = space;
        left_.push_back(space);
    }
    byte_range space() const { return space_; }
    /// 0, or the errno value of what stopped it; replaced() bytes are of the new mappings then.
    int put_at(std::byte* place);
    std::uint64_t replaced() const { return space_.length - total(left_); }

private:
    byte_range space_;
    byte_ranges left_;
};

/// The mappings within a range, cut to it.
struct mapped_part {
    byte_range range;
    bool of_file = false; ///< of a file, and not of a dax device
};
std::vector<mapped_part> mappings_in(byte_range range);

} // namespace hetmem::detail
