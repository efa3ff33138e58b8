#include <acpi/slit.hpp>

#include <acpi/table.hpp>

#include <algorithm>

namespace hetmem::acpi {
namespace {

constexpr std::string_view slit_name = "SLIT";
constexpr std::size_t slit_fixed_size = table_header_size + 8;
constexpr std::string_view drops_table = "ignores the whole SLIT";

std::size_t not_above_local(std::span<const std::uint8_t> distances) {
    std::size_t count = 0;
    for (const std::uint8_t distance : distances) {
        count += distance <= slit_local ? 1U : 0U;
    }
    return count;
}

void check_distances(const slit& table, defect_list& defects) {
    for (std::size_t row = 0; row < table.rows(); ++row) {
        const std::size_t begin = row * static_cast<std::size_t>(table.localities);
        // A row that is right has one distance that is not above 10, its diagonal: the whole row is
        // soon counted, and only a wrong one is gone through.
        const auto distances = std::span(table.entries).subspan(begin, table.localities);
        if (row < distances.size() && distances[row] == slit_local &&
            not_above_local(distances) == 1) {
            continue;
        }
        for (std::size_t column = 0; column < table.localities; ++column) {
            const std::uint8_t distance = table.entries[begin + column];
            const bool local = row == column;
            if (local ? distance == slit_local : distance > slit_local) {
                continue;
            }
            defects.add(slit_fixed_size + begin + column, [&] {
                return defect_text{
                    local ? fmt::format("10 from domain {} to itself", row)
                          : fmt::format("more than 10 from domain {} to domain {}", row, column),
                    fmt::format("{}", distance), std::string(drops_table)};
            });
        }
    }
}

} // namespace

std::size_t slit::rows() const {
    return localities == 0 ? 0 : static_cast<std::size_t>(entries.size() / localities);
}

std::optional<std::uint8_t> slit::distance(std::uint64_t from, std::uint64_t to) const {
    if (from >= rows() || to >= localities) {
        return std::nullopt;
    }
    return entries[static_cast<std::size_t>(from * localities + to)];
}

decoded<slit> decode_slit(std::span<const std::byte> bytes) {
    defect_list defects(slit_name);
    std::span<const std::byte> table;
    const auto header = open_table(bytes, slit_name, slit_fixed_size, table, defects);
    if (!header) {
        return {std::nullopt, std::move(defects).take()};
    }
    slit result;
    result.header = *header;
    result.localities = load<std::uint64_t>(bytes.data() + table_header_size);
    const auto available = table.subspan(slit_fixed_size);
    std::size_t present = 0;
    if (result.localities != 0 && result.localities <= available.size()) {
        const auto row = static_cast<std::size_t>(result.localities);
        present = std::min(row, available.size() / row) * row;
    }
    result.entries = load_all<std::uint8_t>(available.first(present));
    result.trailing = to_vector(bytes.subspan(slit_fixed_size + present));
    if (result.rows() < result.localities) {
        defects.add(table_header_size, [&] {
            return defect_text{fmt::format("{0} x {0} distances", result.localities),
                               fmt::format("{} bytes for them", available.size()),
                               "reads what lies behind the table as distances"};
        });
    } else if (present < available.size()) {
        defects.add(slit_fixed_size + present, [&] {
            return defect_text{
                fmt::format("the end of the table after {0} x {0} distances", result.localities),
                fmt::format("{} more bytes", available.size() - present), "does not look at them"};
        });
    }
    check_distances(result, defects);
    return {std::move(result), std::move(defects).take()};
}

std::vector<std::byte> encode(const slit& table) {
    std::vector<std::byte> out;
    out.reserve(slit_fixed_size + table.entries.size() + table.trailing.size());
    field_writer write(out);
    layout<table_header>::of(write, table.header);
    write(table.localities);
    append_all(out, table.entries);
    out.insert(out.end(), table.trailing.begin(), table.trailing.end());
    return out;
}

void seal(slit& table) {
    table.header.length =
        static_cast<std::uint32_t>(slit_fixed_size + table.entries.size() + table.trailing.size());
    table.header.checksum = 0;
    table.header.checksum = checksum_for(encode(table));
}

} // namespace hetmem::acpi
