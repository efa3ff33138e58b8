// src/tool/output.hpp: text to standard output or into a file, with every failure noticed.
#pragma once

#include <filesystem>
#include <string_view>

namespace hetmem::tool {

/// Writes all of it to standard output. Throws hetmem::error when not all of it went out
/// (disk full, pipe closed, no standard output).
void write_output(std::string_view text);

/// One line on standard error: "hetmem: " and the text. Control characters, which file names and
/// saved descriptions may hold, never reach the terminal. Cannot fail.
void complain(std::string_view text);

/// A file that appears under its name complete or not at all: write, then commit(). Without
/// commit() nothing remains. What is there already and is no ordinary file (a device, a pipe) is
/// written to directly instead of being replaced.
class new_file {
public:
    /// Throws hetmem::error when no file can be made there.
    explicit new_file(const std::filesystem::path& destination);
    ~new_file();
    new_file(const new_file&) = delete;
    new_file& operator=(const new_file&) = delete;

    int descriptor() const { return descriptor_; }
    void write(std::string_view text);
    /// Gives the file its name, and the permissions of any newly made file unless `owner_only`.
    void commit(bool owner_only = false);

private:
    std::filesystem::path destination_;
    std::filesystem::path temporary_; // empty when the destination is written to directly
    int descriptor_ = -1;
};

} // namespace hetmem::tool
