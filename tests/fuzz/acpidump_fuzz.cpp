// Any bytes as the text of acpidump: refused with a line, or tables that have bytes, each no longer
// than its text.
#include "tests/fuzz/table_fuzz.hpp"

#include <acpi/acpidump.hpp>

#include <hetmem/error.hpp>

using hetmem::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    try {
        std::size_t bytes = 0;
        std::size_t line = 0;
        for (const auto& table : hetmem::acpi::parse_acpidump(text, "fuzz")) {
            require(!table.bytes.empty() && !table.signature.empty() && table.line > line);
            bytes += table.bytes.size();
            line = table.line;
        }
        require(bytes > 0 && 3 * bytes <= size);
    } catch (const hetmem::malformed_file& e) {
        require(std::string_view(e.what()).starts_with("fuzz:"));
    }
    return 0;
}
