#include "topology/value_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <span>
#include <string_view>

namespace hetmem::detail {

namespace {

/// At most `decimals` decimals, without trailing zeros.
std::string trimmed(double value, int decimals) {
    std::string text = fmt::format("{:.{}f}", value, decimals);
    if (decimals > 0) {
        text.erase(text.find_last_not_of('0') + 1);
        if (text.back() == '.') {
            text.pop_back();
        }
    }
    return text;
}

struct unit {
    std::string_view name;
    double base_units;
};

constexpr std::array<unit, 3> latency_units{{{"ps", 1}, {"ns", 1e3}, {"us", 1e6}}};
constexpr std::array<unit, 8> bandwidth_units{{{"B/s", 1},
                                               {"kB/s", 1e3},
                                               {"MB/s", 1e6},
                                               {"GB/s", 1e9},
                                               {"TB/s", 1e12},
                                               {"KiB/s", 1024.0},
                                               {"MiB/s", 1024.0 * 1024},
                                               {"GiB/s", 1024.0 * 1024 * 1024}}};

std::optional<std::uint64_t> parse(std::string_view text, std::span<const unit> units) {
    double amount = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, status] = std::from_chars(text.data(), end, amount, std::chars_format::fixed);
    if (status != std::errc{}) {
        return std::nullopt;
    }
    std::string_view name(rest, static_cast<std::size_t>(end - rest));
    name.remove_prefix(std::min(name.find_first_not_of(' '), name.size()));
    const auto found =
        std::find_if(units.begin(), units.end(), [&](const unit& u) { return u.name == name; });
    if (found == units.end()) {
        return std::nullopt;
    }
    constexpr double too_much = 9.2e18; // doubles from here on may not fit
    const double value = std::round(amount * found->base_units);
    // The comparison is false for what is no number.
    return value >= 0 && value < too_much ? std::optional(static_cast<std::uint64_t>(value))
                                          : std::nullopt;
}

} // namespace

std::string format_latency(latency value) {
    const std::uint64_t ps = value.picoseconds();
    if (ps > 0 && ps < 100) {
        return fmt::format("{} ps", ps);
    }
    return trimmed(value.nanoseconds(), 1) + " ns";
}

std::string format_bandwidth(bandwidth value) {
    const std::uint64_t bytes = value.bytes_per_second();
    if (bytes == 0 || bytes >= 100'000'000) {
        return trimmed(value.gigabytes_per_second(), 1) + " GB/s";
    }
    if (bytes >= 100'000) {
        return trimmed(static_cast<double>(bytes) / 1e6, 1) + " MB/s";
    }
    return fmt::format("{} B/s", bytes);
}

std::string format_size(byte_size value) {
    static constexpr std::array<std::string_view, 7> units{"B",   "KiB", "MiB", "GiB",
                                                           "TiB", "PiB", "EiB"};
    auto amount = static_cast<double>(value.bytes());
    std::size_t unit = 0;
    // 1023.96 MiB would print as "1024 MiB"; from there on the next unit is used.
    while (amount >= (unit == 0 ? 1024.0 : 1023.95) && unit + 1 < units.size()) {
        amount /= 1024;
        ++unit;
    }
    return trimmed(amount, amount < 10 ? 2 : 1).append(" ").append(units[unit]);
}

std::string format_size(const std::optional<byte_size>& value) {
    return value ? format_size(*value) : "unknown";
}

std::string format_value(quantity what, std::uint64_t base_units) {
    return is_latency(what) ? format_latency(latency::from_picoseconds(base_units))
                            : format_bandwidth(bandwidth::from_bytes_per_second(base_units));
}

std::optional<std::uint64_t> parse_latency(std::string_view text) {
    return parse(text, latency_units);
}

std::optional<std::uint64_t> parse_bandwidth(std::string_view text) {
    return parse(text, bandwidth_units);
}

std::optional<std::uint64_t> parse_value(quantity what, std::string_view text) {
    return is_latency(what) ? parse_latency(text) : parse_bandwidth(text);
}

bool is_latency(quantity what) {
    return what == quantity::read_latency || what == quantity::write_latency;
}

std::string_view words_of(quantity what) {
    switch (what) {
    case quantity::read_latency:
        return "read latency";
    case quantity::write_latency:
        return "write latency";
    case quantity::read_bandwidth:
        return "read bandwidth";
    case quantity::write_bandwidth:
        break;
    }
    return "write bandwidth";
}

} // namespace hetmem::detail
