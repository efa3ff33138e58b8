// src/tool/archive.hpp: captured machines, packed and unpacked by tar(1) (no shell in between).
#pragma once

#include <filesystem>

namespace hetmem::tool {

/// Unpacks an archive of any compression that tar knows into an empty, private directory, and
/// returns the directory that holds sys/ and proc/: `into` itself, or the single directory in it.
/// The archive may come from anybody: nothing lands outside `into`, and what is left there is
/// directories, ordinary files and links that this user can read. Throws hetmem::error.
std::filesystem::path unpack(const std::filesystem::path& archive,
                             const std::filesystem::path& into);

/// Writes directory/name as a compressed archive to an open file, with no trace of who made it or
/// when. Throws hetmem::error.
void pack(const std::filesystem::path& directory, const std::string& name, int descriptor);

} // namespace hetmem::tool
