#include "tests/vm/programs/pattern.hpp"

#include <algorithm>
#include <cstring>

namespace vm {
namespace {

constexpr std::size_t step = 512;

std::uint64_t word_at(std::size_t place, std::uint64_t seed) {
    return (place + 1) * 0x9e3779b97f4a7c15U ^ seed;
}

} // namespace

bool all_zero(std::span<const std::byte> memory) {
    // Compared with itself one byte on: as fast as memcmp.
    return memory.empty() ||
           (memory[0] == std::byte{0} &&
            std::memcmp(memory.data(), memory.data() + 1, memory.size() - 1) == 0);
}

void write_pattern(std::span<std::byte> memory, std::uint64_t seed) {
    for (std::size_t at = 0; at + sizeof(seed) <= memory.size(); at += step) {
        const std::uint64_t word = word_at(at, seed);
        std::memcpy(&memory[at], &word, sizeof(word));
    }
}

bool has_pattern(std::span<const std::byte> memory, std::uint64_t seed) {
    for (std::size_t at = 0; at + sizeof(seed) <= memory.size(); at += step) {
        std::uint64_t word = 0;
        std::memcpy(&word, &memory[at], sizeof(word));
        if (word != word_at(at, seed)) {
            return false;
        }
    }
    return true;
}

} // namespace vm
