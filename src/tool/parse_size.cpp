#include "tool/parse_size.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>

namespace hetmem::tool {
namespace {

std::optional<unsigned> shift_of(std::string_view unit) {
    constexpr std::string_view letters = "kmgt";
    if (unit.empty() || unit == "b") {
        return 0;
    }
    const std::size_t place = letters.find(unit.front());
    unit.remove_prefix(1);
    if (place == std::string_view::npos || !(unit.empty() || unit == "ib")) {
        return std::nullopt;
    }
    return 10 * (static_cast<unsigned>(place) + 1);
}

std::optional<byte_size> whole(std::string_view number, unsigned shift) {
    std::uint64_t value = 0;
    const auto [end, why] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (why != std::errc{} || end != number.data() + number.size() ||
        value > (~std::uint64_t{0} >> shift)) {
        return std::nullopt;
    }
    return byte_size::from_bytes(value << shift);
}

std::optional<byte_size> fraction(std::string_view number, unsigned shift) {
    double value = 0;
    const auto [end, why] = std::from_chars(number.data(), number.data() + number.size(), value,
                                            std::chars_format::fixed);
    if (why != std::errc{} || end != number.data() + number.size() || shift == 0 || value < 0) {
        return std::nullopt;
    }
    const double bytes = std::ldexp(value, static_cast<int>(shift));
    constexpr double too_many = 0x1p63;
    if (!(bytes < too_many)) {
        return std::nullopt;
    }
    return byte_size::from_bytes(static_cast<std::uint64_t>(bytes));
}

} // namespace

std::optional<byte_size> parse_size(std::string_view text) {
    const std::size_t end = text.find_first_not_of("0123456789.");
    const std::string_view number = text.substr(0, end);
    std::string unit(text.substr(number.size()));
    for (char& c : unit) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    const auto shift = shift_of(unit);
    if (!shift) {
        return std::nullopt;
    }
    return number.find('.') == std::string_view::npos ? whole(number, *shift)
                                                      : fraction(number, *shift);
}

} // namespace hetmem::tool
