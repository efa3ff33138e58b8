// publish/format.hpp: how numbers are written for people, the same in text, SVG and rankings.
//
//     format_latency(latency::from_picoseconds(80'500));                 // "80.5 ns"
//     format_bandwidth(bandwidth::from_megabytes_per_second(102'400));   // "102.4 GB/s"
//     format_size(byte_size::from_mib(1536));                            // "1.5 GiB"
//
// A value that is not zero never prints as zero. Pure functions, thread-safe, no locale.
#pragma once

#include "topology/value_text.hpp"

#include <hetmem/measured.hpp>
#include <hetmem/topology.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hetmem::detail {

/// "80 ns (hmat)", "unknown" or "unreachable (hmat)".
std::string format_figure(const figure<latency>& value);
std::string format_figure(const figure<bandwidth>& value);

/// Both directions, said once where they are equal: "read 80 ns, write 85 ns (hmat)".
std::string format_latencies(const access& figures);
std::string format_bandwidths(const access& figures);
/// Latencies and bandwidths in one phrase; "unknown" when nothing at all is known.
std::string format_access(const access& figures);

/// The bare number of a table whose heading names the unit (ns, GB/s). `decimals` 0 or 1.
std::string format_cell(quantity what, std::uint64_t base_units, unsigned decimals);
/// Decimals that format_cell needs to tell this value: 0 or 1.
unsigned decimals_of(quantity what, std::uint64_t base_units);

/// "ns" or "GB/s".
std::string_view unit_of(quantity what);
/// "latency, fully random", "triad bandwidth", ...
std::string_view words_of(metric what);
/// "12.3 ns" or "12.3 GB/s", as the metric is.
std::string format_value(metric what, std::uint64_t base_units);
/// "DRAM", "HBM", "persistent memory", "CXL", "device memory", "unknown kind"
std::string_view words_of(memory_kind kind);
/// What a source is, for a legend: "the HMAT, a table of the firmware".
std::string_view meaning_of(source from);

/// "online", "partly online: 3 of 4 blocks", "reserved as dax0.0", ...
std::string format_state(const target& memory);
/// "node0", or "gi2 (pci 0000:00:03.0)".
std::string format_initiator(const initiator& from);
/// What the machine has of each kind: "DRAM 1 TiB", "HBM 128 GiB (reserved)".
std::vector<std::string> format_totals(const topology& machine);

} // namespace hetmem::detail
