#include <acpi/table.hpp>

namespace hetmem::acpi {

bool bound_table(std::span<const std::byte> bytes, std::uint32_t length, std::size_t minimum,
                 std::size_t length_offset, std::span<const std::byte>& table,
                 defect_list& defects) {
    table = bytes;
    if (length < minimum) {
        defects.add(length_offset, [&] {
            return defect_text{fmt::format("a table length of {} bytes and more", minimum),
                               fmt::format("{}; read as {}", length, bytes.size())};
        });
        return false;
    }
    if (length > bytes.size()) {
        defects.add(length_offset, [&] {
            return defect_text{fmt::format("{} bytes, as the table's length says", length),
                               fmt::format("{}", bytes.size())};
        });
        return false;
    }
    table = bytes.first(length);
    return true;
}

std::optional<table_header> open_table(std::span<const std::byte> bytes, std::string_view signature,
                                       std::size_t minimum, std::span<const std::byte>& table,
                                       defect_list& defects) {
    if (signature_of(bytes) != signature && bytes.size() >= minimum) {
        defects.add(0, [&] {
            return defect_text{
                fmt::format("signature \"{}\"", signature),
                fmt::format("\"{}\"",
                            field_text({reinterpret_cast<const char*>(bytes.data()), 4}))};
        });
        return std::nullopt;
    }
    if (bytes.size() < minimum) {
        defects.add(0, [&] {
            return defect_text{fmt::format("a table of {} bytes and more", minimum),
                               fmt::format("{} bytes", bytes.size())};
        });
        return std::nullopt;
    }
    table_header header;
    field_reader read(bytes);
    layout<table_header>::of(read, header);
    if (bound_table(bytes, header.length, minimum, 4, table, defects)) {
        if (table.size() < bytes.size()) {
            defects.add(table.size(), [&] {
                return defect_text{fmt::format("the end of the table after {} bytes", table.size()),
                                   fmt::format("{} more", bytes.size() - table.size()),
                                   "does not look at them"};
            });
        }
        if (const std::uint8_t sum = byte_sum(table); sum != 0) {
            defects.add(checksum_offset, [&] {
                const auto right = static_cast<std::uint8_t>(header.checksum - sum);
                return defect_text{fmt::format("checksum 0x{:02X}", right),
                                   fmt::format("0x{:02X}", header.checksum),
                                   "refuses it as a table from the initrd; warns and uses it when "
                                   "it comes from firmware"};
            });
        }
    }
    return header;
}

} // namespace hetmem::acpi
