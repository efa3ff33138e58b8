#include "kernel/acpi_tables.hpp"

#include "kernel/text.hpp"

#include <algorithm>
#include <optional>

namespace hetmem::kernel {

acpi_tables read_acpi_tables(const rooted_reader& reader,
                             std::initializer_list<std::string_view> signatures) {
    constexpr std::string_view place = "sys/firmware/acpi/tables";
    acpi_tables found;
    const directory files = reader.open(place);
    found.listed = files.opened();
    if (!files) {
        return found;
    }
    std::vector<acpi_table> listed;
    found.listed = files.for_each([&](std::string_view name, entry_kind) {
        for (const std::string_view signature : signatures) {
            const std::optional<unsigned> number = number_after(signature, name);
            if (name == signature || number) {
                acpi_table table;
                table.signature = signature;
                table.file_name = name;
                table.instance = number.value_or(0);
                listed.push_back(std::move(table));
                break;
            }
        }
    });
    const auto wanted_place = [&](const acpi_table& table) {
        return std::find(signatures.begin(), signatures.end(), table.signature);
    };
    std::sort(listed.begin(), listed.end(), [&](const acpi_table& a, const acpi_table& b) {
        const auto place_a = wanted_place(a);
        const auto place_b = wanted_place(b);
        return place_a != place_b ? place_a < place_b : a.instance < b.instance;
    });
    for (acpi_table& table : listed) {
        table.path = "/" + std::string(place) + "/" + table.file_name;
        table.read = files.read_bytes(table.file_name, acpi_table_limit, table.bytes);
    }
    found.tables = std::move(listed);
    return found;
}

} // namespace hetmem::kernel
