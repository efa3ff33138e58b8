// publish/cpu_objects.hpp: packages, dies, caches, cores and hardware threads as a tree of sets of
// CPUs, to which memory is attached: what hwloc makes of a machine.
#pragma once

#include "kernel/cpu_tree.hpp"

#include <hetmem/id_set.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace hetmem::detail {

struct cpu_object {
    std::string type; ///< as hwloc calls it: "Package", "L2Cache", "PU"
    id_set cpus;
    std::optional<unsigned> os_index;
    std::string attributes; ///< of a cache, as in hwloc's XML, with a space before each
    std::vector<cpu_object> children;
    std::vector<std::size_t> memories; ///< attached here, in their order
};

class cpu_objects {
public:
    /// Of things that overlap without one holding the other, the larger is kept.
    explicit cpu_objects(const kernel::cpu_tree& processors);

    const cpu_object& root() const { return root_; }

    /// Attaches a memory to the outermost object that has exactly these CPUs; where none has, to a
    /// new group of them, or to what holds them when a group would cut through something. No CPUs:
    /// to the machine.
    void attach_memory(std::size_t memory, const id_set& cpus);

private:
    cpu_object root_;
};

} // namespace hetmem::detail
