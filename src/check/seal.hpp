// check/seal.hpp: whether ordinary allocations can land in a memory that is scarce.
//
//     const seal_facts facts = read_seal_facts(reader);
//     for (const target* memory : scarce_memories(machine)) {
//         const seal_verdict verdict = judge_seal(*memory, facts);
//     }
//
// Scarce is what is held back, and what is not the memory of processors and either of another kind
// than dram or faster than theirs. Ordinary is what nobody bound: malloc, the page cache, the
// kernel's own. Who names such a memory may always have it.
#pragma once

#include "check/finding.hpp"
#include "check/linux_model.hpp"

#include "kernel/block_zones.hpp"
#include "kernel/cpuset_slices.hpp"
#include "kernel/node.hpp"
#include "kernel/rooted.hpp"
#include "kernel/tier.hpp"

#include <hetmem/topology.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace hetmem::detail {

std::vector<const target*> scarce_memories(const topology& machine);

/// What decides.
struct seal_facts {
    linux_version version;
    std::map<unsigned, kernel::block_zones> zones; ///< of the nodes that were asked for
    std::map<unsigned, int> tier_of_node;
    std::optional<bool> demotion;
    std::string auto_online; ///< of new memory blocks: "online", "offline", ...; "" when unknown
    kernel::cpuset_slices slices;
};
seal_facts read_seal_facts(const kernel::rooted_reader& reader,
                           const std::vector<const target*>& of, const linux_version& version);

/// Why it is leaky, for who looks for the check to name.
enum class seal_breach : std::uint8_t { none, online, kernel_zone, demotion };

struct judged_seal {
    seal_verdict verdict;
    seal_breach breach = seal_breach::none;
    /// Sealed as it is, but one step away from leaking: that step.
    std::string risk;
};
judged_seal judge_seal(const target& memory, const seal_facts& facts);

} // namespace hetmem::detail
