// src/tool/table_build.hpp: hetmem table build.
#pragma once

#include "check/hmat_builder.hpp"
#include "tool/table_arguments.hpp"

namespace hetmem::tool {

/// The exit status. Throws hetmem::error, and usage_error for figures that make no sense.
int build_table(const table_arguments& asked);

/// The table alone, for who writes it elsewhere. Throws the same.
detail::built_hmat built_for(const table_arguments& asked);

} // namespace hetmem::tool
