// c/handles.hpp: what is behind the opaque handles of <hetmem/hetmem.h>.
#pragma once

#include "c/barrier.hpp"

#include <hetmem/hetmem.h>
#include <hetmem/placement.hpp>
#include <hetmem/pool.hpp>
#include <hetmem/region.hpp>
#include <hetmem/residency.hpp>
#include <hetmem/topology.hpp>

#include <memory>
#include <utility>

struct hetmem_topology {
    hetmem::topology value;
};

struct hetmem_placement {
    hetmem::placement value;
};

struct hetmem_residency {
    hetmem::residency value;
};

struct hetmem_region {
    hetmem::region value;
};

namespace hetmem::c {

/// Gives a value to the caller, in a handle of its own.
template <class Handle, class Value> void hand_out(Handle** out, Value&& value) {
    need(out, "out") = std::make_unique<Handle>(Handle{std::forward<Value>(value)}).release();
}

// A pool's handle is the pool itself, so that hetmem_pool_of() answers for pools made in C++ too.
inline pool* unwrap(hetmem_pool* handle) {
    return reinterpret_cast<pool*>(handle);
}
inline const pool* unwrap(const hetmem_pool* handle) {
    return reinterpret_cast<const pool*>(handle);
}
inline hetmem_pool* wrap(pool* from) {
    return reinterpret_cast<hetmem_pool*>(from);
}

/// Of a ranking's options, for hetmem_rank() and hetmem_placement_best().
criterion criterion_of(int number);
rank_options rank_options_of(const topology& machine, const hetmem_rank_options* given);
/// Of regions and pools.
page_size page_size_of(int number);

} // namespace hetmem::c
