// publish/utf8.hpp: text from elsewhere made safe to print, and how many columns it takes.
//
// Names and sentences may come from a saved file that anyone can write, so nothing of them reaches
// a terminal that could move its cursor, change its colours or reorder what is read.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hetmem::detail {

/// The code point at `position`, which is moved behind it; U+FFFD for a byte that is not UTF-8.
char32_t next_code_point(std::string_view text, std::size_t& position);

void append_utf8(std::string& text, char32_t code_point);

/// Valid UTF-8 without control characters, line breaks, invisible or direction-changing ones: each
/// is replaced by U+FFFD.
std::string printable(std::string_view text);

/// Columns of a terminal that one code point takes: 0, 1 or 2.
unsigned columns_of(char32_t code_point);
std::size_t columns_of(std::string_view text);

/// The part of `text` that fits, with an ellipsis where something was left out.
std::string cut_to(std::string_view text, std::size_t columns);

/// ASCII of the same number of columns: box drawing becomes + - |, what has no likeness becomes _.
std::string to_ascii(std::string_view text);

} // namespace hetmem::detail
