// kernel/text.hpp: numbers, names and lines as the kernel prints them, taken from text that may be
// anything: what is not of the form gives nothing, never a guess.
#pragma once

#include <hetmem/id_set.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace hetmem::kernel {

/// Without white space (and NULs) at both ends.
std::string_view trimmed(std::string_view text);

/// A whole decimal number with white space around it; nothing on overflow or other characters.
std::optional<std::uint64_t> parse_u64(std::string_view text);
/// The same, signed ("-1" is how the kernel writes "no node").
std::optional<std::int64_t> parse_i64(std::string_view text);
/// A whole hexadecimal number, with or without 0x.
std::optional<std::uint64_t> parse_hex(std::string_view text);
/// Hexadecimal after 0x, else decimal: sysfs attributes of devices use both.
std::optional<std::uint64_t> parse_any_base(std::string_view text);
/// A node number below node_limit, as attributes like numa_node hold it: nothing for -1.
std::optional<int> parse_node(std::string_view text);

/// The number in a name such as "node12": nothing unless `name` is `prefix` and a decimal number
/// without superfluous zeros.
std::optional<unsigned> number_after(std::string_view prefix, std::string_view name);

/// A mask of CPUs or nodes: words of 32 bits, the most significant first, "00000000,0000000f". Old
/// kernels, and copies made by old tools, have it where newer ones have a list.
std::optional<id_set> parse_mask(std::string_view text);

/// Numbers within names compare as numbers: "dax2.0" stands before "dax10.0".
bool natural_less(std::string_view a, std::string_view b);

/// The next word (of characters that are not white space) of `text`, which loses it; "" at the end.
std::string_view next_word(std::string_view& text);
/// The next line of `text` without its newline; `text` loses both. Nothing at the end.
std::optional<std::string_view> next_line(std::string_view& text);

/// Node numbers at or above this are taken for garbage: far above the kernel's limit (1024).
inline constexpr unsigned node_limit = 1U << 16;

} // namespace hetmem::kernel
