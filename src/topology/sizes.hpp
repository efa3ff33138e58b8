// sizes.hpp: sizes that a source may not have told.
#pragma once

#include <hetmem/units.hpp>

#include <cstdint>
#include <optional>

namespace hetmem::detail {

inline std::optional<byte_size> size_of(std::optional<std::uint64_t> bytes) {
    return bytes ? std::optional(byte_size::from_bytes(*bytes)) : std::nullopt;
}

} // namespace hetmem::detail
