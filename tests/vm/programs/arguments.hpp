// The command line of a program that runs in a guest: words, and options "--name" or
// "--name=value".
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace vm {

class arguments {
public:
    arguments(int count, const char* const* words);

    /// The n-th word that is no option; throws std::invalid_argument when there is none.
    const std::string& word(std::size_t n) const;
    std::size_t words() const { return words_.size(); }
    /// The n-th word as a number.
    std::uint64_t number(std::size_t n) const;

    bool has(std::string_view option) const;
    std::string text(std::string_view option, std::string_view otherwise = {}) const;
    std::uint64_t number(std::string_view option, std::uint64_t otherwise) const;

private:
    std::vector<std::string> words_;
    std::map<std::string, std::string, std::less<>> options_;
};

} // namespace vm
