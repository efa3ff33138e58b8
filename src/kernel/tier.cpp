#include "kernel/tier.hpp"

#include "kernel/text.hpp"

#include <hetmem/id_set.hpp>

#include <limits>
#include <string>

namespace hetmem::kernel {
namespace {

/// Tiers are numbered by their distance divided by a constant: a few hundred at most.
constexpr unsigned tier_limit = 1U << 20;

constexpr const char* weights_place = "sys/kernel/mm/mempolicy/weighted_interleave";

std::map<unsigned, int> read_tier_of_node(const rooted_reader& reader) {
    std::map<unsigned, int> tier_of_node;
    const directory all = reader.open("sys/devices/virtual/memory_tiering");
    for (const unsigned tier : all.numbered("memory_tier")) {
        if (tier >= tier_limit) {
            continue;
        }
        const std::optional<id_set> nodes =
            all.read_ids("memory_tier" + std::to_string(tier) + "/nodelist");
        if (!nodes) {
            continue;
        }
        for (const unsigned node : nodes->to_vector()) {
            tier_of_node.emplace(node, static_cast<int>(tier));
        }
    }
    return tier_of_node;
}

std::optional<unsigned> read_weight(const directory& from, std::string_view path) {
    const std::optional<std::uint64_t> weight = from.read_u64(path);
    return weight && *weight <= std::numeric_limits<unsigned>::max()
               ? std::optional(static_cast<unsigned>(*weight))
               : std::nullopt;
}

std::map<unsigned, unsigned> read_weights(const rooted_reader& reader) {
    std::map<unsigned, unsigned> weights;
    const directory all = reader.open(weights_place);
    for (const unsigned node : all.numbered("node")) {
        if (const std::optional<unsigned> weight =
                read_weight(all, "node" + std::to_string(node))) {
            weights.emplace(node, *weight);
        }
    }
    return weights;
}

/// Kernels print "true" and "false"; 0 and 1 are what they take.
std::optional<bool> read_bool(const directory& from, std::string_view path) {
    const read_result file = from.read(path);
    if (!file) {
        return std::nullopt;
    }
    const std::string_view text = trimmed(file.text);
    if (text == "true" || text == "1") {
        return true;
    }
    if (text == "false" || text == "0") {
        return false;
    }
    return std::nullopt;
}

} // namespace

bool last_block_is_leaving(const rooted_reader& reader, const node_list& nodes,
                           const memory_blocks& blocks) {
    const directory memory = reader.open("sys/devices/system/memory");
    for (std::size_t i = 0; i < nodes.nodes.size(); ++i) {
        if (blocks.online[i].value_or(0) > 1) {
            continue; // they go one after the other
        }
        for (const std::uint32_t block : nodes.nodes[i].memory_blocks) {
            const read_result state = memory.read("memory" + std::to_string(block) + "/state");
            if (state && trimmed(state.text) == "going-offline") {
                return true;
            }
        }
    }
    return false;
}

tiers read_tiers(const rooted_reader& reader, const node_list& nodes, const memory_blocks& blocks) {
    tiers result;
    result.interleave_weight_of_node = read_weights(reader);
    result.demotion = read_demotion(reader);
    // Nobody waits for a lock in a copy. Last, so that next to no time passes in between.
    result.tiers_unread = reader.live() && last_block_is_leaving(reader, nodes, blocks);
    if (!result.tiers_unread) {
        result.tier_of_node = read_tier_of_node(reader);
    }
    return result;
}

std::optional<bool> read_demotion(const rooted_reader& reader) {
    return read_bool(reader.top(), "sys/kernel/mm/numa/demotion_enabled");
}

std::optional<unsigned> read_interleave_weight(const rooted_reader& reader, unsigned node) {
    return read_weight(reader.top(), std::string(weights_place) + "/node" + std::to_string(node));
}

} // namespace hetmem::kernel
