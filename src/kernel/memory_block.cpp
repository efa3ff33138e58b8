#include "kernel/memory_block.hpp"

#include "kernel/text.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>

#include <unistd.h>

namespace hetmem::kernel {
namespace {

constexpr std::uint64_t smallest_page_size = 4096;

std::uint64_t this_page_size() {
    const long size = ::sysconf(_SC_PAGESIZE);
    return size > 0 ? static_cast<std::uint64_t>(size) : smallest_page_size;
}

/// Whether so much memory is usable that not one of the blocks can be missing.
bool fills_all_blocks(std::uint64_t usable, std::uint64_t blocks, std::uint64_t block_size) {
    if (blocks == 0) {
        return true;
    }
    std::uint64_t all_but_one = 0;
    return block_size != 0 && !__builtin_mul_overflow(blocks - 1, block_size, &all_but_one) &&
           usable > all_but_one;
}

/// Bytes present in each node: the sum over its zones, from /proc/zoneinfo. Unlike MemTotal that
/// counts what the kernel itself took at boot.
std::map<unsigned, std::uint64_t> read_present_bytes(const rooted_reader& reader) {
    // A copy's page size is not known; too small a guess only means that more is read below.
    const std::uint64_t page_bytes = reader.live() ? this_page_size() : smallest_page_size;
    std::map<unsigned, std::uint64_t> present;
    std::uint64_t* current = nullptr;
    reader.for_each_line("proc/zoneinfo", [&](std::string_view line) {
        if (line.starts_with("Node ")) { // "Node 0, zone   Normal"
            line.remove_prefix(5);
            const std::optional<std::uint64_t> number = parse_u64(line.substr(0, line.find(',')));
            // Device memory (zone Device) never belongs to a block.
            const bool counts = number && *number < node_limit && !line.ends_with(" Device");
            current = counts ? &present[static_cast<unsigned>(*number)] : nullptr;
        } else if (current != nullptr && line.starts_with("        present ")) {
            std::uint64_t bytes = 0;
            const std::optional<std::uint64_t> pages = parse_u64(line.substr(16));
            if (pages && !__builtin_mul_overflow(*pages, page_bytes, &bytes) &&
                !__builtin_add_overflow(*current, bytes, &bytes)) {
                *current = bytes;
            }
        }
        return true;
    });
    return present;
}

/// Nothing when no block of the node tells its state.
std::optional<std::uint64_t> count_by_state(const directory& memory, const node& one) {
    std::uint64_t online = 0;
    bool told = false;
    for (const std::uint32_t block : one.memory_blocks) {
        const read_result state = memory.read("memory" + std::to_string(block) + "/state");
        if (state) {
            told = true;
            if (trimmed(state.text) == "online") {
                ++online;
            }
        } else if (!told) {
            return std::nullopt; // a copy without states: do not ask for each of thousands
        }
    }
    return online;
}

} // namespace

memory_blocks read_memory_blocks(const rooted_reader& reader, std::span<const node> nodes) {
    memory_blocks result;
    result.online.resize(nodes.size());
    const directory memory = reader.open("sys/devices/system/memory");
    if (const read_result size = memory.read("block_size_bytes")) {
        result.block_size_bytes = parse_hex(size.text);
    }
    result.auto_online = memory.read_line("auto_online_blocks").value_or("");
    const std::uint64_t block_size = result.block_size_bytes.value_or(0);

    // From cheap to expensive: what is known already, then one file, then a file for each block.
    std::vector<std::size_t> undecided;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        const std::uint64_t blocks = nodes[i].memory_blocks.size();
        if (fills_all_blocks(nodes[i].total_bytes.value_or(0), blocks, block_size)) {
            result.online[i] = blocks;
        } else {
            undecided.push_back(i);
        }
    }
    if (undecided.empty()) {
        return result;
    }
    const auto present =
        block_size == 0 ? std::map<unsigned, std::uint64_t>{} : read_present_bytes(reader);
    for (const std::size_t i : undecided) {
        const std::uint64_t blocks = nodes[i].memory_blocks.size();
        const auto known = present.find(nodes[i].number);
        if (known != present.end() && fills_all_blocks(known->second, blocks, block_size)) {
            result.online[i] = blocks;
        } else {
            result.online[i] = count_by_state(memory, nodes[i]);
        }
    }
    return result;
}

} // namespace hetmem::kernel
