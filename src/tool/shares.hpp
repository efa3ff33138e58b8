// tool/shares.hpp: bytes by memory, as subcommands print them.
#pragma once

#include <hetmem/residency.hpp>

#include <nlohmann/json.hpp>

#include <span>
#include <string>

namespace hetmem::tool {

/// "node0 1.5 GiB, dax0.0 2 MiB"; empty for none.
std::string list_of(std::span<const resident_share> shares);
/// [{"target": "node0", "node": 0, "bytes": 4096}, ...]; a dax device's node is null.
nlohmann::ordered_json json_of(std::span<const resident_share> shares);

} // namespace hetmem::tool
