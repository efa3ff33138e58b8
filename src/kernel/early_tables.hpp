// kernel/early_tables.hpp: the archive in front of an initrd from which the kernel takes ACPI
// tables at boot (Documentation/admin-guide/acpi/initrd_table_override.rst; lib/earlycpio.c).
//
//     write("tables.cpio", make_early_archive({{"HMAT.aml", hmat}}));
//     for (const early_table& table : find_early_tables(initrd)) { ... }
//
// Pure functions of bytes; thread-safe.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace hetmem::kernel {

struct early_table {
    std::string name; ///< "HMAT.aml", below kernel/firmware/acpi/
    std::vector<std::byte> bytes;
    friend bool operator==(const early_table&, const early_table&) = default;
};

/// Longer names are cut by the kernel.
inline constexpr std::size_t longest_early_name = 17;
/// The kernel looks at no more.
inline constexpr std::size_t most_early_tables = 64;

/// An uncompressed cpio archive ("newc"), the same bytes each time: files of root with mode 0644,
/// without times. It ends at a multiple of 512 bytes, so that whatever follows it is aligned.
std::string make_early_archive(std::span<const early_table> tables);

/// The tables that the kernel would find at the start of an initrd, in its order: it reads one
/// archive after the other, over zeros between them, up to the first byte that is of none (the
/// compressed part).
std::vector<early_table> find_early_tables(std::span<const std::byte> initrd);

} // namespace hetmem::kernel
