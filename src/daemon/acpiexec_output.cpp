// What acpiexec prints. Its exit status is 0 also after errors, so that this is all there is.
#include "daemon/acpiexec.hpp"

#include "kernel/text.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

namespace hetmem::daemon {

namespace {

/// "\_SB.PCI0.MEM0._HMA": names of up to four characters, the last one _HMA.
bool is_hma_path(std::string_view path) {
    constexpr std::string_view last = "_HMA";
    if (!path.starts_with('\\') || !path.ends_with(last)) {
        return false;
    }
    path.remove_prefix(1);
    while (true) {
        const std::size_t dot = path.find('.');
        const std::string_view segment = path.substr(0, dot);
        const bool is_name =
            !segment.empty() && segment.size() <= 4 && std::ranges::all_of(segment, [](char c) {
                return c == '_' || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
            });
        if (!is_name) {
            return false;
        }
        if (dot == std::string_view::npos) {
            return segment == last;
        }
        path.remove_prefix(dot + 1);
    }
}

std::optional<std::uint8_t> byte_of(std::string_view word) {
    const auto value = word.size() == 2 ? kernel::parse_hex(word) : std::nullopt;
    return value ? std::optional(static_cast<std::uint8_t>(*value)) : std::nullopt;
}

/// "0010: 48 4D ...  // HM.." continues at `offset` of a dump; false when it does not.
bool take_dump_line(std::string_view line, std::vector<std::byte>& into, std::size_t length) {
    constexpr std::size_t bytes_in_line = 16;
    line = line.substr(0, line.find("//"));
    std::string_view offset = kernel::next_word(line);
    if (!offset.ends_with(':')) {
        return false;
    }
    offset.remove_suffix(1);
    if (kernel::parse_hex(offset) != into.size()) {
        return false;
    }
    const std::size_t wanted = std::min(bytes_in_line, length - into.size());
    for (std::size_t i = 0; i < wanted; ++i) {
        const auto value = byte_of(kernel::next_word(line));
        if (!value) {
            return false;
        }
        into.push_back(std::byte{*value});
    }
    return kernel::trimmed(line).empty();
}

/// What follows "[Buffer] Length": "28 =" and lines, or a line behind the "=".
evaluated parse_buffer(std::string_view text) {
    evaluated out;
    const std::string unreadable = "acpiexec printed what is no buffer";
    const std::optional<std::uint64_t> length = kernel::parse_hex(kernel::next_word(text));
    constexpr std::uint64_t most = std::uint64_t{1} << 20;
    if (!length || *length > most || kernel::next_word(text) != "=") {
        out.failure = unreadable;
        return out;
    }
    while (out.buffer.size() < *length) {
        const auto line = kernel::next_line(text);
        const bool at_end = !line;
        if (!at_end && kernel::trimmed(*line).empty()) {
            continue; // the rest of the line with the "="
        }
        if (at_end || !take_dump_line(*line, out.buffer, static_cast<std::size_t>(*length))) {
            out.buffer.clear();
            out.failure = unreadable;
            return out;
        }
    }
    return out;
}

/// What stands behind the last occurrence of `mark`.
std::optional<std::string_view> after_last(std::string_view text, std::string_view mark) {
    const std::size_t at = text.rfind(mark);
    return at == std::string_view::npos ? std::nullopt
                                        : std::optional(text.substr(at + mark.size()));
}

} // namespace

std::vector<std::string> parse_found(std::string_view output, std::size_t most) {
    std::vector<std::string> paths;
    while (const auto line = kernel::next_line(output)) {
        std::string_view words = *line;
        const std::string_view path = kernel::next_word(words);
        if (is_hma_path(path) && paths.size() < most &&
            std::find(paths.begin(), paths.end(), path) == paths.end()) {
            paths.emplace_back(path);
        }
    }
    return paths;
}

evaluated parse_evaluation(std::string_view output, std::string_view path) {
    evaluated out;
    // The last of them: what the method itself prints while it is evaluated stands before.
    if (const auto failed =
            after_last(output, fmt::format("\nEvaluation of {} failed with status ", path))) {
        std::string_view rest = *failed;
        const std::string_view status = kernel::next_word(rest);
        out.failure = status == "AE_BUFFER_OVERFLOW"
                          ? std::string("it is larger than the 16 KiB that acpiexec can return")
                          : fmt::format("it fails with {}", status.substr(0, 64));
        return out;
    }
    if (output.find(fmt::format("\nNo object was returned from evaluation of {}", path)) !=
        std::string_view::npos) {
        out.failure = "it returns nothing";
        return out;
    }
    auto returned = after_last(output, fmt::format("\nEvaluation of {} returned object ", path));
    if (!returned) {
        out.failure = "acpiexec printed no result";
        return out;
    }
    kernel::next_line(*returned);
    const std::string_view kind = kernel::next_word(*returned);
    if (kind != "[Buffer]") {
        out.failure = fmt::format("it returns no buffer but {}", kind.substr(0, 64));
        return out;
    }
    if (kernel::next_word(*returned) != "Length") {
        out.failure = "acpiexec printed what is no buffer";
        return out;
    }
    return parse_buffer(*returned);
}

} // namespace hetmem::daemon
