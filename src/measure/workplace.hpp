// measure/workplace.hpp: the memory of one target that all its cells use in turn.
#pragma once

#include "measure/caches.hpp"
#include "measure/chase.hpp"
#include "measure/test_buffer.hpp"

#include <hetmem/measure.hpp>
#include <hetmem/topology.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace hetmem::detail {

/// Two areas: making a cycle through a gigabyte in random order takes long, so that nothing else
/// uses that memory. All other metrics share the second.
struct area_sizes {
    byte_size random;
    byte_size common;
    friend bool operator==(const area_sizes&, const area_sizes&) = default;
};

/// What these metrics want, no less than they need, of what can be had. `caches`: of all the
/// initiators that measure. Throws hetmem::error (EINVAL) for a buffer that was asked for and is
/// too small, target_full when there is not enough room.
area_sizes sizes_of_areas(const target& memory, const std::vector<last_level>& caches,
                          const std::vector<metric>& metrics, const measure_options& options,
                          byte_size room);

class workplace {
public:
    /// Throws what test_buffer throws.
    workplace(const topology& machine, target_id memory, const area_sizes& sizes, bool destroy);

    target_id memory() const { return memory_; }
    const test_buffer& buffer() const { return buffer_; }
    byte_size random_size() const { return sizes_.random; }
    byte_size common_size() const { return sizes_.common; }
    /// Not smaller than that, at the expense of the other area: for a cache that turned out larger.
    void enlarge_common(byte_size least);

    /// Made when it is not there any more.
    chase& local_chase();
    chase& random_chase();
    /// For streams; `written`: what is in it will be lost.
    std::span<std::byte> common(bool written);
    /// All of it; what is in it will be lost.
    std::span<std::byte> everything();
    /// The first area, for a chase local to the TLB beside which the second is in use.
    chase chase_beside();

private:
    std::span<std::byte> random_area() const;
    std::span<std::byte> common_area() const;

    target_id memory_;
    area_sizes sizes_;
    test_buffer buffer_;
    std::optional<chase> local_;
    std::optional<chase> random_;
};

} // namespace hetmem::detail
