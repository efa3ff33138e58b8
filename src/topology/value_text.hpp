// value_text.hpp: how values are written for people, wherever they are.
//
//     format_latency(latency::from_picoseconds(80'500));                 // "80.5 ns"
//     format_bandwidth(bandwidth::from_megabytes_per_second(102'400));   // "102.4 GB/s"
//     format_size(byte_size::from_mib(1536));                            // "1.5 GiB"
//
// A value that is not zero never prints as zero. Pure functions, thread-safe, no locale.
#pragma once

#include <hetmem/topology.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hetmem::detail {

std::string format_latency(latency value);
std::string format_bandwidth(bandwidth value);
/// Binary units: B, KiB, MiB, GiB, TiB, PiB, EiB.
std::string format_size(byte_size value);
/// "unknown" when nobody said.
std::string format_size(const std::optional<byte_size>& value);
/// In picoseconds or bytes per second, as the quantity says.
std::string format_value(quantity what, std::uint64_t base_units);
/// The other way, as people write it: "250 ns", "61.44 GB/s", "80500 ps"; ps, ns and us, and B/s,
/// kB/s, MB/s, GB/s, TB/s, KiB/s, MiB/s, GiB/s. Nothing for anything else, and for what does not
/// fit.
std::optional<std::uint64_t> parse_latency(std::string_view text);
std::optional<std::uint64_t> parse_bandwidth(std::string_view text);
std::optional<std::uint64_t> parse_value(quantity what, std::string_view text);

bool is_latency(quantity what);
/// "read latency"
std::string_view words_of(quantity what);

} // namespace hetmem::detail
