// Any bytes as a CDAT.
#include "tests/fuzz/table_fuzz.hpp"

#include <acpi/cdat.hpp>

#include <variant>

using namespace hetmem::acpi;
using hetmem::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = hetmem::fuzz::as_bytes(data, size);
    const auto read = decode_cdat(bytes);
    hetmem::fuzz::check_decoded(read, bytes, "CDAT");
    if (!read.table) {
        return 0;
    }
    for (const auto& structure : read.table->structures) {
        if (const auto* figures = std::get_if<dslbis>(&structure)) {
            for (std::size_t i = 0; i <= figures->entries.size(); ++i) {
                require(figures->value(i).state != cell_state::known || figures->base_unit != 0);
            }
        } else if (const auto* ports = std::get_if<sslbis>(&structure)) {
            for (std::size_t i = 0; i <= ports->entries.size(); ++i) {
                require(ports->value(i).state != cell_state::known || ports->base_unit != 0);
            }
        }
    }
    hetmem::fuzz::check_sealed(*read.table, decode_cdat);
    return 0;
}
