// bench/bare_reads.hpp: the least that reading a machine can cost: open, read and close each file,
// list each directory, and look at nothing.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace hetmem::bench {

class bare_reads {
public:
    /// A list has a line for each: "file PATH" or "directory PATH", below the root and without a
    /// leading slash. Throws std::runtime_error when it or the root cannot be read.
    bare_reads(const std::filesystem::path& root, const std::filesystem::path& list);
    ~bare_reads();
    bare_reads(const bare_reads&) = delete;
    bare_reads& operator=(const bare_reads&) = delete;

    std::size_t files() const { return files_.size(); }
    std::size_t directories() const { return directories_.size(); }

    /// The bytes that were read. Throws std::runtime_error when a file of the list is missing.
    std::size_t run();

private:
    std::size_t read_file(const std::string& path);
    void list_directory(const std::string& path);

    int root_;
    std::vector<std::string> files_;
    std::vector<std::string> directories_;
    std::vector<char> buffer_;
};

} // namespace hetmem::bench
