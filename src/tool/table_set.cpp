#include "tool/table_set.hpp"

#include "tool/arguments.hpp"

#include <acpi/table_values.hpp>

#include <array>
#include <limits>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace hetmem::tool {
namespace {

[[noreturn]] void refuse(std::string_view text, std::string_view reason) {
    throw usage_error(fmt::format("--set {}: {} (see hetmem table build --help)", text, reason));
}

std::vector<quantity> quantities_of(std::string_view name) {
    for (const quantity what : all_quantities) {
        if (name == to_string(what)) {
            return {what};
        }
    }
    if (name == "latency") {
        return {quantity::read_latency, quantity::write_latency};
    }
    if (name == "bandwidth") {
        return {quantity::read_bandwidth, quantity::write_bandwidth};
    }
    return {};
}

struct unit {
    std::string_view name;
    acpi::data_type kind; ///< in whose unit, ns or MB/s, `worth` is counted
    std::uint64_t worth;
    std::uint64_t part; ///< and divided by this
};

constexpr std::uint64_t thousand = 1000;
/// Longer names first, where one ends like another.
constexpr std::array<unit, 5> units{{
    {"GB/s", acpi::data_type::read_bandwidth, thousand, 1},
    {"MB/s", acpi::data_type::read_bandwidth, 1, 1},
    {"ps", acpi::data_type::read_latency, 1, thousand},
    {"ns", acpi::data_type::read_latency, 1, 1},
    {"us", acpi::data_type::read_latency, thousand, 1},
}};

/// Nothing when it is no number with a unit of that kind, or too large.
std::optional<std::uint64_t> parse_value(std::string_view text, bool latency) {
    for (const unit& u : units) {
        if (acpi::is_latency(u.kind) != latency || !text.ends_with(u.name)) {
            continue;
        }
        text.remove_suffix(u.name.size());
        while (text.ends_with(' ')) {
            text.remove_suffix(1);
        }
        const auto value = acpi::figure_from(text, u.kind);
        if (!value || *value > std::numeric_limits<std::uint64_t>::max() / u.worth ||
            *value % u.part != 0) {
            return std::nullopt;
        }
        return *value * u.worth / u.part;
    }
    return std::nullopt;
}

} // namespace

std::vector<set_figure> parse_set(std::string_view text) {
    const std::size_t first = text.find(',');
    const std::size_t second = first == std::string_view::npos ? first : text.find(',', first + 1);
    const std::size_t equals =
        second == std::string_view::npos ? second : text.find('=', second + 1);
    if (equals == std::string_view::npos || first == 0 || second == first + 1) {
        refuse(text, "expected FROM,TO,QUANTITY=VALUE");
    }
    const std::string_view name = text.substr(second + 1, equals - second - 1);
    const auto quantities = quantities_of(name);
    if (quantities.empty()) {
        refuse(text, fmt::format("'{}' is no quantity such as read_latency", name));
    }
    const bool latency =
        quantities[0] == quantity::read_latency || quantities[0] == quantity::write_latency;
    const auto value = parse_value(text.substr(equals + 1), latency);
    if (!value || *value == 0) {
        refuse(text,
               fmt::format("'{}' is no {} such as {}", text.substr(equals + 1),
                           latency ? "latency" : "bandwidth", latency ? "250ns" : "61.4GB/s"));
    }
    std::vector<set_figure> figures;
    for (const quantity what : quantities) {
        figures.push_back({std::string(text.substr(0, first)),
                           std::string(text.substr(first + 1, second - first - 1)), what, *value});
    }
    return figures;
}

} // namespace hetmem::tool
