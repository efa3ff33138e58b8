// src/tool/capture_list.hpp: what a captured machine consists of: the files that src/kernel reads,
// as patterns, in one place.
//
// Whoever makes src/kernel read another file adds it here; tests/cli/capture_test.py fails when
// `hetmem show` opens a file that a capture of the same machine lacks.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hetmem::tool {

struct captured_files {
    /// Below the root. In a component, '*' stands for any characters, '#' for decimal digits, and
    /// {a,b} for either.
    std::string_view pattern;
    /// Only that there is such a directory, file or link; nothing of what is in it.
    bool names_only = false;
    /// The lines that are kept of a text file; all of it when there is no such function.
    bool (*wanted_line)(std::string_view line) = nullptr;
};

std::span<const captured_files> capture_list();

/// "a/{b,c}" to "a/b" and "a/c".
std::vector<std::string> without_braces(std::string_view pattern);

/// Whether a file name is of a pattern without braces.
bool matches(std::string_view pattern, std::string_view name);

/// What is kept of the text of a file.
std::string wanted_text(const captured_files& files, std::string_view text);

} // namespace hetmem::tool
