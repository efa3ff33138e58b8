#include "kernel/tier.hpp"

#include "kernel/text.hpp"

#include <hetmem/id_set.hpp>

#include <limits>
#include <string>

namespace hetmem::kernel {
namespace {

/// Tiers are numbered by their distance divided by a constant: a few hundred at most.
constexpr unsigned tier_limit = 1U << 20;

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

std::map<unsigned, unsigned> read_weights(const rooted_reader& reader) {
    std::map<unsigned, unsigned> weights;
    const directory all = reader.open("sys/kernel/mm/mempolicy/weighted_interleave");
    for (const unsigned node : all.numbered("node")) {
        const std::optional<std::uint64_t> weight = all.read_u64("node" + std::to_string(node));
        if (weight && *weight <= std::numeric_limits<unsigned>::max()) {
            weights.emplace(node, static_cast<unsigned>(*weight));
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

tiers read_tiers(const rooted_reader& reader) {
    return {read_tier_of_node(reader), read_weights(reader),
            read_bool(reader.top(), "sys/kernel/mm/numa/demotion_enabled")};
}

} // namespace hetmem::kernel
