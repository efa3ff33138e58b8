// acpi/test_bytes.hpp: tables written by hand, byte by byte, for the tests of the decoders. Knows
// nothing of the encoders under test.
#pragma once

#include <hetmem/defect.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace hetmem {

/// How a failing test shows a defect.
inline void PrintTo(const defect& d, std::ostream* out) {
    *out << d.table << " at " << d.offset << ": expected " << d.expected << ", found " << d.found
         << "; Linux " << d.linux_does;
}

namespace acpi {

using bytes = std::vector<std::byte>;

/// "28 00 FF" as three bytes; white space does not matter.
inline bytes hex(std::string_view text) {
    std::string digits;
    for (const char c : text) {
        if (std::isxdigit(static_cast<unsigned char>(c)) != 0) {
            digits += c;
        }
    }
    EXPECT_EQ(digits.size() % 2, 0U) << text;
    bytes out;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
        out.push_back(static_cast<std::byte>(std::stoul(digits.substr(i, 2), nullptr, 16)));
    }
    return out;
}

inline bytes join(std::initializer_list<bytes> parts) {
    bytes out;
    for (const bytes& part : parts) {
        out.insert(out.end(), part.begin(), part.end());
    }
    return out;
}

/// A number as `width` bytes, lowest first.
inline bytes number(std::uint64_t value, std::size_t width) {
    bytes out;
    for (std::size_t i = 0; i < width; ++i) {
        out.push_back(static_cast<std::byte>(value >> (8 * i)));
    }
    return out;
}

inline void put(bytes& table, std::size_t offset, std::uint64_t value, std::size_t width) {
    const bytes raw = number(value, width);
    for (std::size_t i = 0; i < width; ++i) {
        table.at(offset + i) = raw[i];
    }
}

/// Makes the byte at `offset` such that all bytes add up to zero.
inline void mend_checksum(bytes& table, std::size_t offset) {
    unsigned sum = 0;
    table.at(offset) = std::byte{0};
    for (const std::byte b : table) {
        sum += std::to_integer<unsigned>(b);
    }
    table.at(offset) = static_cast<std::byte>(0x100 - (sum & 0xFF));
}

/// An ACPI table with right length and checksum around a body.
inline bytes acpi_table(std::string_view signature, std::uint8_t revision, const bytes& body) {
    bytes table;
    for (const char c : signature) {
        table.push_back(static_cast<std::byte>(c));
    }
    table = join({table, number(36 + body.size(), 4), number(revision, 1), hex("00"),
                  hex("4F 45 4D 30 30 31"),       // "OEM001"
                  hex("54 41 42 4C 45 20 31 20"), // "TABLE 1 "
                  number(7, 4), hex("43 52 45 41"), number(0x20240101, 4), body});
    mend_checksum(table, 9);
    return table;
}

/// The defect at an offset, by parts of its texts.
inline auto defect_at(std::uint64_t offset, const std::string& expected, const std::string& found,
                      const std::string& linux_does) {
    using ::testing::AllOf;
    using ::testing::Field;
    using ::testing::HasSubstr;
    return AllOf(Field("offset", &defect::offset, offset),
                 Field("expected", &defect::expected, HasSubstr(expected)),
                 Field("found", &defect::found, HasSubstr(found)),
                 Field("linux_does", &defect::linux_does, HasSubstr(linux_does)));
}

} // namespace acpi
} // namespace hetmem
