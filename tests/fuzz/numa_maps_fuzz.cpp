// Any text as lines of /proc/PID/numa_maps and /proc/PID/maps: refused, or sums that do not wrap.
#include "kernel/numa_maps.hpp"
#include "kernel/text.hpp"
#include "tests/fuzz/table_fuzz.hpp"

using hetmem::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace kernel = hetmem::kernel;
    std::string_view text(reinterpret_cast<const char*>(data), size);
    while (const auto line = kernel::next_line(text)) {
        if (const auto map = kernel::parse_numa_map(*line)) {
            require(map->page_bytes >= 1024);
            require(!map->policy.empty());
            for (const auto& [node, pages] : map->pages) {
                require(node < kernel::node_limit);
                require(pages <= ~std::uint64_t{0} / map->page_bytes);
            }
        }
        if (const auto map = kernel::parse_process_map(*line)) {
            require(map->start < map->end);
            require(map->path.size() <= line->size());
        }
    }
    return 0;
}
