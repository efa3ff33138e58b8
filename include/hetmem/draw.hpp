// hetmem/draw.hpp: a topology as a picture, in text or SVG.
//
//     std::fputs(hetmem::draw_text(hetmem::discover()).c_str(), stdout);
//
// Pure functions of the topology; thread-safe.
#pragma once

#include <hetmem/topology.hpp>

#include <cstddef>
#include <string>

namespace hetmem {

struct text_options {
    std::size_t width = 80; ///< columns; less than 80 is taken as 80
    bool color = false;     ///< ANSI escapes
    bool unicode = true;    ///< box-drawing characters; plain ASCII otherwise
    bool matrix = false;    ///< the initiator x target matrix also when there is one initiator
};

HETMEM_EXPORT std::string draw_text(const topology& machine, const text_options& options = {});

/// A self-contained SVG document, light background, no scripts, no external fonts.
HETMEM_EXPORT std::string draw_svg(const topology& machine);

} // namespace hetmem
