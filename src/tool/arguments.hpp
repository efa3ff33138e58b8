// src/tool/arguments.hpp: the command line, parsed into one plain struct per subcommand.
//
// Only arguments.cpp and *_options.cpp know the parser; the subcommands see what was asked for.
#pragma once

#include "publish/adopt_files.hpp"
#include "tool/check_arguments.hpp"
#include "tool/machine_arguments.hpp"
#include "tool/measure_arguments.hpp"
#include "tool/override_arguments.hpp"
#include "tool/report_arguments.hpp"
#include "tool/table_arguments.hpp"

#include <hetmem/rank.hpp>

#include <optional>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

namespace hetmem::tool {

enum class when : std::uint8_t { automatic, always, never };

struct show_arguments {
    machine_arguments machine;
    bool matrix = false;
    bool json = false;
    bool ascii = false;
    when color = when::automatic;
    std::optional<std::size_t> width; ///< nothing: as wide as the terminal
    std::string svg; ///< where to draw the picture; "-": standard output; "": no picture
};

struct rank_arguments {
    machine_arguments machine;
    criterion by{};
    std::vector<unsigned> cpus;          ///< --from-cpu
    std::vector<std::string> initiators; ///< --from-initiator
    bool all = false;
    bool json = false;
};

struct capture_arguments {
    std::string file;
    std::string root = "/";
};

struct run_arguments {
    std::string placement; ///< as parse_placement() reads it; "": none was asked for
    bool hard = false;
    std::optional<byte_size> large;
    std::optional<byte_size> headroom;
    std::string cpus_near; ///< a memory's name; "": the CPUs stay as they are
    bool verify = false;
    bool verbose = false;
    std::vector<std::string> command;
};

struct where_arguments {
    int pid = 0;
    bool maps = false;
    bool json = false;
    std::optional<double> watch; ///< seconds between two looks
};

struct move_arguments {
    int pid = 0;
    std::string placement; ///< as parse_placement() reads it
    std::optional<std::string> maps;
    std::optional<byte_size> headroom;
    bool json = false;
};

struct watch_arguments {
    bool json = false;
    std::optional<std::size_t> changes; ///< ends after so many generations
};

struct adopt_arguments {
    detail::adopt_request::kind wanted{};
    std::string file; ///< when a table is given
    std::string run_directory = "/run/hetmem";
};

/// Help or version: the text goes to standard output, and that was all.
struct print_text {
    std::string text;
};

using arguments =
    std::variant<print_text, show_arguments, rank_arguments, capture_arguments, run_arguments,
                 where_arguments, move_arguments, watch_arguments, adopt_arguments, table_arguments,
                 check_arguments, measure_arguments, override_arguments, report_arguments>;

/// The command line makes no sense; what() says why and where help is.
class usage_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Throws usage_error.
arguments parse_arguments(int count, const char* const* values);

} // namespace hetmem::tool
