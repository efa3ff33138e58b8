// kernel/cpu_tree.hpp: packages, dies, cores, hardware threads and their caches
// (/sys/devices/system/cpu/cpuN/{topology,cache}).
//
//     cpu_tree processors = read_cpu_tree(reader);
//     for (const cpu_group& core : processors.cores) { use(core.id, core.cpus); }
#pragma once

#include "kernel/rooted.hpp"

#include <hetmem/id_set.hpp>

#include <cstdint>
#include <optional>
#include <vector>

namespace hetmem::kernel {

/// CPUs that make up one thing, and the number that the kernel has for it; nothing when it says
/// that it does not know (-1). Numbers of dies and cores are unique within their package only.
struct cpu_group {
    std::optional<unsigned> id;
    id_set cpus;
    friend bool operator==(const cpu_group&, const cpu_group&) = default;
};

struct cpu_cache {
    unsigned level = 0;
    char type = 'U'; ///< 'D'ata, 'I'nstruction, 'U'nified
    std::optional<unsigned> id;
    std::uint64_t size_bytes = 0; ///< 0: unknown
    unsigned line_bytes = 0;      ///< 0: unknown
    unsigned ways = 0;            ///< 0: unknown
    id_set cpus;
    friend bool operator==(const cpu_cache&, const cpu_cache&) = default;
};

/// All lists are in the order of their first CPU, and hold only CPUs that are online.
struct cpu_tree {
    id_set online;
    std::vector<cpu_group> packages;
    std::vector<cpu_group> dies; ///< where the kernel knows of more than one in a package
    std::vector<cpu_group> cores;
    std::vector<cpu_cache> caches; ///< each once
};

/// What is missing stays empty; a CPU without topology files is a core and a package of its own.
cpu_tree read_cpu_tree(const rooted_reader& reader);

} // namespace hetmem::kernel
