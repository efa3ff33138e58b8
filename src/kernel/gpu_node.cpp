#include "kernel/gpu_node.hpp"

#include "kernel/text.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

namespace hetmem::kernel {
namespace {

/// "Node:      250\nStatus:    online\n"; "-1" for a GPU whose memory is no node.
std::optional<gpu_node> parse_status(std::string_view text) {
    gpu_node found;
    bool has_node = false;
    while (const std::optional<std::string_view> line = next_line(text)) {
        const std::size_t colon = line->find(':');
        if (colon == std::string_view::npos) {
            continue;
        }
        const std::string_view key = trimmed(line->substr(0, colon));
        const std::string_view value = trimmed(line->substr(colon + 1));
        if (key == "Node") {
            if (const std::optional<int> number = parse_node(value)) {
                found.node = static_cast<unsigned>(*number);
                has_node = true;
            }
        } else if (key == "Status") {
            found.status = value;
        }
    }
    return has_node ? std::optional<gpu_node>(found) : std::nullopt;
}

} // namespace

std::vector<gpu_node> read_gpu_nodes(const rooted_reader& reader) {
    std::vector<std::string> addresses;
    const directory gpus = reader.open("proc/driver/nvidia/gpus");
    gpus.for_each([&](std::string_view name, entry_kind) { addresses.emplace_back(name); });
    std::vector<gpu_node> nodes;
    for (const std::string& address : addresses) {
        const read_result file = gpus.read(address + "/numa_status");
        if (!file) {
            continue;
        }
        if (std::optional<gpu_node> found = parse_status(file.text)) {
            found->pci_address = address;
            nodes.push_back(*std::move(found));
        }
    }
    std::sort(nodes.begin(), nodes.end(), [](const gpu_node& a, const gpu_node& b) {
        return a.node != b.node ? a.node < b.node : a.pci_address < b.pci_address;
    });
    return nodes;
}

} // namespace hetmem::kernel
