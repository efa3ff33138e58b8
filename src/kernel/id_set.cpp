#include <hetmem/id_set.hpp>

#include "kernel/text.hpp"

#include <algorithm>
#include <bit>
#include <stdexcept>

namespace hetmem {
namespace {

constexpr unsigned bits = 64;

constexpr std::uint64_t bit_of(unsigned id) {
    return std::uint64_t{1} << (id % bits);
}

/// A decimal number at the front of `text`, which loses it. Counting stops at `limit`, so that no
/// length of digits overflows.
std::optional<unsigned> take_number(std::string_view& text) {
    unsigned value = 0;
    std::size_t digits = 0;
    while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') {
        value = value * 10 + static_cast<unsigned>(text[digits] - '0');
        if (value >= id_set::limit) {
            return std::nullopt;
        }
        ++digits;
    }
    if (digits == 0) {
        return std::nullopt;
    }
    text.remove_prefix(digits);
    return value;
}

bool take(std::string_view& text, char wanted) {
    if (text.empty() || text.front() != wanted) {
        return false;
    }
    text.remove_prefix(1);
    return true;
}

} // namespace

std::optional<id_set> id_set::parse(std::string_view list) {
    list = kernel::trimmed(list);
    id_set result;
    if (list.empty()) {
        return result;
    }
    do {
        const std::optional<unsigned> first = take_number(list);
        if (!first) {
            return std::nullopt;
        }
        std::optional<unsigned> last = first;
        if (take(list, '-')) {
            last = take_number(list);
        }
        if (!last || *last < *first) {
            return std::nullopt;
        }
        const std::size_t words = *last / bits + 1;
        if (result.words_.size() < words) {
            result.words_.resize(words);
        }
        for (unsigned id = *first; id <= *last;) {
            // Whole words at once: lists of thousands of numbers are ordinary.
            if (id % bits == 0 && *last - id >= bits - 1) {
                result.words_[id / bits] = ~std::uint64_t{0};
                id += bits;
            } else {
                result.words_[id / bits] |= bit_of(id);
                ++id;
            }
        }
    } while (take(list, ','));
    if (!list.empty()) {
        return std::nullopt;
    }
    return result;
}

std::string id_set::to_string() const {
    std::string text;
    const unsigned end = static_cast<unsigned>(words_.size()) * bits;
    for (unsigned id = 0; id < end; ++id) {
        if (!contains(id)) {
            continue;
        }
        unsigned last = id;
        while (contains(last + 1)) {
            ++last;
        }
        if (!text.empty()) {
            text += ',';
        }
        text += std::to_string(id);
        if (last != id) {
            text += '-';
            text += std::to_string(last);
        }
        id = last;
    }
    return text;
}

void id_set::insert(unsigned id) {
    if (id >= limit) {
        throw std::out_of_range("hetmem::id_set: number " + std::to_string(id) +
                                " is not below the limit " + std::to_string(limit));
    }
    if (words_.size() <= id / bits) {
        words_.resize(id / bits + 1);
    }
    words_[id / bits] |= bit_of(id);
}

void id_set::insert(const id_set& other) {
    if (words_.size() < other.words_.size()) {
        words_.resize(other.words_.size());
    }
    for (std::size_t i = 0; i < other.words_.size(); ++i) {
        words_[i] |= other.words_[i];
    }
}

void id_set::erase(const id_set& other) {
    const std::size_t common = std::min(words_.size(), other.words_.size());
    for (std::size_t i = 0; i < common; ++i) {
        words_[i] &= ~other.words_[i];
    }
    while (!words_.empty() && words_.back() == 0) {
        words_.pop_back();
    }
}

bool id_set::contains(unsigned id) const {
    return id / bits < words_.size() && (words_[id / bits] & bit_of(id)) != 0;
}

bool id_set::intersects(const id_set& other) const {
    const std::size_t common = std::min(words_.size(), other.words_.size());
    for (std::size_t i = 0; i < common; ++i) {
        if ((words_[i] & other.words_[i]) != 0) {
            return true;
        }
    }
    return false;
}

bool id_set::includes(const id_set& other) const {
    if (other.words_.size() > words_.size()) {
        return false;
    }
    for (std::size_t i = 0; i < other.words_.size(); ++i) {
        if ((other.words_[i] & ~words_[i]) != 0) {
            return false;
        }
    }
    return true;
}

bool id_set::empty() const {
    return words_.empty();
}

std::size_t id_set::size() const {
    std::size_t count = 0;
    for (const std::uint64_t word : words_) {
        count += static_cast<std::size_t>(std::popcount(word));
    }
    return count;
}

std::optional<unsigned> id_set::first() const {
    for (std::size_t i = 0; i < words_.size(); ++i) {
        if (words_[i] != 0) {
            return static_cast<unsigned>(i) * bits +
                   static_cast<unsigned>(std::countr_zero(words_[i]));
        }
    }
    return std::nullopt;
}

std::vector<unsigned> id_set::to_vector() const {
    std::vector<unsigned> ids;
    ids.reserve(size());
    for (std::size_t i = 0; i < words_.size(); ++i) {
        for (std::uint64_t word = words_[i]; word != 0; word &= word - 1) {
            ids.push_back(static_cast<unsigned>(i) * bits +
                          static_cast<unsigned>(std::countr_zero(word)));
        }
    }
    return ids;
}

bool operator==(const id_set& a, const id_set& b) {
    return a.words_ == b.words_;
}

} // namespace hetmem
