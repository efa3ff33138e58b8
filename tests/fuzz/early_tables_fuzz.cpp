// The beginning of an initrd, which may be anything, and the record of an override.
#include "tests/fuzz/table_fuzz.hpp"

#include "check/override_record.hpp"
#include "kernel/early_tables.hpp"

#include <hetmem/error.hpp>

using hetmem::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace hetmem;
    const auto found = kernel::find_early_tables(std::as_bytes(std::span(data, size)));
    require(found.size() <= kernel::most_early_tables);
    for (const kernel::early_table& table : found) {
        require(table.name.size() <= kernel::longest_early_name && table.bytes.size() <= size);
    }
    const std::string again = kernel::make_early_archive(found);
    require(kernel::find_early_tables(std::as_bytes(std::span(again))) == found);

    const std::string_view text(reinterpret_cast<const char*>(data), size);
    try {
        const detail::override_record record = detail::override_record_from(text, "fuzz");
        require(detail::override_record_from(detail::to_json(record), "fuzz") == record);
    } catch (const malformed_file&) {
        // refused
    }
    return 0;
}
