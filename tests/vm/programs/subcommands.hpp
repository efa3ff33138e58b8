// The subcommands of vm_place. Each prints one JSON object.
#pragma once

#include "tests/vm/programs/arguments.hpp"

#include <nlohmann/json.hpp>

namespace vm {

/// allocate PLACEMENT MIB [region options] [--migrate=PLACEMENT [--as-far] [--quiesce]]: a region,
/// where it is, whether it came zeroed; held if somebody holds the program; then all counted again.
nlohmann::json allocate(const arguments& asked);
/// race PROCESSES PLACEMENT MIB: as many processes take regions of that size, all at once, until
/// each is refused; then where everything is, and whether the contents are still theirs.
nlohmann::json race(const arguments& asked);
/// writers PLACEMENT MIB PLACEMENT [--as-far]: migrates a region to the second placement while four
/// threads count in every page of it, and says whether every count arrived.
nlohmann::json writers(const arguments& asked);
/// fork PLACEMENT MIB [--keep-on-fork]: forks while it holds a region, writes to all of it, and
/// says what the child saw.
nlohmann::json fork_holder(const arguments& asked);
/// pool PLACEMENT BYTES [--limit=MIB]: objects of that size until there are no more; then frees
/// them.
nlohmann::json fill_pool(const arguments& asked);
/// hog NODE:MIB...: fills each node until no more than that is free (MemFree), and holds.
nlohmann::json hog(const arguments& asked);
/// bystander MIB: ordinary memory that must still be there when it is released.
nlohmann::json bystander(const arguments& asked);
/// stamp DEVICE, stamped DEVICE: writes a pattern to all of a dax device; says whether it is there.
nlohmann::json stamp(const arguments& asked);
nlohmann::json stamped(const arguments& asked);
/// spin PLACEMENT MIB [region options]: goes on writing to a region, and to ordinary memory, until
/// NUMA balancing has had a look at as many pages as the ordinary memory has.
nlohmann::json spin(const arguments& asked);

} // namespace vm
