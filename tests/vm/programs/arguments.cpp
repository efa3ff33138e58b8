#include "tests/vm/programs/arguments.hpp"

#include <stdexcept>

namespace vm {

arguments::arguments(int count, const char* const* words) {
    for (int i = 1; i < count; ++i) {
        const std::string_view word = words[i];
        if (!word.starts_with("--")) {
            words_.emplace_back(word);
            continue;
        }
        const auto equals = word.find('=');
        const auto name = word.substr(2, equals == word.npos ? word.npos : equals - 2);
        options_.emplace(name, equals == word.npos ? "" : word.substr(equals + 1));
    }
}

const std::string& arguments::word(std::size_t n) const {
    if (n >= words_.size()) {
        throw std::invalid_argument("too few words");
    }
    return words_[n];
}

std::uint64_t arguments::number(std::size_t n) const {
    return std::stoull(word(n));
}

bool arguments::has(std::string_view option) const {
    return options_.contains(option);
}

std::string arguments::text(std::string_view option, std::string_view otherwise) const {
    const auto found = options_.find(option);
    return found == options_.end() ? std::string(otherwise) : found->second;
}

std::uint64_t arguments::number(std::string_view option, std::uint64_t otherwise) const {
    const auto found = options_.find(option);
    return found == options_.end() ? otherwise : std::stoull(found->second);
}

} // namespace vm
