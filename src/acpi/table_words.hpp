// acpi/table_words.hpp: fields and structures of tables in words.
//
// Pure; thread-safe.
#pragma once

#include <acpi/table_form.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace hetmem::acpi {

/// "2", "0x100000000", "read latency", "Enabled, Hot Pluggable", "\"BOCHS\"". `bytes` are those of
/// the header or structure.
std::string field_words(std::span<const std::byte> bytes, const field_form& field,
                        unsigned revision);

/// By what people tell one structure from others of its type: "domain 2", "APIC ID 3"; "" where
/// nothing does.
std::string identity_words(table_kind kind, const table_piece& piece);

/// Equal for two structures that are about the same thing, in one table and in another.
std::string identity_of(table_kind kind, const table_piece& piece);

/// "Memory Affinity, base address 0x100000000"
std::string structure_words(table_kind kind, const table_piece& piece);

} // namespace hetmem::acpi
