// Any bytes as a MADT.
#include "tests/fuzz/table_fuzz.hpp"

#include <acpi/madt.hpp>

using namespace hetmem::acpi;
using hetmem::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = hetmem::fuzz::as_bytes(data, size);
    const auto read = decode_madt(bytes);
    hetmem::fuzz::check_defects(read, bytes, "APIC");
    if (read.table) {
        // The shortest processor structure has 8 bytes.
        require(read.table->processors.size() <= size / 8);
    }
    return 0;
}
