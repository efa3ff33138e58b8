#include "tool/table_input.hpp"

#include "kernel/file.hpp"

#include <acpi/acpidump.hpp>
#include <acpi/table_form.hpp>
#include <acpi/table_json.hpp>

#include <hetmem/error.hpp>

#include <algorithm>
#include <span>
#include <string_view>

#include <fmt/format.h>

namespace hetmem::tool {
namespace {

/// acpidump's text begins with a heading; no table has a length that reads like one.
bool is_dump(std::string_view text) {
    const std::size_t begin = text.find_first_not_of("\r\n\t ");
    if (begin == std::string_view::npos) {
        return false;
    }
    const std::string_view line = text.substr(begin, text.find('\n', begin) - begin);
    return line.find(" @ 0x") != std::string_view::npos;
}

bool is_json(std::string_view text) {
    const std::size_t begin = text.find_first_not_of("\r\n\t ");
    return begin != std::string_view::npos && text[begin] == '{';
}

std::string signature_of(std::span<const std::byte> bytes) {
    const auto kind = acpi::kind_of(bytes);
    return kind ? std::string(to_string(*kind)) : std::string(acpi::signature_of(bytes));
}

} // namespace

std::string read_input(const std::string& file) {
    return kernel::read_file(file == "-" ? "/dev/stdin" : file);
}

std::vector<named_table> read_tables(const std::string& file, const std::string& signature) {
    const std::string name = file == "-" ? "standard input" : file;
    const std::string text = read_input(file);
    std::vector<named_table> tables;
    if (is_dump(text)) {
        for (auto& table : acpi::parse_acpidump(text, name)) {
            tables.push_back(
                {table.signature, fmt::format("{}:{}", name, table.line), std::move(table.bytes)});
        }
    } else if (is_json(text)) {
        auto bytes = acpi::table_from_json(text, name);
        tables.push_back({signature_of(bytes), name, std::move(bytes)});
    } else {
        const auto bytes = std::as_bytes(std::span(text));
        tables.push_back({signature_of(bytes), name, {bytes.begin(), bytes.end()}});
    }
    if (!signature.empty()) {
        std::erase_if(tables, [&](const named_table& t) { return t.signature != signature; });
        if (tables.empty()) {
            throw malformed_file(fmt::format("{}: there is no {} in it", name, signature));
        }
    }
    return tables;
}

named_table read_table(const std::string& file, const std::string& signature) {
    return only_table(file, read_tables(file, signature), "");
}

named_table only_table(const std::string& file, std::vector<named_table> tables,
                       const std::string& kind) {
    const auto is_kind = [&](const named_table& table) { return table.signature == kind; };
    if (tables.size() > 1 && std::ranges::count_if(tables, is_kind) == 1) {
        return std::move(*std::ranges::find_if(tables, is_kind));
    }
    if (tables.size() > 1) {
        std::string names;
        for (const named_table& table : tables) {
            names += (names.empty() ? "" : ", ") + table.signature;
        }
        throw malformed_file(
            fmt::format("{}: several tables ({}); --signature chooses one", file, names));
    }
    return std::move(tables.front());
}

} // namespace hetmem::tool
