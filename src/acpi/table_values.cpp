#include <acpi/table_values.hpp>

#include <acpi/bytes.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include <fmt/format.h>

namespace hetmem::acpi {
namespace {

constexpr std::size_t handle_size = 16;
constexpr std::size_t hid_size = 8;

std::optional<unsigned> digit(char c) {
    if (c >= '0' && c <= '9') {
        return static_cast<unsigned>(c - '0');
    }
    if (c >= 'a' && c <= 'f') {
        return static_cast<unsigned>(c - 'a') + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return static_cast<unsigned>(c - 'A') + 10;
    }
    return std::nullopt;
}

/// Picoseconds in a nanosecond; bytes per second in a MB/s. A power of ten.
std::uint64_t unit_of(data_type kind) {
    return is_latency(kind) ? 1000 : 1'000'000;
}

template <class Number>
bool parse(std::string_view& text, Number& number, int base, std::string_view behind) {
    const auto [stop, error] =
        std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (error != std::errc()) {
        return false;
    }
    text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
    if (!text.starts_with(behind)) {
        return false;
    }
    text.remove_prefix(behind.size());
    return true;
}

std::optional<generic_affinity> pci_from(std::string_view text) {
    constexpr unsigned functions = 8;
    constexpr unsigned devices = 32;
    pci_device place;
    if (!parse(text, place.segment, 16, ":") || !parse(text, place.bus, 16, ":") ||
        !parse(text, place.device, 16, ".") || !parse(text, place.function, 16, "") ||
        !text.empty() || place.device >= devices || place.function >= functions) {
        return std::nullopt;
    }
    generic_affinity device;
    device.set_device(place);
    return device;
}

std::optional<generic_affinity> acpi_from(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    acpi_device named;
    if (colon > hid_size) { // or none at all
        return std::nullopt;
    }
    named.hid = text.substr(0, colon);
    text.remove_prefix(colon + 1);
    if (!parse(text, named.uid, 10, "") || !text.empty()) {
        return std::nullopt;
    }
    generic_affinity device;
    device.set_device(named);
    return device;
}

} // namespace

std::string to_hex(std::span<const std::byte> bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 3);
    for (const std::byte byte : bytes) {
        if (!text.empty()) {
            text += ' ';
        }
        text += digits[std::to_integer<std::size_t>(byte >> 4)];
        text += digits[std::to_integer<std::size_t>(byte & std::byte{0xF})];
    }
    return text;
}

std::optional<std::vector<std::byte>> from_hex(std::string_view text) {
    std::vector<std::byte> bytes;
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] == ' ') {
            ++at;
            continue;
        }
        const auto high = digit(text[at]);
        const auto low = at + 1 < text.size() ? digit(text[at + 1]) : std::nullopt;
        if (!high || !low) {
            return std::nullopt;
        }
        bytes.push_back(static_cast<std::byte>(*high << 4 | *low));
        at += 2;
    }
    return bytes;
}

std::string characters_of(std::span<const std::byte> field) {
    std::size_t size = field.size();
    while (size > 0 && field[size - 1] == std::byte{0}) {
        --size;
    }
    std::string text;
    for (const std::byte byte : field.first(size)) {
        const auto code = std::to_integer<unsigned>(byte);
        if (code < 0x80) {
            text += static_cast<char>(code);
        } else {
            text += static_cast<char>(0xC0U | code >> 6);
            text += static_cast<char>(0x80U | (code & 0x3FU));
        }
    }
    return text;
}

std::optional<std::vector<std::byte>> field_from(std::string_view text, std::size_t size) {
    std::vector<std::byte> field;
    for (std::size_t at = 0; at < text.size(); ++at) {
        auto code = static_cast<unsigned>(static_cast<unsigned char>(text[at]));
        if (code >= 0x80) {
            // Two bytes beginning with 0xC2 or 0xC3 are what Latin-1 has beyond ASCII.
            if ((code != 0xC2 && code != 0xC3) || at + 1 == text.size()) {
                return std::nullopt;
            }
            ++at;
            code = (code & 3U) << 6 | (static_cast<unsigned char>(text[at]) & 0x3FU);
        }
        field.push_back(static_cast<std::byte>(code));
    }
    if (field.size() > size) {
        return std::nullopt;
    }
    field.resize(size);
    return field;
}

std::string handle_text(std::uint8_t handle_type, std::span<const std::byte> handle) {
    generic_affinity device;
    device.handle_type = handle_type;
    std::ranges::transform(handle.first(std::min(handle.size(), handle_size)),
                           device.handle.begin(),
                           [](std::byte b) { return std::to_integer<std::uint8_t>(b); });
    std::string words = to_string(device.device());
    const auto again = handle_from(words);
    return again == device.handle ? words : to_hex(handle);
}

std::optional<std::array<std::uint8_t, 16>> handle_from(std::string_view text) {
    constexpr std::string_view pci = "pci ";
    constexpr std::string_view acpi = "acpi ";
    std::optional<generic_affinity> device;
    if (text.starts_with(pci)) {
        device = pci_from(text.substr(pci.size()));
    } else if (text.starts_with(acpi)) {
        device = acpi_from(text.substr(acpi.size()));
    } else if (const auto bytes = from_hex(text); bytes && bytes->size() == handle_size) {
        std::array<std::uint8_t, handle_size> raw{};
        std::ranges::transform(*bytes, raw.begin(),
                               [](std::byte b) { return std::to_integer<std::uint8_t>(b); });
        return raw;
    }
    return device ? std::optional(device->handle) : std::nullopt;
}

std::string_view unit_text(data_type kind) {
    return is_latency(kind) ? "ns" : "MB/s";
}

void append_figure(std::string& out, data_type kind, std::uint64_t value) {
    const std::uint64_t unit = unit_of(kind);
    fmt::format_to(std::back_inserter(out), "{}", value / unit);
    std::uint64_t rest = value % unit;
    if (rest == 0) {
        return;
    }
    out += '.';
    for (std::uint64_t place = unit / 10; rest != 0; place /= 10) {
        out += static_cast<char>('0' + rest / place);
        rest %= place;
    }
}

std::optional<std::uint64_t> figure_from(std::string_view text, data_type kind) {
    constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    const std::uint64_t unit = unit_of(kind);
    std::uint64_t whole = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
    if (error != std::errc() || whole > most / unit) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
    std::uint64_t rest = 0;
    if (!text.empty()) {
        if (text[0] != '.' || text.size() == 1) {
            return std::nullopt;
        }
        text.remove_prefix(1);
        std::uint64_t place = unit / 10;
        for (const char c : text) {
            const bool is_digit = c >= '0' && c <= '9';
            if (!is_digit || (place == 0 && c != '0')) {
                return std::nullopt;
            }
            rest += static_cast<std::uint64_t>(c - '0') * place;
            place /= 10;
        }
    }
    return rest > most - whole * unit ? std::nullopt : std::optional(whole * unit + rest);
}

} // namespace hetmem::acpi
