// kernel/cpuset_slices.hpp: which nodes the programs of each cgroup at the top may use
// (/sys/fs/cgroup/*/cpuset.mems.effective, version 2).
//
// Below the top a cgroup has at most what the one above it has: where every one at the top lacks a
// node, and no program is outside of them, nobody's ordinary memory lands on it.
#pragma once

#include "kernel/rooted.hpp"

#include <hetmem/id_set.hpp>

#include <optional>
#include <string>
#include <vector>

namespace hetmem::kernel {

struct cpuset_slice {
    std::string name;           ///< "system.slice"
    std::optional<id_set> mems; ///< nothing: it is not limited
};

struct cpuset_slices {
    /// There are cgroups of version 2, and this is their root and not that of a container.
    bool known = false;
    std::vector<cpuset_slice> slices; ///< in natural order of the names
    /// Programs in no cgroup but the root, where nothing limits them. Kernel threads do not count.
    bool programs_outside = false;

    /// Those whose programs may use a node; "the root cgroup" for programs outside.
    std::vector<std::string> open_to(unsigned node) const;
};

cpuset_slices read_cpuset_slices(const rooted_reader& reader);

} // namespace hetmem::kernel
