#include "kernel/text.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <system_error>

namespace hetmem::kernel {
namespace {

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f' || c == '\0';
}

template <class Number> std::optional<Number> whole_number(std::string_view text, int base) {
    Number value{};
    const char* const end = text.data() + text.size();
    const auto [stopped, problem] = std::from_chars(text.data(), end, value, base);
    if (problem != std::errc{} || stopped != end) {
        return std::nullopt;
    }
    return value;
}

/// Whether `text` starts with 0x, which it then loses.
bool take_hex_prefix(std::string_view& text) {
    if (!text.starts_with("0x") && !text.starts_with("0X")) {
        return false;
    }
    text.remove_prefix(2);
    return true;
}

} // namespace

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && is_space(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_space(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

std::optional<std::uint64_t> parse_u64(std::string_view text) {
    return whole_number<std::uint64_t>(trimmed(text), 10);
}

std::optional<std::int64_t> parse_i64(std::string_view text) {
    return whole_number<std::int64_t>(trimmed(text), 10);
}

std::optional<std::uint64_t> parse_hex(std::string_view text) {
    text = trimmed(text);
    take_hex_prefix(text);
    return whole_number<std::uint64_t>(text, 16);
}

std::optional<std::uint64_t> parse_any_base(std::string_view text) {
    text = trimmed(text);
    const int base = take_hex_prefix(text) ? 16 : 10;
    return whole_number<std::uint64_t>(text, base);
}

std::optional<int> parse_node(std::string_view text) {
    const std::optional<std::int64_t> number = parse_i64(text);
    if (!number || *number < 0 || *number >= static_cast<std::int64_t>(node_limit)) {
        return std::nullopt;
    }
    return static_cast<int>(*number);
}

std::optional<unsigned> number_after(std::string_view prefix, std::string_view name) {
    if (!name.starts_with(prefix)) {
        return std::nullopt;
    }
    name.remove_prefix(prefix.size());
    if (name.size() > 1 && name.front() == '0') {
        return std::nullopt;
    }
    return whole_number<unsigned>(name, 10);
}

std::optional<id_set> parse_mask(std::string_view text) {
    constexpr unsigned word_bits = 32;
    text = trimmed(text);
    id_set ids;
    for (unsigned word = 0; !text.empty(); ++word) {
        const std::size_t comma = text.rfind(',');
        const std::string_view digits =
            comma == std::string_view::npos ? text : text.substr(comma + 1);
        text = comma == std::string_view::npos ? std::string_view{} : text.substr(0, comma);
        const std::optional<std::uint64_t> bits = parse_hex(digits);
        if (!bits || *bits > std::numeric_limits<std::uint32_t>::max() ||
            word >= id_set::limit / word_bits) {
            return std::nullopt;
        }
        for (unsigned bit = 0; bit < word_bits; ++bit) {
            if ((*bits >> bit & 1U) != 0) {
                ids.insert(word * word_bits + bit);
            }
        }
    }
    return ids;
}

bool natural_less(std::string_view a, std::string_view b) {
    const auto digits = [](std::string_view text) {
        std::size_t count = 0;
        while (count < text.size() && text[count] >= '0' && text[count] <= '9') {
            ++count;
        }
        return text.substr(0, count);
    };
    const std::string_view all_of_a = a;
    const std::string_view all_of_b = b;
    while (!a.empty() && !b.empty()) {
        std::string_view number_a = digits(a);
        std::string_view number_b = digits(b);
        if (number_a.empty() || number_b.empty()) {
            if (a.front() != b.front()) {
                return a.front() < b.front();
            }
            a.remove_prefix(1);
            b.remove_prefix(1);
            continue;
        }
        a.remove_prefix(number_a.size());
        b.remove_prefix(number_b.size());
        number_a.remove_prefix(std::min(number_a.find_first_not_of('0'), number_a.size()));
        number_b.remove_prefix(std::min(number_b.find_first_not_of('0'), number_b.size()));
        // Without leading zeros the longer one is the larger.
        if (number_a.size() != number_b.size()) {
            return number_a.size() < number_b.size();
        }
        if (number_a != number_b) {
            return number_a < number_b;
        }
    }
    // Equal but for leading zeros, or one is the start of the other.
    return a.empty() == b.empty() ? all_of_a < all_of_b : a.empty();
}

std::string_view next_word(std::string_view& text) {
    while (!text.empty() && is_space(text.front())) {
        text.remove_prefix(1);
    }
    std::size_t length = 0;
    while (length < text.size() && !is_space(text[length])) {
        ++length;
    }
    const std::string_view word = text.substr(0, length);
    text.remove_prefix(length);
    return word;
}

std::optional<std::string_view> next_line(std::string_view& text) {
    if (text.empty()) {
        return std::nullopt;
    }
    const std::size_t newline = text.find('\n');
    const std::string_view line = text.substr(0, newline);
    text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
    return line;
}

} // namespace hetmem::kernel
