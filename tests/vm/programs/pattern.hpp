// Contents that tell whether memory is still what its owner wrote.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace vm {

/// Every byte is 0.
bool all_zero(std::span<const std::byte> memory);

/// Writes a word into every 512 bytes that depends on the place and on the seed.
void write_pattern(std::span<std::byte> memory, std::uint64_t seed);
/// Whether all of it is still there.
bool has_pattern(std::span<const std::byte> memory, std::uint64_t seed);

} // namespace vm
