#include "kernel/early_tables.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace hetmem::kernel {

namespace {

constexpr std::string_view place = "kernel/firmware/acpi/";
constexpr std::size_t alignment = 4;
constexpr std::size_t block = 512;

// The header of a member ("newc"): a magic number of six characters, then thirteen numbers of eight
// hexadecimal digits.
constexpr std::size_t magic_digits = 6;
constexpr std::size_t field_digits = 8;
constexpr std::size_t fields = 13;
constexpr std::size_t header_size = magic_digits + fields * field_digits;
constexpr std::uint32_t magic = 0x070701;
constexpr std::uint32_t magic_with_checksums = 0x070702;
// Which of them, the magic number being the first.
constexpr std::size_t mode_field = 2;
constexpr std::size_t size_field = 7;
constexpr std::size_t name_size_field = 12;

constexpr std::uint32_t kind_mask = 0170000;
constexpr std::uint32_t ordinary_file = 0100000;
constexpr std::uint32_t file_mode = ordinary_file | 0644;
constexpr std::uint32_t directory_mode = 0040755;

std::size_t aligned(std::size_t size, std::size_t to) {
    return (size + to - 1) / to * to;
}

void add_member(std::string& archive, std::uint32_t inode, std::uint32_t mode,
                std::string_view name, std::span<const std::byte> content) {
    // inode, mode, uid, gid, links, time, size, device (4), length of the name, checksum
    archive += fmt::format("{:06X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:032X}{:08X}{:08X}",
                           magic, inode, mode, 0, 0, 1, 0, content.size(), 0, name.size() + 1, 0);
    archive += name;
    archive.resize(aligned(archive.size() + 1, alignment));
    archive.append(reinterpret_cast<const char*>(content.data()), content.size());
    archive.resize(aligned(archive.size(), alignment));
}

/// What a header's numbers say; nothing when it is none that the kernel takes.
std::optional<std::array<std::uint32_t, fields + 1>> read_header(std::span<const std::byte> from) {
    std::array<std::uint32_t, fields + 1> values{};
    std::size_t at = 0;
    for (std::size_t field = 0; field < values.size(); ++field) {
        for (std::size_t digit = field == 0 ? magic_digits : field_digits; digit > 0; --digit) {
            const auto c = static_cast<unsigned char>(from[at++]);
            const bool letter = (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
            if (!letter && (c < '0' || c > '9')) {
                return std::nullopt;
            }
            constexpr unsigned char to_lower = 0x20;
            const unsigned value = letter ? (c | to_lower) - 'a' + 10U : c - '0' + 0U;
            values[field] = values[field] << 4U | value;
        }
    }
    if (values[0] != magic && values[0] != magic_with_checksums) {
        return std::nullopt;
    }
    return values;
}

} // namespace

std::string make_early_archive(std::span<const early_table> tables) {
    std::string archive;
    std::uint32_t inode = 0;
    for (std::size_t end = place.find('/'); end != std::string_view::npos;
         end = place.find('/', end + 1)) {
        add_member(archive, ++inode, directory_mode, place.substr(0, end), {});
    }
    for (const early_table& table : tables) {
        add_member(archive, ++inode, file_mode, std::string(place) + table.name, table.bytes);
    }
    add_member(archive, 0, 0, "TRAILER!!!", {});
    archive.resize(aligned(archive.size(), block));
    return archive;
}

std::vector<early_table> find_early_tables(std::span<const std::byte> initrd) {
    std::vector<early_table> found;
    std::size_t at = 0;
    while (initrd.size() - at > header_size && found.size() < most_early_tables) {
        if (initrd[at] == std::byte{0}) {
            at += alignment;
            continue;
        }
        const auto header = read_header(initrd.subspan(at));
        if (!header) {
            break;
        }
        // In 64 bits nothing of this can overflow.
        const std::size_t name_size = (*header)[name_size_field];
        const std::size_t size = (*header)[size_field];
        const std::size_t name_at = at + header_size;
        const std::size_t data_at = aligned(name_at + name_size, alignment);
        const std::size_t next = aligned(data_at + size, alignment);
        if (next > initrd.size()) {
            break;
        }
        const std::string_view name(reinterpret_cast<const char*>(initrd.data()) + name_at,
                                    name_size);
        if (((*header)[mode_field] & kind_mask) == ordinary_file && name.starts_with(place)) {
            early_table table;
            table.name = name.substr(place.size());
            table.name.resize(
                std::min({table.name.find('\0'), table.name.size(), longest_early_name}));
            const auto content = initrd.subspan(data_at, size);
            table.bytes.assign(content.begin(), content.end());
            found.push_back(std::move(table));
        }
        at = next;
    }
    return found;
}

} // namespace hetmem::kernel
