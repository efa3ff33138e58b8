#include "override/replacement.hpp"

#include <acpi/header.hpp>

#include <hetmem/error.hpp>

#include <limits>
#include <optional>

#include <fmt/format.h>

namespace hetmem::detail {

namespace {

[[noreturn]] void refuse(std::string_view name, const std::string& why) {
    throw error(std::errc::invalid_argument, fmt::format("{}: {}", name, why));
}

acpi::table_header header_of(std::string_view signature, std::string_view name,
                             std::span<const std::byte> table) {
    const auto header = acpi::read_header(table);
    if (!header || acpi::signature_of(table) != signature) {
        refuse(name, fmt::format("a table with the signature {} is expected", signature));
    }
    if (header->length != table.size()) {
        refuse(name, fmt::format("it says that it has {} bytes, and has {}", header->length,
                                 table.size()));
    }
    return *header;
}

std::string ids(const acpi::table_header& header) {
    return fmt::format("\"{}\" \"{}\"", acpi::field_text(header.oem_id),
                       acpi::field_text(header.oem_table_id));
}

/// Makes the header that of a table which replaces `old`. What was changed goes to `remarks`.
void follow(const acpi::table_header& old, acpi::table_header& header, std::string_view name,
            bool keep_oem, std::vector<std::string>& remarks) {
    constexpr std::uint32_t highest = std::numeric_limits<std::uint32_t>::max();
    if (old.oem_revision == highest) {
        refuse(name, fmt::format("the {} in force has the highest OEM revision there is ({:#x}): "
                                 "Linux replaces a table by one with a higher revision only",
                                 acpi::field_text(header.signature), highest));
    }
    if (header.oem_id != old.oem_id || header.oem_table_id != old.oem_table_id) {
        const std::string what = fmt::format(
            "OEM ID and OEM table ID are {}; the table in force has {}", ids(header), ids(old));
        if (keep_oem) {
            refuse(name, what + ": Linux would add it as a further table, which nobody reads");
        }
        remarks.push_back(what + ", which it gets.");
        header.oem_id = old.oem_id;
        header.oem_table_id = old.oem_table_id;
    }
    if (header.oem_revision <= old.oem_revision) {
        const std::string what = fmt::format("the OEM revision is {}; the table in force has {}",
                                             header.oem_revision, old.oem_revision);
        if (keep_oem) {
            refuse(name, what + ": Linux replaces it by a higher one only");
        }
        header.oem_revision = old.oem_revision + 1;
        remarks.push_back(fmt::format("{}, and it gets {}.", what, header.oem_revision));
    }
}

} // namespace

prepared_table prepare_table(std::string_view signature, std::string_view name,
                             std::span<const std::byte> table, std::span<const std::byte> in_force,
                             bool keep_oem) {
    prepared_table prepared;
    acpi::table_header header = header_of(signature, name, table);
    if (acpi::byte_sum(table) != 0) {
        if (keep_oem) {
            refuse(name, "the checksum is wrong: Linux refuses such a table of an initrd");
        }
        prepared.remarks.emplace_back("The checksum was wrong, and was computed anew.");
    }
    const auto old = acpi::read_header(in_force);
    if (old) {
        follow(*old, header, name, keep_oem, prepared.remarks);
        prepared.record.replaces = old->oem_revision;
    } else {
        prepared.remarks.push_back(fmt::format("The machine has no {}: it is added.", signature));
    }
    prepared.bytes = acpi::with_header(table, header);
    prepared.record.signature = signature;
    prepared.record.oem_id = acpi::field_text(header.oem_id);
    prepared.record.oem_table_id = acpi::field_text(header.oem_table_id);
    prepared.record.oem_revision = header.oem_revision;
    prepared.record.length = prepared.bytes.size();
    return prepared;
}

} // namespace hetmem::detail
