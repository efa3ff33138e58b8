#include "publish/utf8.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <span>

namespace hetmem::detail {
namespace {

constexpr char32_t replacement = 0xFFFD;
constexpr std::string_view ellipsis = "…";

struct code_range {
    char32_t first;
    char32_t last;
};

// Invisible characters and those that change the direction of what follows (Unicode 15, general
// category Cf and the line and paragraph separators), beside the control characters C0 and C1.
constexpr code_range unprintable[] = {
    {0x00, 0x1F},     {0x7F, 0x9F},     {0xAD, 0xAD},       {0x61C, 0x61C},     {0x180E, 0x180E},
    {0x200B, 0x200F}, {0x2028, 0x202E}, {0x2060, 0x206F},   {0xD800, 0xDFFF},   {0xFEFF, 0xFEFF},
    {0xFFF0, 0xFFFB}, {0xFFFE, 0xFFFF}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0x10FFFF},
};

// Combining marks of the scripts likely to be met; one that is not listed counts as a column, which
// can only make a line shorter.
constexpr code_range combining[] = {
    {0x300, 0x36F},   {0x483, 0x489},   {0x591, 0x5BD},   {0x610, 0x61A},   {0x64B, 0x65F},
    {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F},
};

// East Asian Width W and F (Unicode 15, EastAsianWidth.txt), in blocks.
constexpr code_range wide[] = {
    {0x1100, 0x115F},   {0x231A, 0x231B},   {0x2329, 0x232A},   {0x23E9, 0x23F3},
    {0x25FD, 0x25FE},   {0x2614, 0x2615},   {0x2648, 0x2653},   {0x26A1, 0x26A1},
    {0x2705, 0x2705},   {0x274C, 0x274E},   {0x2753, 0x2757},   {0x2795, 0x2797},
    {0x2B1B, 0x2B1C},   {0x2B50, 0x2B55},   {0x2E80, 0x303E},   {0x3041, 0x33FF},
    {0x3400, 0x4DBF},   {0x4E00, 0xA4CF},   {0xA960, 0xA97F},   {0xAC00, 0xD7A3},
    {0xF900, 0xFAFF},   {0xFE10, 0xFE19},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},
    {0xFFE0, 0xFFE6},   {0x16FE0, 0x1B2FF}, {0x1F004, 0x1F004}, {0x1F0CF, 0x1F0CF},
    {0x1F18E, 0x1F19A}, {0x1F200, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F7E0, 0x1F7F0},
    {0x1F900, 0x1FAFF}, {0x20000, 0x3FFFD},
};

bool among(std::span<const code_range> ranges, char32_t c) {
    return std::any_of(ranges.begin(), ranges.end(),
                       [c](code_range r) { return c >= r.first && c <= r.last; });
}

/// The ASCII likeness of what the drawings use.
char likeness(char32_t c) {
    if (c < 0x80) {
        return static_cast<char>(c);
    }
    if (c == 0x2502 || c == 0x2503 || c == 0x2595 || c == 0x258F) { // │ ┃ ▕ ▏
        return '|';
    }
    if (c == 0x2550) { // ═
        return '=';
    }
    if (c == 0x2500 || c == 0x2501 || c == 0x2013 || c == 0xB7) { // ─ ━ – ·
        return '-';
    }
    if (c >= 0x2500 && c <= 0x257F) { // corners and crossings
        return '+';
    }
    switch (c) {
    case 0x2588: // █
        return '#';
    case 0x2591: // ░
        return '.';
    case 0xD7: // ×
        return 'x';
    case 0x2192: // →
        return '>';
    case 0x2026: // …
        return '~';
    default:
        return '_';
    }
}

} // namespace

char32_t next_code_point(std::string_view text, std::size_t& position) {
    const auto byte_at = [&](std::size_t i) {
        return static_cast<char32_t>(static_cast<unsigned char>(text[i]));
    };
    const char32_t lead = byte_at(position);
    ++position;
    if (lead < 0x80) {
        return lead;
    }
    const unsigned more = lead >= 0xF0 && lead < 0xF5   ? 3
                          : lead >= 0xE0 && lead < 0xF0 ? 2
                          : lead >= 0xC2 && lead < 0xE0 ? 1
                                                        : 0;
    if (more == 0 || text.size() - position < more) {
        return replacement;
    }
    char32_t c = lead & (0x3FU >> more);
    for (unsigned i = 0; i < more; ++i) {
        const char32_t follow = byte_at(position + i);
        if ((follow & 0xC0U) != 0x80U) {
            return replacement;
        }
        c = (c << 6U) | (follow & 0x3FU);
    }
    constexpr std::array<char32_t, 4> smallest{0, 0x80, 0x800, 0x10000};
    if (c < smallest[more] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) {
        return replacement;
    }
    position += more;
    return c;
}

void append_utf8(std::string& text, char32_t c) {
    const auto put = [&text](char32_t byte) { text.push_back(static_cast<char>(byte)); };
    if (c < 0x80) {
        put(c);
    } else if (c < 0x800) {
        put(0xC0U | (c >> 6U));
        put(0x80U | (c & 0x3FU));
    } else if (c < 0x10000) {
        put(0xE0U | (c >> 12U));
        put(0x80U | ((c >> 6U) & 0x3FU));
        put(0x80U | (c & 0x3FU));
    } else {
        put(0xF0U | (c >> 18U));
        put(0x80U | ((c >> 12U) & 0x3FU));
        put(0x80U | ((c >> 6U) & 0x3FU));
        put(0x80U | (c & 0x3FU));
    }
}

std::string printable(std::string_view text) {
    std::string result;
    result.reserve(text.size());
    for (std::size_t position = 0; position < text.size();) {
        const char32_t c = next_code_point(text, position);
        const bool plain = c >= 0x20 && c < 0x7F; // nearly everything
        append_utf8(result, plain || !among(unprintable, c) ? c : replacement);
    }
    return result;
}

unsigned columns_of(char32_t c) {
    if (c < 0x300) {
        return 1;
    }
    return among(combining, c) ? 0 : among(wide, c) ? 2 : 1;
}

std::size_t columns_of(std::string_view text) {
    std::size_t columns = 0;
    for (std::size_t position = 0; position < text.size();) {
        columns += columns_of(next_code_point(text, position));
    }
    return columns;
}

std::string cut_to(std::string_view text, std::size_t columns) {
    if (columns_of(text) <= columns) {
        return std::string(text);
    }
    if (columns == 0) {
        return {};
    }
    std::size_t used = 0;
    std::size_t end = 0;
    for (std::size_t position = 0; position < text.size();) {
        used += columns_of(next_code_point(text, position));
        if (used > columns - 1) {
            break;
        }
        end = position;
    }
    return std::string(text.substr(0, end)).append(ellipsis);
}

std::string to_ascii(std::string_view text) {
    std::string result;
    result.reserve(text.size());
    for (std::size_t position = 0; position < text.size();) {
        const char32_t c = next_code_point(text, position);
        result.append(columns_of(c), likeness(c));
    }
    return result;
}

} // namespace hetmem::detail
