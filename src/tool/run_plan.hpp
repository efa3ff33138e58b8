// src/tool/run_plan.hpp: how a program that knows nothing of placements can be made to keep one.
//
//     const run_plan plan = plan_run(hetmem::chain(machine, {"hbm", "node0"}), {});
//     plan.by == mechanism::preload;      plan.malloc_placement == "chain:2,0"
//
// The kernel keeps a policy of the whole process, with its stacks, mappings and children, but knows
// neither a caller's order nor weights for one program, and no devices: these are left to the
// preloaded malloc, which places what malloc hands out.
#pragma once

#include <hetmem/id_set.hpp>
#include <hetmem/placement.hpp>
#include <hetmem/units.hpp>

#include <optional>
#include <string>
#include <vector>

namespace hetmem::tool {

enum class mechanism : std::uint8_t {
    preferred,  ///< set_mempolicy(2), MPOL_PREFERRED
    bind,       ///< MPOL_BIND: the kernel kills when the memory is full
    interleave, ///< MPOL_INTERLEAVE: all weights are equal
    preload,    ///< libhetmem-malloc.so
};

struct run_wishes {
    bool hard = false;
    std::optional<byte_size> large = std::nullopt; ///< smaller blocks are not placed
    std::optional<byte_size> headroom = std::nullopt;
};

struct run_plan {
    mechanism by{};
    id_set nodes;                 ///< of the kernel's policy
    std::string malloc_placement; ///< HETMEM_MALLOC: src/preload/settings.hpp has its form
    std::string remark;           ///< what cannot be promised, in a sentence
};

/// Throws hetmem::error (EINVAL) for what neither can do.
run_plan plan_run(const placement& where, const run_wishes& wishes);

} // namespace hetmem::tool
