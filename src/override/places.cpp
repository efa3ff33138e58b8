#include "override/places.hpp"

#include "kernel/acpi_tables.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace hetmem::detail {

std::string in_override_directory(std::string_view name) {
    return fmt::format("{}/{}", override_directory, name);
}

std::string table_file(std::string_view signature) {
    return in_override_directory(fmt::format("tables/{}", early_name(signature)));
}

std::string original_file(std::string_view signature) {
    return in_override_directory(fmt::format("original/{}", signature));
}

std::vector<kernel::early_table> installed_tables(const override_record& record,
                                                  const kernel::rooted_reader& machine) {
    std::vector<kernel::early_table> tables;
    for (const overridden_table& table : record.tables) {
        kernel::early_table one{early_name(table.signature), {}};
        if (machine.top().read_bytes(table_file(table.signature), kernel::acpi_table_limit,
                                     one.bytes)) {
            tables.push_back(std::move(one));
        }
    }
    return tables;
}

bool is_one_of(const std::vector<kernel::early_table>& tables,
               const std::vector<std::byte>& table) {
    return std::ranges::any_of(tables, [&](const auto& one) { return one.bytes == table; });
}

} // namespace hetmem::detail
