// src/tool/measure_text.hpp: what was measured, or is kept, as people read it.
#pragma once

#include <hetmem/measured.hpp>

#include <cstddef>
#include <ctime>
#include <string>

namespace hetmem::tool {

struct measure_text_options {
    /// How old each figure is, seen from this moment; 0: they are all of now.
    std::time_t now = 0;
    /// Where a table is wider, what does not fit stands below each figure.
    std::size_t columns = 80;
};

/// A table for each target, initiators and metrics as rows; what needs a word is told below it.
std::string text_of(const measurements& all, const measure_text_options& options = {});

} // namespace hetmem::tool
