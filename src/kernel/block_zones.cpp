#include "kernel/block_zones.hpp"

#include "kernel/text.hpp"

#include <string>
#include <string_view>

namespace hetmem::kernel {

block_zones read_block_zones(const rooted_reader& reader, const node& of) {
    block_zones found;
    const directory memory = reader.open("sys/devices/system/memory");
    for (const std::uint32_t number : of.memory_blocks) {
        const std::string block = "memory" + std::to_string(number);
        const read_result state = memory.read(block + "/state");
        if (!state) {
            ++found.unread;
        } else if (trimmed(state.text) != "online") {
            ++found.offline;
        } else if (const auto zones = memory.read_line(block + "/valid_zones");
                   !zones || zones->empty() || *zones == "none") {
            ++found.unknown; // a block that spans two zones says "none"
        } else {
            ++(*zones == "Movable" ? found.movable : found.kernel);
        }
    }
    return found;
}

} // namespace hetmem::kernel
