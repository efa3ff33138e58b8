// Any bytes as an SRAT.
#include "tests/fuzz/table_fuzz.hpp"

#include <acpi/srat.hpp>

#include <variant>

using namespace hetmem::acpi;
using hetmem::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = hetmem::fuzz::as_bytes(data, size);
    const auto read = decode_srat(bytes);
    hetmem::fuzz::check_decoded(read, bytes, "SRAT");
    if (!read.table) {
        return 0;
    }
    for (const auto& structure : read.table->structures) {
        if (const auto* device = std::get_if<generic_affinity>(&structure)) {
            const auto handle = device->device();
            require(to_string(handle).empty() == std::holds_alternative<std::monostate>(handle));
        }
    }
    hetmem::fuzz::check_sealed(*read.table, decode_srat);
    return 0;
}
