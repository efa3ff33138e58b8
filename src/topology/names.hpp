// names.hpp: the names of enumerators, as printed and as written in JSON, in one table each.
#pragma once

#include <hetmem/measured.hpp>
#include <hetmem/rank.hpp>
#include <hetmem/topology.hpp>

#include <optional>
#include <string_view>

namespace hetmem::detail {

/// The reverse of to_string; nothing for a name that no enumerator has.
template <class Enum> std::optional<Enum> from_name(std::string_view name);

} // namespace hetmem::detail
