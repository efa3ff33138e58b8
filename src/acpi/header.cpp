#include <acpi/header.hpp>

#include <acpi/bytes.hpp>
#include <acpi/table.hpp>

#include <algorithm>

namespace hetmem::acpi {
namespace {

template <std::size_t N> std::array<char, N> padded(std::string_view text) {
    std::array<char, N> field;
    field.fill(' ');
    std::ranges::copy(text.substr(0, N), field.begin());
    return field;
}

} // namespace

table_header make_header(std::string_view signature, std::uint8_t revision) {
    table_header header;
    header.signature = padded<4>(signature);
    header.revision = revision;
    header.oem_id = padded<6>("HETMEM");
    header.oem_table_id = padded<8>("HETMEM");
    header.oem_revision = 1;
    header.creator_id = padded<4>("HTMM");
    header.creator_revision = 1;
    return header;
}

std::optional<table_header> read_header(std::span<const std::byte> table) {
    if (table.size() < table_header_size) {
        return std::nullopt;
    }
    table_header header;
    field_reader read(table);
    layout<table_header>::of(read, header);
    return header;
}

std::vector<std::byte> with_header(std::span<const std::byte> table, table_header header) {
    if (table.size() < table_header_size) {
        return to_vector(table);
    }
    header.length = static_cast<std::uint32_t>(table.size());
    header.checksum = 0;
    std::vector<std::byte> out;
    out.reserve(table.size());
    field_writer write(out);
    layout<table_header>::of(write, header);
    const auto rest = table.subspan(table_header_size);
    out.insert(out.end(), rest.begin(), rest.end());
    out[checksum_offset] = std::byte{checksum_for(out)};
    return out;
}

std::string field_text(std::span<const char> field) {
    std::string text(field.begin(), std::ranges::find(field, '\0'));
    text.erase(text.find_last_not_of(' ') + 1);
    std::ranges::replace_if(
        text, [](char c) { return c < 0x20 || c > 0x7E; }, '?');
    return text;
}

std::uint8_t byte_sum(std::span<const std::byte> bytes) {
    // Eight bytes at a time, added up in four lanes of 16 bits. A round adds at most 510 to a lane,
    // so that the lanes must be emptied after 128 rounds.
    constexpr std::uint64_t even = 0x00FF00FF00FF00FFULL;
    constexpr std::size_t rounds = 128;
    std::uint64_t sum = 0;
    while (bytes.size() >= 8) {
        const std::size_t count = std::min(bytes.size() / 8, rounds);
        std::uint64_t lanes = 0;
        for (std::size_t i = 0; i < count; ++i) {
            const auto word = load<std::uint64_t>(bytes.data() + i * 8);
            lanes += (word & even) + ((word >> 8) & even);
        }
        for (unsigned lane = 0; lane < 4; ++lane) {
            sum += (lanes >> (16 * lane)) & 0xFFFFU;
        }
        bytes = bytes.subspan(count * 8);
    }
    for (const std::byte byte : bytes) {
        sum += std::to_integer<std::uint64_t>(byte);
    }
    return static_cast<std::uint8_t>(sum);
}

std::string_view signature_of(std::span<const std::byte> table) {
    if (table.size() < 4) {
        return {};
    }
    // char may look at any object's bytes.
    return {reinterpret_cast<const char*>(table.data()), 4};
}

} // namespace hetmem::acpi
