// daemon/options.hpp: the command line of hetmemd.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <variant>

namespace hetmem::daemon {

struct options {
    std::filesystem::path run_directory = "/run/hetmem";
    std::filesystem::path root = "/";
    bool once = false; ///< look, publish, end

    /// What should become of the HMAT, with `once`.
    enum class wish { none, adopt, evaluate, firmware };
    wish wanted = wish::none;
    std::filesystem::path table; ///< to adopt
};

/// Help or version: the text goes to standard output, and that was all.
struct print_text {
    std::string text;
};

/// what() is for the user.
class usage_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Throws usage_error.
std::variant<options, print_text> parse_options(int count, const char* const* values);

} // namespace hetmem::daemon
