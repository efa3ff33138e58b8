// heap/bitmap.hpp: ranges of bits, in words that somebody else owns.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace hetmem::heap {

class bitmap {
public:
    static constexpr std::size_t word_bits = 64;
    static constexpr std::size_t words_for(std::size_t bits) noexcept {
        return (bits + word_bits - 1) / word_bits;
    }

    bitmap() = default;
    explicit bitmap(std::uint64_t* words) noexcept : words_(words) {}

    std::uint64_t word(std::size_t index) const noexcept { return words_[index]; }
    bool test(std::size_t bit) const noexcept {
        return (words_[bit / word_bits] >> (bit % word_bits) & 1) != 0;
    }
    void set(std::size_t first, std::size_t count) noexcept {
        each_word(first, count, [this](std::size_t i, std::uint64_t mask) { words_[i] |= mask; });
    }
    void clear(std::size_t first, std::size_t count) noexcept {
        each_word(first, count, [this](std::size_t i, std::uint64_t mask) { words_[i] &= ~mask; });
    }
    /// How many of the range are set.
    std::size_t count(std::size_t first, std::size_t count) const noexcept {
        std::size_t set = 0;
        each_word(first, count, [&](std::size_t i, std::uint64_t mask) {
            set += static_cast<std::size_t>(std::popcount(words_[i] & mask));
        });
        return set;
    }

private:
    template <class Action>
    static void each_word(std::size_t first, std::size_t count, Action&& action) noexcept {
        while (count > 0) {
            const std::size_t from = first % word_bits;
            const std::size_t here = count < word_bits - from ? count : word_bits - from;
            const std::uint64_t ones =
                here == word_bits ? ~std::uint64_t{0} : (std::uint64_t{1} << here) - 1;
            action(first / word_bits, ones << from);
            first += here;
            count -= here;
        }
    }

    std::uint64_t* words_ = nullptr;
};

/// The first bit from `from` on that is one in the words that `word(i)` gives; `end` if none is.
template <class Word>
std::size_t find_one(Word&& word, std::size_t from, std::size_t end) noexcept {
    while (from < end) {
        const std::uint64_t rest = word(from / bitmap::word_bits) >> (from % bitmap::word_bits);
        if (rest != 0) {
            from += static_cast<std::size_t>(std::countr_zero(rest));
            return from < end ? from : end;
        }
        from = (from / bitmap::word_bits + 1) * bitmap::word_bits;
    }
    return end;
}

} // namespace hetmem::heap
