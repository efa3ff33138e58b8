// snapshot.hpp: a topology as bytes, for reading it back fast. Not a format for keeping: another
// version of the library may refuse it (JSON is for that).
//
//     offset  size
//     0       8     "hetmemSN"
//     8       8     version, 2
//     16      8     length of all, in bytes
//     24      8     checksum of what follows
//     32            boot_id, the topology: snapshot_fields.hpp, then distances, figures, nearest,
//                   which store of figures is in it
//
// Numbers are packed and in the machine's own order (little endian on all that have an HMAT; of the
// other order the version is another): a snapshot does not leave its machine. A string is its
// length (4 bytes) and its bytes, a list its length and its items, an optional value a byte that
// says whether it is there. The figures of a full matrix are multiples of one unit, mostly in 16
// bits, as firmware has them.
#pragma once

#include <hetmem/topology.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace hetmem::detail {

/// The same without what only root may know: physical addresses of ranges and devices, and those
/// that texts (defects, notices, disagreements) mention.
topology without_addresses(const topology& machine);
/// A text for everybody: 0x880000000 becomes 0x... wherever it stands.
std::string without_addresses(std::string text);
/// The same as generation `number`.
topology with_generation(const topology& machine, std::uint64_t number);

/// Everything that a topology holds. boot_id: /proc/sys/kernel/random/boot_id of the boot that it
/// describes.
std::string to_snapshot(const topology& machine, std::string_view boot_id);

struct snapshot {
    topology machine;
    std::string boot_id;
};
/// Throws malformed_file when the bytes are damaged or of another version. `name` is what the
/// error calls them. Fuzzed.
snapshot from_snapshot(std::span<const std::byte> bytes, std::string_view name);
/// The same, still to be changed.
topology::state state_from_snapshot(std::span<const std::byte> bytes, std::string_view name,
                                    std::string& boot_id);

/// Writes length and checksum into the first bytes of what is a snapshot otherwise: no fuzzer finds
/// a checksum. At least 32 bytes.
void seal_snapshot(std::span<std::byte> bytes);

} // namespace hetmem::detail
