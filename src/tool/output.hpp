// src/tool/output.hpp: text to standard output and standard error, with every failure noticed.
#pragma once

#include <hetmem/error.hpp>

#include <string_view>

namespace hetmem::tool {

/// Writes all of it to standard output. Throws hetmem::error when not all of it went out
/// (disk full, pipe closed, no standard output).
void write_output(std::string_view text);

/// One line on standard error: "hetmem: " and the text. Control characters, which file names and
/// saved descriptions may hold, never reach the terminal. Cannot fail.
void complain(std::string_view text);
/// The same of what was thrown: with the system's word for it unless it is a whole sentence.
void complain(const error& e);

} // namespace hetmem::tool
