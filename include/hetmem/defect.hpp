// hetmem/defect.hpp: a fault in a firmware table, as `hetmem show` and `hetmem check` report it.
#pragma once

#include <cstdint>
#include <string>

namespace hetmem {

/// One place in a table that is not what the specification (or the rest of the table) demands.
struct defect {
    std::string table;        ///< "HMAT"
    std::uint64_t offset = 0; ///< bytes from the start of the table
    std::string expected;
    std::string found;
    std::string linux_does; ///< what the kernel makes of it; "" when nothing special is known
    friend bool operator==(const defect&, const defect&) = default;
};

} // namespace hetmem
