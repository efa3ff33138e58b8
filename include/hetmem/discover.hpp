// hetmem/discover.hpp: from a machine, a copy of a machine's /sys, or a saved file to a topology.
//
//     hetmem::topology here = hetmem::discover();
//     hetmem::topology there = hetmem::discover({.root = "/tmp/captured-machine"});
//     hetmem::save_topology(here, "here.json");
//     hetmem::topology same = hetmem::load_topology("here.json");
//
// Describing is passive: nothing is allocated, moved or written. All functions are thread-safe.
#pragma once

#include <hetmem/topology.hpp>

#include <filesystem>
#include <string>
#include <string_view>

namespace hetmem {

struct discover_options {
    /// The machine's /sys and /proc are read below this directory. Symbolic links stay inside it.
    std::filesystem::path root = "/";
};

/// Reads firmware tables and kernel files and merges them. What is absent or may not be read is
/// not an error: it is told in topology::sources, notices and defects. Throws hetmem::error when
/// the root cannot be opened, has no memory that could be described, or descriptors ran out. Where
/// hetmemd publishes the running machine, its description is taken when nothing has happened since,
/// and else adds to what this user can read. What was measured or given by hand is part of it: the
/// machine's store below the root, on the running machine this user's own too (measured.hpp).
HETMEM_EXPORT topology discover(const discover_options& options = {});

/// The documented JSON form (docs/json.md).
HETMEM_EXPORT std::string to_json(const topology& machine);
/// Throws malformed_file, with the place, when the text is not a topology of a version this
/// library reads. `name` is what the error calls the text.
HETMEM_EXPORT topology from_json(std::string_view text, std::string_view name = "JSON");

/// Writes to a temporary name beside `file` and renames it. Throws hetmem::error.
HETMEM_EXPORT void save_topology(const topology& machine, const std::filesystem::path& file);
/// Throws hetmem::error when the file cannot be read, malformed_file as from_json.
HETMEM_EXPORT topology load_topology(const std::filesystem::path& file);

} // namespace hetmem
