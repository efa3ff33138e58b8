// measure/caches.hpp: how much of a buffer the caches of some CPUs could hold.
//
//     const last_level cache = read_last_level(reader, cpus);
//     cache.largest;     // what a chase on one of them must exceed
//     cache.together;    // what streams on all of them must exceed
#pragma once

#include "kernel/rooted.hpp"

#include <hetmem/id_set.hpp>
#include <hetmem/units.hpp>

namespace hetmem::detail {

/// Taken where the kernel tells of no cache of level 3: a virtual machine that hides it looks like
/// a machine that has none, and too large costs only time.
inline constexpr byte_size assumed_last_level = byte_size::from_mib(64);

/// The last-level caches that CPUs reach.
struct last_level {
    byte_size largest;  ///< one of them
    byte_size together; ///< each counted once
    bool known = false; ///< as the kernel (or the hypervisor) says; false: at least assumed
    friend bool operator==(const last_level&, const last_level&) = default;
};

/// From cpuN/cache/index*; never 0.
last_level read_last_level(const kernel::rooted_reader& reader, const id_set& cpus);

} // namespace hetmem::detail
