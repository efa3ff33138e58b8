// src/tool/options.hpp: options that several subcommands have, and the subcommands whose options
// have a file of their own. For arguments.cpp and *_options.cpp only, which know the parser.
#pragma once

#include "tool/arguments.hpp"

#include <hetmem/units.hpp>

#include <CLI/CLI.hpp>

#include <optional>
#include <string>

namespace hetmem::tool {

/// A name from a variable that was never set would otherwise count as not given.
CLI::Validator not_empty();
/// --root of a machine that is only read; kept in `root`.
CLI::Option* add_root_option(CLI::App& command, std::string& root);
/// --kernel, of a version that the model of Linux understands.
void add_kernel_option(CLI::App& command, std::string& kernel, const std::string& description);
/// --root and --from.
void add_machine_options(CLI::App& command, machine_arguments& machine);
/// Sizes as people type them.
void add_size(CLI::App& command, const std::string& name, std::optional<byte_size>& size,
              const std::string& description);

// What the parser itself cannot tell is complained of by throwing CLI::ValidationError in a
// final_callback of the subcommand.
CLI::App* add_table(CLI::App& app, table_arguments& asked);
CLI::App* add_check(CLI::App& app, check_arguments& asked);
CLI::App* add_measure(CLI::App& app, measure_arguments& asked);
CLI::App* add_override(CLI::App& app, override_arguments& asked);
CLI::App* add_report(CLI::App& app, report_arguments& asked);

} // namespace hetmem::tool
