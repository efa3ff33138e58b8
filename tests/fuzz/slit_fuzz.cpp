// Any bytes as a SLIT.
#include "tests/fuzz/table_fuzz.hpp"

#include <acpi/slit.hpp>

using namespace hetmem::acpi;
using hetmem::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = hetmem::fuzz::as_bytes(data, size);
    const auto read = decode_slit(bytes);
    hetmem::fuzz::check_decoded(read, bytes, "SLIT");
    if (!read.table) {
        return 0;
    }
    const slit& table = *read.table;
    for (std::size_t from = 0; from < table.rows(); ++from) {
        for (std::uint64_t to = 0; to < table.localities; ++to) {
            require(table.distance(from, to).has_value());
        }
        require(!table.distance(from, table.localities).has_value());
    }
    require(!table.distance(table.rows(), 0).has_value());
    hetmem::fuzz::check_sealed(table, decode_slit);
    return 0;
}
