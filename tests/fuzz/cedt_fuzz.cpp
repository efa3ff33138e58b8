// Any bytes as a CEDT.
#include "tests/fuzz/table_fuzz.hpp"

#include <acpi/cedt.hpp>

using namespace hetmem::acpi;
using hetmem::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = hetmem::fuzz::as_bytes(data, size);
    const auto read = decode_cedt(bytes);
    hetmem::fuzz::check_defects(read, bytes, "CEDT");
    if (read.table) {
        constexpr std::size_t most_bridges = 16;
        for (const cxl_window& window : read.table->windows) {
            require(window.offset < size && window.host_bridges.size() <= most_bridges);
        }
    }
    return 0;
}
