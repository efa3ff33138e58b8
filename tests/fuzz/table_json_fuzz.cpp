// Any bytes as a table: every byte is kept on the way through JSON, it can be drawn and compared.
// And any bytes as such JSON: refused with a message that names the place, or a table.
#include "tests/fuzz/table_fuzz.hpp"

#include <acpi/table_diff.hpp>
#include <acpi/table_json.hpp>

#include "publish/table_text.hpp"

#include <hetmem/error.hpp>

#include <algorithm>
#include <string>

using hetmem::fuzz::require;

namespace {

void check_table(std::span<const std::byte> bytes) {
    std::string text;
    try {
        text = hetmem::acpi::table_to_json(bytes);
    } catch (const hetmem::malformed_file&) {
        return; // no table
    }
    require(std::ranges::equal(hetmem::acpi::table_from_json(text), bytes));
    require(!hetmem::detail::draw_table(bytes).empty());
    require(hetmem::acpi::compare_tables(bytes, bytes).same_bytes);
    // The same table with another last byte: something must be told.
    std::vector<std::byte> other(bytes.begin(), bytes.end());
    other.back() ^= std::byte{1};
    try {
        const auto difference = hetmem::acpi::compare_tables(bytes, other);
        require(!difference.same_bytes && !hetmem::detail::draw_difference(difference).empty());
    } catch (const hetmem::malformed_file&) {
        require(bytes.size() <= 4); // only the signature makes it another table
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    check_table(hetmem::fuzz::as_bytes(data, size));
    try {
        const auto bytes =
            hetmem::acpi::table_from_json({reinterpret_cast<const char*>(data), size}, "fuzz");
        check_table(bytes);
    } catch (const hetmem::malformed_file& e) {
        require(std::string_view(e.what()).starts_with("fuzz:"));
    }
    return 0;
}
