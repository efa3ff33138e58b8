#include "check/seal.hpp"

#include "check/kernel_checks.hpp"

#include "kernel/memory_block.hpp"

#include "topology/value_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace hetmem::detail {
namespace {

std::uint64_t read_bandwidth(const topology& machine, const target& memory) {
    const auto best = machine.best_initiator(memory.id);
    if (!best) {
        return 0;
    }
    const auto bandwidth = machine.access(*best, memory.id).read_bandwidth;
    return bandwidth.known() ? bandwidth.value.bytes_per_second() : 0;
}

/// Above this share of the best memory with processors a memory counts as faster.
constexpr double clearly_faster = 1.25;

/// What decides of memory that no page of the allocator is of.
class reserved_judge {
public:
    reserved_judge(const target& memory, const seal_facts& facts, judged_seal& made)
        : memory_(memory), facts_(facts), made_(made) {}

    void judge() {
        made_.verdict.is = seal_verdict::state::sealed;
        for (const dax_device& device : memory_.dax) {
            judge(device);
        }
        if (!memory_.dax.empty()) {
            return;
        }
        if (memory_.state == target_state::reserved) {
            say("It is held back, and neither a node nor a device has it.");
        } else if (memory_.state == target_state::absent) {
            say("Neither a node nor a device has it.");
        } else {
            say("All of it is offline: the page allocator has no page of it.");
        }
    }

private:
    void say(std::string sentence) { made_.verdict.why.push_back(std::move(sentence)); }

    bool onlines_by_itself() const { return facts_.auto_online.starts_with("online"); }

    void judge(const dax_device& device) {
        if (device.driver == "kmem") {
            say(fmt::format("{} belongs to kmem, and all of its memory blocks are offline.",
                            device.name));
            made_.risk = fmt::format("Whoever may write /sys/devices/system/memory makes it "
                                     "everybody's; so does loading kmem while auto_online_blocks "
                                     "is \"online\".");
        } else if (device.driver.empty()) {
            say(fmt::format("No driver has {}: the page allocator has no page of it.",
                            device.name));
            if (facts_.version >= kmem_takes_devices_since && onlines_by_itself()) {
                made_.risk = fmt::format("Loading the module kmem gives {} to everybody at once: "
                                         "auto_online_blocks is \"{}\".",
                                         device.name, facts_.auto_online);
            }
        } else {
            say(fmt::format("{} belongs to {}: the page allocator has no page of it.", device.name,
                            device.driver));
        }
    }

    const target& memory_;
    const seal_facts& facts_;
    judged_seal& made_;
};

/// What decides of memory that is a node's.
class online_judge {
public:
    online_judge(const target& memory, const seal_facts& facts, judged_seal& made)
        : memory_(memory), facts_(facts), node_(static_cast<unsigned>(*memory.node)), made_(made) {}

    void judge() {
        const auto zones = facts_.zones.find(node_);
        if (zones == facts_.zones.end() || nothing_known(zones->second)) {
            made_.verdict.is = seal_verdict::state::unknown;
            say("Its memory blocks do not tell whether they are online, nor in which zone.");
            return;
        }
        const kernel::block_zones& found = zones->second;
        if (found.movable + found.kernel + found.unknown == 0) {
            made_.verdict.is = seal_verdict::state::sealed;
            say("All of its memory blocks are offline.");
            return;
        }
        tell_pools();
        tell_zones(found);
        const std::vector<std::string> open = facts_.slices.open_to(node_);
        if (facts_.slices.known && open.empty()) {
            judge_fenced(found);
        } else {
            judge_open(found, open);
        }
    }

private:
    void say(std::string sentence) { made_.verdict.why.push_back(std::move(sentence)); }

    static bool nothing_known(const kernel::block_zones& zones) {
        return zones.movable + zones.kernel + zones.unknown + zones.offline == 0;
    }

    void tell_zones(const kernel::block_zones& found) {
        if (found.kernel > 0) {
            say(fmt::format("{} of its memory blocks are online in a zone from which programs and "
                            "the kernel itself take pages.",
                            found.kernel));
        }
        if (found.movable > 0) {
            say(fmt::format("{} of its memory blocks are online in the zone Movable, from which "
                            "programs and the page cache take pages.",
                            found.movable));
        }
        if (found.unknown > 0) {
            say(fmt::format("{} of its memory blocks are online in a zone that is not told.",
                            found.unknown));
        }
    }

    void tell_pools() {
        std::uint64_t bytes = 0;
        for (const huge_page_pool& pool : memory_.huge_pages) {
            bytes += pool.total * pool.page.bytes();
        }
        if (bytes > 0) {
            say(fmt::format("{} of it are in a pool of huge pages, which nobody gets who does "
                            "not ask for one; what is said here is of the rest.",
                            format_size(byte_size::from_bytes(bytes))));
        }
    }

    /// A memory from which the kernel demotes: of a faster tier.
    bool is_demotion_target() const {
        const auto own = facts_.tier_of_node.find(node_);
        return facts_.demotion.value_or(false) && own != facts_.tier_of_node.end() &&
               std::ranges::any_of(facts_.tier_of_node,
                                   [&](const auto& other) { return other.second < own->second; });
    }

    void judge_fenced(const kernel::block_zones& found) {
        say("The cpuset of every cgroup at the top excludes it, and no program is outside of "
            "them.");
        if (is_demotion_target()) {
            made_.verdict.is = seal_verdict::state::leaky;
            made_.breach = seal_breach::demotion;
            say("Demotion is on: reclaim moves cold pages of faster tiers into it, whatever their "
                "cpuset says.");
        } else if (found.kernel > 0) {
            made_.verdict.is = seal_verdict::state::leaky;
            made_.breach = seal_breach::kernel_zone;
            say("Cpusets do not hold for all that the kernel allocates for itself.");
        } else if (found.unknown > 0) {
            made_.verdict.is = seal_verdict::state::unknown;
        } else {
            made_.verdict.is = seal_verdict::state::sealed;
        }
    }

    void judge_open(const kernel::block_zones& found, const std::vector<std::string>& open) {
        made_.verdict.is = seal_verdict::state::leaky;
        made_.breach = found.kernel > 0 ? seal_breach::kernel_zone : seal_breach::online;
        if (!facts_.slices.known) {
            say("No cpuset keeps anybody from it, as far as can be seen (cgroups of version 2 "
                "only).");
        } else {
            constexpr std::size_t named = 8;
            std::vector<std::string> names(
                open.begin(),
                open.begin() + static_cast<std::ptrdiff_t>(std::min(named, open.size())));
            if (open.size() > named) {
                names.push_back(fmt::format("{} more", open.size() - named));
            }
            say(fmt::format("No cpuset keeps these from it: {}.", fmt::join(names, ", ")));
        }
        if (is_demotion_target()) {
            say("Demotion is on: reclaim moves cold pages of faster tiers into it.");
        }
    }

    const target& memory_;
    const seal_facts& facts_;
    unsigned node_;
    judged_seal& made_;
};

} // namespace

std::vector<const target*> scarce_memories(const topology& machine) {
    std::uint64_t ordinary = 0; // read bandwidth of the fastest memory of processors
    bool any_ordinary = false;
    for (const target& memory : machine.targets()) {
        if (!memory.cpus.empty() && is_online(memory)) {
            any_ordinary = true;
            ordinary = std::max(ordinary, read_bandwidth(machine, memory));
        }
    }
    std::vector<const target*> scarce;
    for (const target& memory : machine.targets()) {
        const bool special = memory.kind == memory_kind::hbm || memory.kind == memory_kind::cxl ||
                             memory.kind == memory_kind::device || memory.kind == memory_kind::pmem;
        const bool faster = ordinary > 0 && static_cast<double>(read_bandwidth(machine, memory)) >
                                                clearly_faster * static_cast<double>(ordinary);
        const bool held_back =
            memory.reserved || memory.state == target_state::reserved || !memory.dax.empty();
        // Where no other memory has processors, it is what everybody lives in.
        if (held_back || (any_ordinary && memory.cpus.empty() && (special || faster))) {
            if (memory.state != target_state::absent) {
                scarce.push_back(&memory);
            }
        }
    }
    return scarce;
}

seal_facts read_seal_facts(const kernel::rooted_reader& reader,
                           const std::vector<const target*>& of, const linux_version& version) {
    seal_facts facts;
    facts.version = version;
    const kernel::node_list nodes = kernel::read_nodes(reader);
    const kernel::memory_blocks blocks = kernel::read_memory_blocks(reader, nodes.nodes);
    const kernel::tiers tiers = kernel::read_tiers(reader, nodes, blocks);
    facts.auto_online = blocks.auto_online;
    facts.tier_of_node = tiers.tier_of_node;
    facts.demotion = tiers.demotion;
    facts.slices = kernel::read_cpuset_slices(reader);
    for (const target* memory : of) {
        const kernel::node* const node = memory->node && *memory->node >= 0 && is_online(*memory)
                                             ? nodes.find(static_cast<unsigned>(*memory->node))
                                             : nullptr;
        if (node != nullptr) {
            facts.zones.emplace(node->number, kernel::read_block_zones(reader, *node));
        }
    }
    return facts;
}

judged_seal judge_seal(const target& memory, const seal_facts& facts) {
    judged_seal made;
    made.verdict.target = memory.name;
    if (is_online(memory) && memory.node) {
        online_judge(memory, facts, made).judge();
    } else {
        reserved_judge(memory, facts, made).judge();
    }
    return made;
}

} // namespace hetmem::detail
