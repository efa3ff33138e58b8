// src/tool/parse_size.hpp: sizes as people type them.
//
//     parse_size("64M");    // 64 MiB; also 64MiB, 1.5G, 4096, 512KiB
#pragma once

#include <hetmem/units.hpp>

#include <optional>
#include <string_view>

namespace hetmem::tool {

/// A number, with a fraction if it has a unit; K, M, G and T are powers of 1024, written with or
/// without "iB", in either case. Nothing for anything else, and for what does not fit.
std::optional<byte_size> parse_size(std::string_view text);

} // namespace hetmem::tool
