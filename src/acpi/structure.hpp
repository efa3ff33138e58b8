// acpi/structure.hpp: a structure of a table that could not be read as one of the known types.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace hetmem::acpi {

/// Either its type is not one that we know, or its bytes are too few for its type. Kept as it is.
struct unknown_structure {
    std::uint16_t type = 0;
    std::uint16_t reserved = 0;  ///< HMAT and CDAT have one beside the type
    std::uint32_t length = 0;    ///< what it says; `body` is shorter when the table ends before
    std::vector<std::byte> body; ///< what follows the structure's header
    friend bool operator==(const unknown_structure&, const unknown_structure&) = default;
};

/// A table with more structures than this that nobody understands is garbage: the rest of its bytes
/// is kept in one piece, since a variant for every two bytes of it would take gigabytes.
inline constexpr std::size_t max_unknown_structures = 4096;

} // namespace hetmem::acpi
