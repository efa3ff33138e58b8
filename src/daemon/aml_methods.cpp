#include "daemon/aml_methods.hpp"

#include "kernel/acpi_tables.hpp"
#include "kernel/text.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace hetmem::daemon {

namespace {

constexpr std::string_view static_place = "sys/firmware/acpi/tables";
constexpr std::string_view dynamic_place = "sys/firmware/acpi/tables/dynamic";

/// Names of a directory that are <signature> or <signature>N, by N.
void add_tables(const kernel::rooted_reader& machine, std::string_view place,
                std::string_view signature, aml_tables& found) {
    const kernel::directory files = machine.open(place);
    std::vector<std::pair<unsigned, std::string>> listed;
    files.for_each([&](std::string_view name, kernel::entry_kind) {
        const std::optional<unsigned> number = kernel::number_after(signature, name);
        if (name == signature || number) {
            listed.emplace_back(number.value_or(0), name);
        }
    });
    std::sort(listed.begin(), listed.end());
    for (const auto& [number, name] : listed) {
        aml_table table{fmt::format("{}/{}", place, name), {}};
        const kernel::outcome read = files.read_bytes(name, kernel::acpi_table_limit, table.bytes);
        if (read) {
            found.tables.push_back(std::move(table));
        } else if (found.unreadable.empty()) {
            found.unreadable = fmt::format("/{}: {}", table.path, std::strerror(read.errno_value));
        }
    }
}

} // namespace

aml_tables read_aml(const kernel::rooted_reader& machine) {
    aml_tables found;
    add_tables(machine, static_place, "DSDT", found);
    add_tables(machine, static_place, "SSDT", found);
    add_tables(machine, dynamic_place, "SSDT", found);
    return found;
}

bool mentions_hma(std::span<const std::byte> aml) {
    constexpr std::string_view name = "_HMA";
    const auto* const begin = reinterpret_cast<const char*>(aml.data());
    return std::string_view(begin, aml.size()).find(name) != std::string_view::npos;
}

} // namespace hetmem::daemon
