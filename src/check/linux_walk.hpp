// check/linux_walk.hpp: a table's bytes as the kernel goes through them: it believes every length,
// looks at no structure whose first bytes are not all there, and never asks whether one ends within
// the table (acpi_parse_entries_array() of drivers/acpi/tables.c, since 6.8 lib/fw_table.c).
#pragma once

#include <acpi/bytes.hpp>
#include <acpi/header.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace hetmem::detail {

/// Numbers out of bytes, 0 where there are none: what lies behind a table nobody knows.
class raw_bytes {
public:
    explicit raw_bytes(std::span<const std::byte> bytes) : bytes_(bytes) {}

    template <acpi::Scalar T> T at(std::uint64_t offset) const {
        if (offset > bytes_.size() || bytes_.size() - offset < sizeof(T)) {
            return T{};
        }
        return acpi::load<T>(bytes_.data() + offset);
    }
    std::size_t size() const { return bytes_.size(); }

    // The head of every table (ACPI 6.4, 5.2.6).
    std::uint32_t table_length() const { return at<std::uint32_t>(4); }
    unsigned table_revision() const { return at<std::uint8_t>(8); }

private:
    std::span<const std::byte> bytes_;
};

struct walked_structure {
    std::uint64_t offset = 0;
    unsigned type = 0;
    std::uint32_t length = 0;
};

enum class walk_end : std::uint8_t { reached, zero_length, stopped };
struct walk_result {
    walk_end how = walk_end::reached;
    std::uint64_t at = 0; ///< the structure that ended it
};

/// The HMAT's structures have a type and a length of 16 and 32 bits, those of others of 8.
inline constexpr std::size_t short_head = 2;
inline constexpr std::size_t hmat_head = 8;

/// Calls visit(structure) for each until it returns false.
template <std::size_t HeadSize, class Visit>
walk_result walk_as_linux(const raw_bytes& table, std::size_t begin, Visit&& visit) {
    const std::uint64_t end = std::min<std::uint64_t>(table.table_length(), table.size());
    std::uint64_t at = begin;
    while (at + HeadSize < end) {
        walked_structure seen{at, 0, 0};
        if constexpr (HeadSize == hmat_head) {
            seen.type = table.at<std::uint16_t>(at);
            seen.length = table.at<std::uint32_t>(at + 4);
        } else {
            seen.type = table.at<std::uint8_t>(at);
            seen.length = table.at<std::uint8_t>(at + 1);
        }
        if (!visit(seen)) {
            return {walk_end::stopped, at};
        }
        if (seen.length == 0) {
            return {walk_end::zero_length, at};
        }
        at += seen.length;
    }
    return {};
}

} // namespace hetmem::detail
