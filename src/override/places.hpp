// override/places.hpp: what lies where in /var/lib/hetmem/override.
#pragma once

#include "check/override_record.hpp"
#include "kernel/early_tables.hpp"
#include "kernel/rooted.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace hetmem::detail {

std::string in_override_directory(std::string_view name);
std::string table_file(std::string_view signature);    ///< what the kernel is to take
std::string original_file(std::string_view signature); ///< the firmware's own

/// The tables of an installation, as they lie ready; those that cannot be read are left out.
std::vector<kernel::early_table> installed_tables(const override_record& record,
                                                  const kernel::rooted_reader& machine);

bool is_one_of(const std::vector<kernel::early_table>& tables, const std::vector<std::byte>& table);

} // namespace hetmem::detail
