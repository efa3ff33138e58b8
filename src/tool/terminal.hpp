// src/tool/terminal.hpp: how to draw for whoever reads standard output.
#pragma once

#include "tool/arguments.hpp"

#include <hetmem/draw.hpp>

namespace hetmem::tool {

/// Width, colour and character set: as asked for on the command line, else as the terminal and the
/// environment (locale, NO_COLOR, TERM) say.
text_options drawing_options(const show_arguments& asked);

bool output_is_terminal();

} // namespace hetmem::tool
