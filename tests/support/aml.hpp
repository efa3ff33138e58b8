// tests/support/aml.hpp: AML (ACPI 6.4, chapter 20) for made-up firmware, as far as tests need it.
//
//     machine.write("sys/firmware/acpi/tables/SSDT1", aml::table("SSDT", aml::scope("_SB_",
//                   aml::method("_HMA", aml::returns(aml::buffer(hmat))))));
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hetmem::test::aml {

/// Terms, one after the other.
using code = std::string;

inline code number(std::uint64_t value, unsigned bytes) {
    code out;
    for (unsigned i = 0; i < bytes; ++i) {
        out += static_cast<char>(value >> (8 * i) & 0xFFU);
    }
    return out;
}

/// The length of a package, which counts itself, and the package.
inline code package(const code& body) {
    const std::size_t size = body.size();
    if (size + 1 <= 0x3F) {
        return number(size + 1, 1) + body;
    }
    const unsigned more = size + 2 <= 0xFFF ? 1 : 2;
    const std::size_t length = size + 1 + more;
    return number(more << 6 | (length & 0xFU), 1) + number(length >> 4, more) + body;
}

/// Names have four characters.
inline code scope(std::string_view name, const code& body) {
    return "\x10" + package("\\" + code(name) + body);
}
inline code device(std::string_view name, const code& body) {
    return "\x5B\x82" + package(code(name) + body);
}
inline code method(std::string_view name, const code& body) {
    return "\x14" + package(code(name) + code(1, '\0') + body);
}
inline code named(std::string_view name, const code& value) {
    return "\x08" + code(name) + value;
}
inline code returns(const code& value) {
    return "\xA4" + value;
}
inline code buffer(std::span<const std::byte> bytes) {
    code body = "\x0C" + number(bytes.size(), 4);
    body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return "\x11" + package(body);
}
/// `bytes` of physical memory, as the field `name`.
inline code memory_field(std::string_view name, std::uint32_t address, unsigned bytes) {
    const unsigned bits = bytes * 8; // fits in 12 bits here
    return code("\x5B\x80") + "OPRG" + code(1, '\0') + "\x0C" + number(address, 4) + "\x0C" +
           number(bytes, 4) + "\x5B\x81" +
           package("OPRG" + code(1, '\0') + code(name) + number(1U << 6 | (bits & 0xFU), 1) +
                   number(bits >> 4, 1));
}
inline code endless_loop() {
    return "\xA2" + package("\x01" + code("\xA3")); // While (One) { Noop }
}

/// A whole DSDT or SSDT.
inline std::vector<std::byte> table(std::string_view signature, const code& body) {
    std::string bytes = code(signature) + number(36 + body.size(), 4) + "\x02" + code(1, '\0') +
                        "HETMEM" + "MADE UP " + number(1, 4) + "TEST" + number(1, 4) + body;
    unsigned sum = 0;
    for (const char c : bytes) {
        sum += static_cast<unsigned char>(c);
    }
    bytes[9] = static_cast<char>(0x100 - (sum & 0xFFU));
    const auto* const begin = reinterpret_cast<const std::byte*>(bytes.data());
    return {begin, begin + bytes.size()};
}

} // namespace hetmem::test::aml
