#include <acpi/acpidump.hpp>

#include <hetmem/error.hpp>

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

namespace hetmem::acpi {
namespace {

constexpr std::size_t bytes_in_a_line = 16;
constexpr std::size_t longest_signature = 8; // "RSD PTR "

bool is_space(char c) {
    return c == ' ' || c == '\t';
}

bool is_blank(std::string_view line) {
    return std::ranges::all_of(line, is_space);
}

std::optional<std::uint64_t> hex_number(std::string_view digits) {
    std::uint64_t value = 0;
    const auto [stop, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    const bool all = error == std::errc() && stop == digits.data() + digits.size();
    return all ? std::optional(value) : std::nullopt;
}

/// "HMAT @ 0x000000007FFE1AB0" names a table.
std::optional<std::string_view> heading(std::string_view line) {
    constexpr std::string_view at = " @ 0x";
    const std::size_t place = line.find(at);
    if (place == std::string_view::npos || place == 0 || place > longest_signature ||
        is_space(line.front())) {
        return std::nullopt;
    }
    while (is_space(line.back())) {
        line.remove_suffix(1);
    }
    if (line.size() <= place + at.size() || !hex_number(line.substr(place + at.size()))) {
        return std::nullopt;
    }
    return line.substr(0, place);
}

/// Reads a text line by line; what is wrong is told with the line.
class dump_reader {
public:
    dump_reader(std::string_view text, std::string_view name) : text_(text), name_(name) {}

    std::vector<dumped_table> read() && {
        while (!text_.empty()) {
            ++line_number_;
            const std::size_t end = std::min(text_.find('\n'), text_.size());
            std::string_view line = text_.substr(0, end);
            text_.remove_prefix(std::min(end + 1, text_.size()));
            if (line.ends_with('\r')) {
                line.remove_suffix(1);
            }
            take(line);
        }
        finish_table();
        if (tables_.empty()) {
            refuse("no table in it: expected lines such as \"HMAT @ 0x0000000000000000\"");
        }
        return std::move(tables_);
    }

private:
    [[noreturn]] void refuse(std::string_view reason) const { refuse_at(line_number_, reason); }
    [[noreturn]] void refuse_at(std::size_t line, std::string_view reason) const {
        throw malformed_file(
            fmt::format("{}:{}: {}", name_, std::max<std::size_t>(line, 1), reason));
    }

    void take(std::string_view line) {
        if (is_blank(line)) {
            finish_table();
        } else if (const auto signature = heading(line)) {
            finish_table();
            tables_.push_back({std::string(*signature), line_number_, {}});
            inside_ = true;
        } else if (inside_) {
            take_bytes(line);
        } else {
            refuse("expected a heading such as \"HMAT @ 0x0000000000000000\"");
        }
    }

    void finish_table() {
        if (inside_ && tables_.back().bytes.empty()) {
            refuse_at(tables_.back().line,
                      fmt::format("there are no bytes of this {}", tables_.back().signature));
        }
        inside_ = false;
    }

    /// "    0010: 01 00 00 00  ....": the characters at the end may look like more bytes, but stand
    /// behind two spaces or behind the sixteenth byte.
    void take_bytes(std::string_view line) {
        std::vector<std::byte>& bytes = tables_.back().bytes;
        const std::size_t colon = line.find(':');
        std::string_view digits = line.substr(0, std::min(colon, line.size()));
        digits.remove_prefix(std::min(digits.find_first_not_of(" \t"), digits.size()));
        const auto offset = hex_number(digits);
        if (colon == std::string_view::npos || !offset) {
            refuse("expected an offset and bytes such as \"0010: 01 00 00 00\"");
        }
        if (*offset != bytes.size()) {
            refuse(fmt::format("expected offset {:04X}, found {:04X}: bytes are missing, or stand "
                               "in the wrong order",
                               bytes.size(), *offset));
        }
        line.remove_prefix(colon + 1);
        std::size_t count = 0;
        while (count < bytes_in_a_line && line.size() >= 2 && line[0] == ' ' && line[1] != ' ') {
            const std::size_t end = std::min(line.find(' ', 1), line.size());
            const auto value = hex_number(line.substr(1, end - 1));
            if (!value || end != 3) {
                refuse(fmt::format("\"{}\" is no byte in hexadecimal", line.substr(1, end - 1)));
            }
            bytes.push_back(static_cast<std::byte>(*value));
            line.remove_prefix(end);
            ++count;
        }
        if (count == 0) {
            refuse("there are no bytes in this line");
        }
    }

    std::string_view text_;
    std::string_view name_;
    std::size_t line_number_ = 0;
    bool inside_ = false;
    std::vector<dumped_table> tables_;
};

} // namespace

std::vector<dumped_table> parse_acpidump(std::string_view text, std::string_view name) {
    return dump_reader(text, name).read();
}

} // namespace hetmem::acpi
